"""The project that is fuzzed: each endpoint of the app with each of its methods, and the people who use it."""

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import override_settings
from django.urls import get_resolver

from auth_sessions.activity import receivers
from auth_sessions.activity.models import Activity
from auth_sessions.models import Session
from tests.support.device import PASSWORD

URLCONF = "tests.host.simplejwt_urls"
SETTINGS = {
    "ROOT_URLCONF": URLCONF,
    "AUTH_SESSIONS_SIMPLEJWT_UNTIL": None,
    "AUTH_SESSIONS_TRUSTED_PROXIES": 1,
    "SIMPLE_JWT": {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)},  # no token is refused for its age
    "AUTH_SESSIONS_CACHE": "shared",
    "CACHES": {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "shared": {"BACKEND": "tests.host.caches.Shared", "LOCATION": "fuzz"},
    },
}

CHECKED = ("/api/fast/pk/", "/who/")
"""Views of the project: the cached check, and the cookie. The app's own views have the SQL check."""

CSRF = "c" * 32
"""Cookie and field in one: nobody is kept out by the token against CSRF."""

CODELESS = (*CHECKED, "/api/token", "/api/token/", "/api/sliding/token", "/api/sliding/token/")
"""Where a 401 is Django REST framework's: the project's views, and wrong credentials as simplejwt answers them."""

OPEN = {
    ("GET", "/api/auth/sign-in/"): "the token against CSRF",
    ("GET", "/auth/v1/.well-known/jwks.json"): "public keys",
    ("GET", "/auth/v1/health"): "no person's",
    ("GET", "/auth/v1/settings"): "no person's",
    ("GET", "/account/signed-out/"): "the page after a sign-out",
    ("GET", "/account/signed-out/everywhere/"): "the page after a sign-out",
    ("GET", "/account/activity/reported/"): "the page after a report, which may have ended the session",
}
"""What anybody may ask for, and what it tells."""


PARAMETERS = {
    "sessions/<str:session_id>": "sessions/{session}",
    "devices/<uuid:pk>": "devices/{session}",
    "users/<path:pk>": "users/{user}",
    "activity/<str:activity_id>": "activity/{activity}",
    "activity/<uuid:pk>": "activity/{activity}",
}


@dataclass(frozen=True)
class Endpoint:
    method: str
    route: str

    def path(self, *, session, user, activity):
        return self.route.format(session=session, user=user, activity=activity)

    @property
    def is_open(self):
        return (self.method, self.route) in OPEN

    @property
    def is_codeless(self):
        return self.route in CODELESS

    @property
    def is_page(self):
        return self.route.startswith(("/account/", "/who/"))


@cache
def endpoints():
    """All that the app mounts, and the project's own."""
    own = [Endpoint("GET", path) for path in CHECKED]
    return sorted({*own, *_mounted(get_resolver(URLCONF).url_patterns, "/")}, key=str)


def _mounted(patterns, prefix):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _mounted(pattern.url_patterns, route)
        elif pattern.callback.__module__.startswith("auth_sessions.") and not route.startswith("/admin/"):
            view = pattern.callback.view_class
            methods = (name for name in view.http_method_names if name != "options" and hasattr(view, name))
            yield from (Endpoint(method.upper(), _template(route)) for method in methods)


def _template(route):
    for parameter, name in PARAMETERS.items():
        route = route.replace(parameter, name)
    assert "<" not in route, route
    return route


_numbers = itertools.count()


def make_user(name="ada", **fields):
    """A new person each time."""
    name = f"{name}-{next(_numbers)}"
    return get_user_model().objects.create_user(name, f"{name}@example.org", PASSWORD, **fields)


def places_of(session_id, user):
    """What fills the templates of paths: the caller's own."""
    activity = Activity.objects.filter(user_id=user.pk).order_by("pk").values_list("pk", flat=True).first()
    return {"session": session_id, "user": user.pk, "activity": activity}


def everything(**members):
    """A body that has the members of every endpoint."""
    return {"scope": "local", "name": "Laptop", "next": "/account/devices/", "data": {}, **members}


def is_live(session_id):
    return Session.objects.filter(pk=session_id).exists()


@contextmanager
def project(**settings):
    """The settings of the project, and its history; the connection stays open from one request to the next."""
    connection.ensure_connection()
    connection.close_at = None
    receivers.connect()
    try:
        with override_settings(**{**SETTINGS, **settings}):
            yield
    finally:
        receivers.disconnect()
