"""W010, E011, E014, E018, W021, E025, E030: authentication classes, versions, middleware, pages, apps with tables."""

from collections.abc import Iterator
from contextlib import suppress

import django
import rest_framework
from django.apps import apps
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core import checks
from django.utils.module_loading import import_string
from django.utils.version import get_version_tuple
from rest_framework.settings import api_settings

from auth_sessions.authentication import SessionJWTAuthentication
from auth_sessions.checks.mounted import gives_only_pages, mounted_views
from auth_sessions.conf import conf
from auth_sessions.middleware import BrowserSessionMiddleware
from auth_sessions.pages.views import DevicePage

AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
APPS = {
    "auth_sessions.supabase": ("The Supabase API is", "auth_sessions.E025"),
    "auth_sessions.contrib.simplejwt": ("Views in the place of simplejwt's are", "auth_sessions.E030"),
}
BROWSERS = "auth_sessions.middleware.BrowserSessionMiddleware"


def check() -> Iterator[checks.CheckMessage]:
    yield from _authentication()
    yield from _versions()
    yield from _middleware()
    yield from _pages()
    yield from _apps()


def _authentication() -> Iterator[checks.CheckMessage]:
    """W010: by default no view of the project checks sessions, although it may issue tokens."""
    if conf.AUTH_SESSIONS_REUSE_POLICY != "confirmed" or gives_only_pages():
        return
    if not is_default(SessionJWTAuthentication):
        yield checks.Warning(
            "No class in REST_FRAMEWORK['DEFAULT_AUTHENTICATION_CLASSES'] checks sessions: the access token of an "
            "ended session is valid until it expires, and reuse is detected late, because use is not recorded.",
            hint="Add auth_sessions.authentication.SessionJWTAuthentication, or silence this if it is intended.",
            id="auth_sessions.W010",
        )


def is_default(wanted: type[SessionJWTAuthentication]) -> bool:
    return any(
        isinstance(authentication, type) and issubclass(authentication, wanted)
        for authentication in api_settings.DEFAULT_AUTHENTICATION_CLASSES
    )


def _versions() -> Iterator[checks.CheckMessage]:
    """E011: Django 6.1 with a version of Django REST framework that does not support it."""
    if django.VERSION >= (6, 1) and get_version_tuple(rest_framework.VERSION) < (3, 18):
        yield checks.Error(
            f"Django {django.get_version()} needs djangorestframework 3.18 or newer, not {rest_framework.VERSION}.",
            id="auth_sessions.E011",
        )


def _middleware() -> Iterator[checks.CheckMessage]:
    """E014: the middleware of browser sessions stands before all that find the user. W021: before one of them."""
    own = _positions_of(BrowserSessionMiddleware)
    finding = _positions_of(AuthenticationMiddleware)
    later = [position for position in finding if own and position > own[0]]
    if later and later == finding:
        yield checks.Error(f"{BROWSERS} must be placed after {AUTHENTICATION} in MIDDLEWARE.", id="auth_sessions.E014")
    elif later:
        yield checks.Warning(
            f"{settings.MIDDLEWARE[later[-1]]} sets request.user again, after {BROWSERS}: what reads it before the "
            "view may get a user whose session has ended.",
            hint=f"Place {BROWSERS} after it.",
            id="auth_sessions.W021",
        )


def _pages() -> Iterator[checks.CheckMessage]:
    """E018: the pages are mounted without the middleware that finds the session of this browser."""
    if any(issubclass(view, DevicePage) for view in mounted_views()) and not _has_middleware():
        yield checks.Error(f"The pages need {BROWSERS} in MIDDLEWARE.", id="auth_sessions.E018")


def _apps() -> Iterator[checks.CheckMessage]:
    """E025, E030: views are mounted without their app, which has a table."""
    for name, (label, id_) in APPS.items():
        is_mounted = any(base.__module__ == f"{name}.views" for view in mounted_views() for base in view.mro())
        if is_mounted and not apps.is_installed(name):
            yield checks.Error(
                f"{label} mounted, but {name} is not in INSTALLED_APPS.",
                hint=f'Add "{name}" to INSTALLED_APPS and run migrate.',
                id=id_,
            )


def _has_middleware() -> bool:
    """Whether the middleware, or a subclass of it, is installed."""
    return bool(_positions_of(BrowserSessionMiddleware))


def _positions_of(middleware: type) -> list[int]:
    """Where a middleware, or a subclass of it, stands in MIDDLEWARE."""
    positions = []
    for position, name in enumerate(settings.MIDDLEWARE):
        with suppress(ImportError):
            installed = import_string(name)
            if isinstance(installed, type) and issubclass(installed, middleware):
                positions.append(position)
    return positions
