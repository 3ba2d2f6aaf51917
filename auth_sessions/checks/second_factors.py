"""W023, W048: second factors."""

from collections.abc import Iterator

from django.apps import apps
from django.core import checks

from auth_sessions.checks.middleware import has_browser_sessions
from auth_sessions.checks.mounted import reached_views
from auth_sessions.conf import conf
from auth_sessions.mixins import SecondFactorMixin, SignInMixin, StepUpMixin
from auth_sessions.pages.views import Page
from auth_sessions.views import BrowserSignInView, ReauthenticateView

PACKAGES = (
    "allauth.mfa",
    "deepauth",
    "django_mfa",
    "kagi",
    "mfa",
    "multifactor",
    "trench",
)
"""The apps of second factors, apart from django-otp and what stands on it, which a sign-in asks for by itself."""


def check() -> Iterator[checks.CheckMessage]:
    packages = [name for name in PACKAGES if apps.is_installed(name)]
    if packages:
        yield from _sign_ins_by_password(packages)
        yield from _proofs_by_password(packages)


def _sign_ins_by_password(packages: list[str]) -> Iterator[checks.CheckMessage]:
    """W023: a package for second factors is installed, and a mounted sign-in does not ask for it."""
    for view in _sign_ins():
        if view.second_factor is SecondFactorMixin.second_factor:
            yield checks.Warning(
                f"{', '.join(packages)} is installed, but {view.__module__}.{view.__qualname__} signs in by a "
                "password alone.",
                hint="Override second_factor() in a subclass, and put its path before the include.",
                id="auth_sessions.W023",
            )


def _proofs_by_password(packages: list[str]) -> Iterator[checks.CheckMessage]:
    """W048: the same, of the views in which a person who is signed in proves their identity again."""
    has_own_page = conf.AUTH_SESSIONS_REAUTHENTICATION_URL is not None
    by_password = [
        view
        for view in reached_views(StepUpMixin)
        if view.second_factor is SecondFactorMixin.second_factor
        and view.verify_identity in {StepUpMixin.verify_identity, ReauthenticateView.verify_identity}
        and not (has_own_page and issubclass(view, Page))
    ]
    if by_password:
        named = ", ".join(f"{view.__module__}.{view.__qualname__}" for view in by_password)
        yield checks.Warning(
            f"{', '.join(packages)} is installed, but a password alone renews the proof of identity in {named}.",
            hint="Name a page of your own in AUTH_SESSIONS_REAUTHENTICATION_URL, to which the pages then lead. "
            "Override second_factor() or verify_identity() in a subclass of the REST view.",
            id="auth_sessions.W048",
        )


def _sign_ins() -> list[type[SignInMixin]]:
    """The mounted views that sign in, without those that answer 501."""
    signing_in = reached_views(SignInMixin)
    return [one for one in signing_in if has_browser_sessions() or not issubclass(one, BrowserSignInView)]
