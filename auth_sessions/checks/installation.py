"""W010, E011, E014, E018, W021, E025, E030, E035, W035, E044, E048: how the app is put into the project."""

from collections.abc import Iterator

import django
import rest_framework
from django.apps import apps
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core import checks
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils.version import get_version_tuple
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.settings import api_settings

from auth_sessions.authentication import SessionJWTAuthentication
from auth_sessions.checks.middleware import has_browser_sessions, positions_of
from auth_sessions.checks.mounted import gives_only_pages, mounted_views
from auth_sessions.conf import conf
from auth_sessions.middleware import BrowserSessionMiddleware
from auth_sessions.pages.views import DevicePage
from auth_sessions.views import BrowserSignInView

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
    yield from _browser_sign_in()
    yield from _apps()
    yield from _reauthentication_url()
    yield from _activity_emails()


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


def is_default(wanted: type[BaseAuthentication]) -> bool:
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
    own = positions_of(BrowserSessionMiddleware)
    finding = positions_of(AuthenticationMiddleware)
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
    if any(issubclass(view, DevicePage) for view in mounted_views()) and not has_browser_sessions():
        yield checks.Error(f"The pages need {BROWSERS} in MIDDLEWARE.", id="auth_sessions.E018")


def _browser_sign_in() -> Iterator[checks.CheckMessage]:
    """E035: the project's own sign-in by cookie cannot work. W035: neither can that of the REST API, which it may want.

    A project whose clients have tokens only mounts that one with the others, and has no use for it.
    """
    mounted = {view for view in mounted_views() if issubclass(view, BrowserSignInView)}
    if not mounted or has_browser_sessions():
        return
    problem = f"sign-in/ answers 501: it needs {BROWSERS} in MIDDLEWARE."
    if mounted != {BrowserSignInView}:
        yield checks.Error(problem, id="auth_sessions.E035")
    elif is_default(SessionAuthentication):
        yield checks.Warning(
            problem,
            hint="Your API accepts Django's cookie. Add the middleware, or silence this if no page signs in there.",
            id="auth_sessions.W035",
        )


def _apps() -> Iterator[checks.CheckMessage]:
    """E025, E030: views are mounted without their app, which has a table."""
    modules = {f"{base.__module__}." for view in mounted_views() for base in view.mro()}
    for name, (label, id_) in APPS.items():
        is_mounted = any(module.startswith(f"{name}.views.") for module in modules)
        if is_mounted and not apps.is_installed(name):
            yield checks.Error(
                f"{label} mounted, but {name} is not in INSTALLED_APPS.",
                hint=f'Add "{name}" to INSTALLED_APPS and run migrate.',
                id=id_,
            )


def _reauthentication_url() -> Iterator[checks.CheckMessage]:
    """E048: people would be led to a page that does not exist, and get an error instead."""
    url = conf.AUTH_SESSIONS_REAUTHENTICATION_URL
    if not isinstance(url, str) or not url:  # E001
        return
    try:
        resolve_url(url)
    except NoReverseMatch:
        yield checks.Error(
            f"AUTH_SESSIONS_REAUTHENTICATION_URL is {url!r}, and no URL of the project has this name.",
            hint='Name a URL that takes no arguments, or give a path, such as "/account/passkey/".',
            id="auth_sessions.E048",
        )


def _activity_emails() -> Iterator[checks.CheckMessage]:
    """E044: e-mails are wanted without the app that sends them."""
    if conf.AUTH_SESSIONS_ACTIVITY_EMAILS and not apps.is_installed("auth_sessions.activity"):
        yield checks.Error(
            "AUTH_SESSIONS_ACTIVITY_EMAILS is set, but auth_sessions.activity is not in INSTALLED_APPS.",
            hint='Add "auth_sessions.activity" to INSTALLED_APPS and run migrate.',
            id="auth_sessions.E044",
        )
