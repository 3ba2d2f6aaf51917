"""W032, E033, W052: what is left of simplejwt in a project that has come from it."""

from collections.abc import Iterator
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.core import checks
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication

from auth_sessions.authentication import SessionJWTAuthentication
from auth_sessions.checks.mounted import mounted_attributes, mounted_views
from auth_sessions.views import AuthSessionsView

APP = "auth_sessions.contrib.simplejwt"

SERIALIZERS = "rest_framework_simplejwt.serializers"


def check() -> Iterator[checks.CheckMessage]:
    if apps.is_installed(APP):
        yield from _authentication()
        yield from _serializers()
        yield from _reuse_policy()


def _authentication() -> Iterator[checks.CheckMessage]:
    """W032: a view has an authentication class of its own that asks no session. W010 says it of the default ones."""
    found: dict[tuple[type, type], str] = {}
    for route, view, classes in mounted_attributes("authentication_classes"):
        if classes is None or [*classes] == [*APIView.authentication_classes]:
            continue
        for each in classes:
            if isinstance(each, type) and issubclass(each, JWTAuthentication) and not _asks_session(each):
                found.setdefault((view, each), route)
    for (view, each), route in found.items():
        yield checks.Warning(
            f"{_path(view)} at {route!r} authenticates by {_path(each)}, which asks no session: it accepts an access "
            "token that was signed out until that expires.",
            hint=f"Use {APP}.authentication.SessionOrSimpleJWTAuthentication, or derive from it; or silence this if it "
            "is intended.",
            id="auth_sessions.W032",
        )


def _asks_session(authentication: type) -> bool:
    return issubclass(authentication, SessionJWTAuthentication)


def _serializers() -> Iterator[checks.CheckMessage]:
    """E033: a view of this app's has a serializer of simplejwt's, and answers each request with 500."""
    for route, view, serializer in mounted_attributes("serializer_class"):
        if not issubclass(view, AuthSessionsView) or not isinstance(serializer, type):
            continue
        if any(base.__module__ == SERIALIZERS for base in serializer.mro()):
            yield checks.Error(
                f"{_path(view)} at {route!r} cannot work with the serializer_class {_path(serializer)}, which derives "
                "from simplejwt's.",
                hint="Remove serializer_class. For claims, listen to access_token_issuing; for the response, override "
                "get_response_data().",
                id="auth_sessions.E033",
            )


def _reuse_policy() -> Iterator[checks.CheckMessage]:
    """W052: nobody has decided about clients that never store a new refresh token, as simplejwt's need not."""
    old_tokens, views = import_module(f"{APP}.old_tokens"), import_module(f"{APP}.views")
    has_rotated = bool((getattr(settings, "SIMPLE_JWT", None) or {}).get("ROTATE_REFRESH_TOKENS"))
    if has_rotated or hasattr(settings, "AUTH_SESSIONS_REUSE_POLICY") or old_tokens.is_over():
        return
    if any(issubclass(view, views.TokenRefreshView) for view in mounted_views()):
        yield checks.Warning(
            "AUTH_SESSIONS_REUSE_POLICY is not set: a client that never stores a new refresh token, as simplejwt's "
            "need not by default, is signed out.",
            hint='Set it to "off" if ROTATE_REFRESH_TOKENS was off, until the log names no such client any more; and '
            'to "confirmed" otherwise (docs/from-simplejwt.md).',
            id="auth_sessions.W052",
        )


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}"
