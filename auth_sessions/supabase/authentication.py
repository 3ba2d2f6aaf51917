"""Bearer authentication of ``user`` and ``logout``, in the order and with the messages of Supabase Auth."""

import re
import uuid
from collections.abc import Callable
from typing import cast

from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import ExpiredTokenError

from auth_sessions import exceptions, refusals
from auth_sessions.authentication import get_session_of_expired_token, get_valid_session
from auth_sessions.masking import Secret, secret_arguments
from auth_sessions.models import Session
from auth_sessions.supabase import users
from auth_sessions.supabase.errors import SupabaseError, bad_jwt
from auth_sessions.tokens import SessionAccessToken, parse

BEARER = re.compile(r"bearer (\S+)", re.IGNORECASE)


class BearerToken(SessionAccessToken):
    """The access token, whose claims are verified in the order of Supabase Auth."""

    sub: uuid.UUID

    def verify_claims(self) -> None:
        sub = self.payload.get("sub")
        if not sub:
            raise bad_jwt("invalid claim: missing sub claim")
        self.sub = _uuid(sub, "sub", http_status=400)
        _uuid(self.payload.get("session_id"), "session_id", http_status=403)
        super().verify_claims()


class BearerAuthentication(BaseAuthentication):
    """Requires an access token whose session is live and belongs to ``sub``.

    Raises :class:`~auth_sessions.supabase.errors.SupabaseError` and subclasses of
    :class:`~auth_sessions.exceptions.AuthSessionsError`. A request without a token is refused as well.
    """

    token_class: type[BearerToken] = BearerToken

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, SessionAccessToken]:
        bearer = _bearer_token(request)
        if bearer is None:
            raise SupabaseError(401, "no_authorization", "This endpoint requires a valid Bearer token")
        with refusals.telling(request):
            token = _parse(self.token_class, bearer)
            token.session = self.get_session(token)
            if users.profile(token.session.user).uuid != token.sub:
                message = "invalid claim: sub claim and session_id claim do not belong together"
                raise bad_jwt(message) from exceptions.TokenNotValid()
            return token.session.user, token

    def get_session(self, token: SessionAccessToken) -> Session:
        return _reported(get_valid_session, token)


class SignOutToken(BearerToken):
    """The access token of a sign-out, which may have expired."""

    is_expired = False

    def verify_end(self) -> None:
        try:
            super().verify_end()
        except ExpiredTokenError:
            self.is_expired = True

    def verify_claims(self) -> None:
        try:
            super().verify_claims()
        except SupabaseError as error:
            raise _expired() if self.is_expired else error from None


class SignOutAuthentication(BearerAuthentication):
    """As :class:`BearerAuthentication`; an expired token is accepted if it is of the current or previous generation.

    Clients treat a refusal of a sign-out as success: the session of a device whose clock is behind would live on.
    """

    token_class = SignOutToken

    def get_session(self, token: SessionAccessToken) -> Session:
        if not cast("SignOutToken", token).is_expired:
            return super().get_session(token)
        try:
            return _reported(get_session_of_expired_token, token)
        except exceptions.TokenNotValid as error:
            raise _expired() from error


def _uuid(value: object, claim: str, *, http_status: int) -> uuid.UUID:
    try:
        return uuid.UUID(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, AttributeError):
        raise bad_jwt(f"invalid claim: {claim} claim must be a UUID", http_status=http_status) from None


def _bearer_token(request: Request) -> Secret | None:
    match = BEARER.fullmatch(request.META.get("HTTP_AUTHORIZATION", ""))
    return None if match is None else Secret(match[1])


@secret_arguments("token")
def _parse(token_class: type[BearerToken], token: str) -> BearerToken:
    try:
        return parse(token_class, token)
    except exceptions.TokenNotValid as error:
        expired = isinstance(error, exceptions.TokenExpired)
        raise (_expired() if expired else _unverified("token is malformed")) from error


def _expired() -> SupabaseError:
    return _unverified("token has invalid claims: token is expired")


def _unverified(detail: str) -> SupabaseError:
    return bad_jwt(f"invalid JWT: unable to parse or verify signature, {detail}")


def _reported(get_session: Callable[..., Session], token: SessionAccessToken) -> Session:
    """The live session of a token, with the profile. A missing one is reported before an inactive user, as upstream."""
    try:
        return get_session(token, optional=(users.PROFILE_OF_SESSION,))
    except exceptions.UserInactive as error:
        if error.session is None:
            raise exceptions.SessionNotFound from error
        raise
