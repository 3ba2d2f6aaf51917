"""W030: views of other packages whose tokens know no session."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from auth_sessions.checks.mounted import mounted_attributes

SIMPLE_JWT = "auth_sessions.contrib.simplejwt.views"

REPLACEMENTS = {
    "rest_framework_simplejwt.views.TokenObtainPairView": f"{SIMPLE_JWT}.TokenObtainPairView",
    "rest_framework_simplejwt.views.TokenRefreshView": f"{SIMPLE_JWT}.TokenRefreshView",
    "rest_framework_simplejwt.views.TokenObtainSlidingView": f"{SIMPLE_JWT}.TokenObtainSlidingView",
    "rest_framework_simplejwt.views.TokenRefreshSlidingView": f"{SIMPLE_JWT}.TokenRefreshSlidingView",
    "rest_framework_simplejwt.views.TokenVerifyView": f"{SIMPLE_JWT}.TokenVerifyView",
    "rest_framework_simplejwt.views.TokenBlacklistView": f"{SIMPLE_JWT}.TokenBlacklistView",
    "rest_framework.authtoken.views.ObtainAuthToken": "auth_sessions.views.SignInView",
    "knox.views.LoginView": "auth_sessions.views.SignInView",
    "djoser.views.TokenCreateView": "auth_sessions.views.SignInView",
    "dj_rest_auth.views.LoginView": "auth_sessions.views.SignInView",
    "dj_rest_auth.registration.views.RegisterView": "a view of your own that calls auth_sessions.api.sign_in_user()",
}
"""What to mount instead of a view, or of what derives from it."""

TOKEN_VIEW = "rest_framework_simplejwt.views.TokenViewBase"  # noqa: S105

OF_SERIALIZERS = {
    f"rest_framework_simplejwt.serializers.{name}Serializer": f"rest_framework_simplejwt.views.{name}View"
    for name in (
        "TokenObtainPair",
        "TokenRefresh",
        "TokenObtainSliding",
        "TokenRefreshSliding",
        "TokenVerify",
        "TokenBlacklist",
    )
}
"""The view that simplejwt's base view is with one of its serializers."""

ISSUES_TOKENS = "issues tokens that have no session: no sign-out ends them"

FAULTS = {
    "rest_framework_simplejwt.views.TokenVerifyView": "verifies no session: it accepts the token of one that has ended",
    "rest_framework_simplejwt.views.TokenBlacklistView": "signs out no session: it refuses the tokens of sessions",
}
"""What is wrong with a view that does not issue tokens."""


def check() -> Iterator[checks.CheckMessage]:
    """W030: the project mounts a view that issues, verifies or blacklists tokens, and knows no session."""
    for route, view, serializer in mounted_attributes("serializer_class"):
        names = _names(view)
        if TOKEN_VIEW in names and isinstance(serializer, type):
            names += [OF_SERIALIZERS[name] for name in _names(serializer) if name in OF_SERIALIZERS]
        mounted = next((name for name in names if name in REPLACEMENTS and _has_tokens(name)), None)
        if mounted is not None:
            name = mounted if mounted == names[0] else f"{names[0]} ({mounted})"
            yield checks.Warning(
                f"{name} at {route!r} {FAULTS.get(mounted, ISSUES_TOKENS)}.",
                hint=f"Mount {REPLACEMENTS[mounted]} instead, or silence this if it is intended.",
                id="auth_sessions.W030",
            )


def _names(cls: type) -> list[str]:
    """The paths of a class and of those that it derives from."""
    return [f"{base.__module__}.{base.__qualname__}" for base in cls.mro()]


def _has_tokens(name: str) -> bool:
    """Whether tokens come into it. Views of dj-rest-auth may only make a login of Django's, whose session ends."""
    if not name.startswith("dj_rest_auth."):
        return True
    chosen = getattr(settings, "REST_AUTH", None) or {}
    return bool(chosen.get("USE_JWT", False) or chosen.get("TOKEN_MODEL", "the token of Django REST framework"))
