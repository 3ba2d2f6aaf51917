"""W030: views of other packages that issue tokens which no sign-out ends."""

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
    "rest_framework.authtoken.views.ObtainAuthToken": "auth_sessions.views.SignInView",
    "knox.views.LoginView": "auth_sessions.views.SignInView",
    "djoser.views.TokenCreateView": "auth_sessions.views.SignInView",
    "dj_rest_auth.views.LoginView": "auth_sessions.views.SignInView",
    "dj_rest_auth.registration.views.RegisterView": "a view of your own that calls auth_sessions.api.sign_in_user()",
}
"""What to mount instead of a view, or of what derives from it."""


def check() -> Iterator[checks.CheckMessage]:
    """W030: the project mounts a view that issues tokens without a session."""
    for route, view in mounted_routes():
        names = [f"{base.__module__}.{base.__qualname__}" for base in view.mro()]
        issuing = next((name for name in names if name in REPLACEMENTS and _issues_tokens(name)), None)
        if issuing is not None:
            yield checks.Warning(
                f"{issuing} at {route!r} issues tokens that have no session: no sign-out ends them.",
                hint=f"Mount {REPLACEMENTS[issuing]} instead, or silence this if it is intended.",
                id="auth_sessions.W030",
            )


def _issues_tokens(name: str) -> bool:
    """Whether a view issues tokens. Those of dj-rest-auth may only make a login of Django's, whose session ends."""
    if not name.startswith("dj_rest_auth."):
        return True
    chosen = getattr(settings, "REST_AUTH", None) or {}
    return bool(chosen.get("USE_JWT", False) or chosen.get("TOKEN_MODEL", "the token of Django REST framework"))
