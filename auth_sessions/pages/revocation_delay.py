"""How soon a sign-out takes effect in an app."""

from datetime import timedelta
from typing import Any, cast

from rest_framework.settings import api_settings
from rest_framework_simplejwt.authentication import JWTAuthentication

from auth_sessions.authentication import SessionJWTAuthentication
from auth_sessions.tokens.keys import simple_jwt


def get_revocation_delay() -> timedelta | None:
    """None where every sign-out is noticed at once, else the longest that an app may still have access.

    It is noticed at once where Django REST framework's default classes accept Bearer tokens by
    ``SessionJWTAuthentication`` and by nothing else, and only this project can check a signature. Everywhere else
    a service may check signatures only, and accepts a token for ``LEEWAY`` longer.
    """
    classes = cast("list[Any]", api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    bearer = [each for each in classes if isinstance(each, type) and issubclass(each, JWTAuthentication)]
    is_secret = simple_jwt("ALGORITHM").startswith("HS")
    if is_secret and bearer and all(issubclass(each, SessionJWTAuthentication) for each in bearer):
        return None
    leeway = simple_jwt("LEEWAY")
    leeway = leeway if isinstance(leeway, timedelta) else timedelta(seconds=leeway or 0)
    return cast("timedelta", simple_jwt("ACCESS_TOKEN_LIFETIME") + leeway)
