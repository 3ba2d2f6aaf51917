"""W023: second factors."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core import checks

from auth_sessions.checks.middleware import has_browser_sessions
from auth_sessions.checks.mounted import mounted_routes
from auth_sessions.mixins import SignInMixin
from auth_sessions.views import BrowserSignInView

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
    """W023: a package for second factors is installed, and a mounted sign-in does not ask for it."""
    packages = [name for name in PACKAGES if apps.is_installed(name)]
    if not packages:
        return
    for view in _sign_ins():
        if view.second_factor is SignInMixin.second_factor:
            yield checks.Warning(
                f"{', '.join(packages)} is installed, but {view.__module__}.{view.__qualname__} signs in by a "
                "password alone.",
                hint="Override second_factor() in a subclass, and put its path before the include.",
                id="auth_sessions.W023",
            )


def _sign_ins() -> list[type[SignInMixin]]:
    """The mounted views that sign in, each once, without those that a path before them replaces, or that answer 501."""
    views: dict[str, Any] = {}
    for route, view in mounted_routes():
        views.setdefault(route, view)
    mounted = [one for view in views.values() for one in (view, *getattr(view, "grants", {}).values())]
    signing_in = [one for one in dict.fromkeys(mounted) if issubclass(one, SignInMixin)]
    return [one for one in signing_in if has_browser_sessions() or not issubclass(one, BrowserSignInView)]
