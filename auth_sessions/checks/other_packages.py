"""W030: views of other packages whose tokens know no session."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from auth_sessions.checks.mounted import mounted_routes

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

ISSUES_TOKENS = "issues tokens that have no session: no sign-out ends them"

FAULTS = {
    "rest_framework_simplejwt.views.TokenVerifyView": "verifies no session: it accepts the token of one that has ended",
    "rest_framework_simplejwt.views.TokenBlacklistView": "signs out no session: it refuses the tokens of sessions",
}
"""What is wrong with a view that does not issue tokens."""


def check() -> Iterator[checks.CheckMessage]:
    """W030: the project mounts a view that issues, verifies or blacklists tokens, and knows no session."""
    for route, view in mounted_routes():
        names = [f"{base.__module__}.{base.__qualname__}" for base in view.mro()]
        mounted = next((name for name in names if name in REPLACEMENTS and _has_tokens(name)), None)
        if mounted is not None:
            yield checks.Warning(
                f"{mounted} at {route!r} {FAULTS.get(mounted, ISSUES_TOKENS)}.",
                hint=f"Mount {REPLACEMENTS[mounted]} instead, or silence this if it is intended.",
                id="auth_sessions.W030",
            )


def _has_tokens(name: str) -> bool:
    """Whether tokens come into it. Views of dj-rest-auth may only make a login of Django's, whose session ends."""
    if not name.startswith("dj_rest_auth."):
        return True
    chosen = getattr(settings, "REST_AUTH", None) or {}
    return bool(chosen.get("USE_JWT", False) or chosen.get("TOKEN_MODEL", "the token of Django REST framework"))
