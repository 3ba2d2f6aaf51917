"""How soon a sign-out takes effect in an app."""

from datetime import timedelta
from typing import Any, cast

from rest_framework.settings import api_settings
from rest_framework_simplejwt.authentication import JWTAuthentication

from auth_sessions.authentication import SessionJWTAuthentication
from auth_sessions.tokens.keys import simple_jwt


def get_revocation_delay() -> timedelta | None:
    """How long an app may still have access after a sign-out, at most; None if a sign-out takes effect at once.

    It does if ``SessionJWTAuthentication`` alone accepts Bearer tokens among Django REST framework's default classes,
    and the key is a secret one, so that only this project can verify a signature. Otherwise a service may verify
    signatures only: a token is then accepted until it expires, and for ``LEEWAY`` longer.
    """
    classes = cast("list[Any]", api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    bearer = [each for each in classes if isinstance(each, type) and issubclass(each, JWTAuthentication)]
    is_secret = str(simple_jwt("ALGORITHM")).startswith("HS")
    if is_secret and bearer and all(issubclass(each, SessionJWTAuthentication) for each in bearer):
        return None
    return get_longest_acceptance()


def get_longest_acceptance() -> timedelta:
    """How long an access token is accepted by its signature alone."""
    return cast("timedelta", simple_jwt("ACCESS_TOKEN_LIFETIME") + get_leeway())


def get_leeway() -> timedelta:
    leeway = simple_jwt("LEEWAY")
    return leeway if isinstance(leeway, timedelta) else timedelta(seconds=leeway or 0)
