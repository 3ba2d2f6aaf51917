"""W023: second factors."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.urls import URLPattern, URLResolver, get_resolver

from auth_sessions.mixins import SignInMixin

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
    if not packages or not getattr(settings, "ROOT_URLCONF", None):
        return
    for view in _sign_ins():
        if view.second_factor is SignInMixin.second_factor:
            yield checks.Warning(
                f"{', '.join(packages)} is installed, but {view.__module__}.{view.__qualname__} gives tokens for a "
                "password alone.",
                hint="Override second_factor() in a subclass, and put its path before the include.",
                id="auth_sessions.W023",
            )


def _sign_ins() -> list[type[SignInMixin]]:
    """The mounted views that sign in, each once, without those that a path before them replaces."""
    views: dict[str, Any] = {}
    for route, callback in _routes(get_resolver().url_patterns, ""):
        views.setdefault(route, getattr(callback, "cls", None) or getattr(callback, "view_class", None))
    mounted = [one for view in views.values() for one in (view, *getattr(view, "grants", {}).values())]
    return [one for one in dict.fromkeys(mounted) if isinstance(one, type) and issubclass(one, SignInMixin)]


def _routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern.callback
