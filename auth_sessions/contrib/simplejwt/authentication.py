"""Authentication that also accepts the old access tokens, for the time between the change and their end."""

from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.exceptions import APIException
from rest_framework.settings import api_settings

from auth_sessions import exceptions
from auth_sessions.authentication import SessionJWTAuthentication
from auth_sessions.contrib.simplejwt import exchange, refusals
from auth_sessions.contrib.simplejwt.old_tokens import OldAccessToken, OldSlidingToken, OldToken, parse_first
from auth_sessions.tokens import SessionAccessToken


class SessionOrSimpleJWTAuthentication(SessionJWTAuthentication):
    """As :class:`SessionJWTAuthentication`, and accepts simplejwt's own access and sliding tokens until their ``exp``.

    Those have no session: ``request.auth`` is a token without ``session``, and the sign-out of one device does not end
    an access token. They are refused after a sign-out everywhere, with a new password, and after
    ``AUTH_SESSIONS_SIMPLEJWT_UNTIL``.

    It answers 401 as simplejwt does, for clients that know no other codes: ``user_inactive``, ``user_not_found``, and
    ``token_not_valid`` with ``messages`` for everything else, also for a session that has ended.
    """

    def get_validated_token(self, raw_token: bytes) -> Any:
        try:
            return parse_first(raw_token, SessionAccessToken, OldAccessToken, OldSlidingToken)
        except exceptions.TokenNotValid as error:
            raise self.to_api_exception(error) from error

    def get_user(self, validated_token: SessionAccessToken | OldToken) -> AbstractBaseUser:  # type: ignore[override]
        if isinstance(validated_token, SessionAccessToken):
            return super().get_user(validated_token)
        try:
            return exchange.authenticate(validated_token)
        except exceptions.AuthSessionsError as error:
            raise self.to_api_exception(error) from error

    def to_api_exception(self, error: exceptions.AuthSessionsError) -> APIException:
        return refusals.of_request(error)


def accepts_old_access_tokens() -> bool:
    """Whether the project's views accept old access tokens, by a class among DRF's defaults."""
    return any(
        isinstance(each, type) and issubclass(each, SessionOrSimpleJWTAuthentication)
        for each in cast("list[Any]", api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    )
