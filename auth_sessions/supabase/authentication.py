"""Bearer authentication of ``user`` and ``logout``, in the order and with the messages of Supabase Auth."""

import re
import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import ExpiredTokenError

from auth_sessions import exceptions
from auth_sessions.authentication import get_valid_session
from auth_sessions.models import Session
from auth_sessions.supabase import users
from auth_sessions.supabase.errors import SupabaseError, bad_jwt
from auth_sessions.tokens import SessionAccessToken, parse

BEARER = re.compile(r"bearer (\S+)", re.IGNORECASE)


class BearerAuthentication(BaseAuthentication):
    """Requires an access token whose session is live and belongs to ``sub``.

    Raises :class:`~auth_sessions.supabase.errors.SupabaseError` and subclasses of
    :class:`~auth_sessions.exceptions.AuthSessionsError`. A request without a token is refused as well.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, SessionAccessToken]:
        match = BEARER.fullmatch(request.headers.get("Authorization", ""))
        if match is None:
            raise SupabaseError(401, "no_authorization", "This endpoint requires a valid Bearer token")
        token = _parse(match[1])
        token.session = _session(token)
        if users.profile(token.session.user).uuid != token.sub:
            raise bad_jwt("invalid claim: sub claim and session_id claim do not belong together")
        return token.session.user, token


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


def _uuid(value: object, claim: str, *, http_status: int) -> uuid.UUID:
    try:
        return uuid.UUID(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, AttributeError):
        raise bad_jwt(f"invalid claim: {claim} claim must be a UUID", http_status=http_status) from None


def _parse(raw: str) -> BearerToken:
    try:
        return parse(BearerToken, raw)
    except exceptions.TokenNotValid as error:
        expired = isinstance(error.__cause__, ExpiredTokenError)
        detail = "token has invalid claims: token is expired" if expired else "token is malformed"
        raise bad_jwt(f"invalid JWT: unable to parse or verify signature, {detail}") from error


def _session(token: BearerToken) -> Session:
    """The live session of a token. A missing session is reported before an inactive user, as Supabase Auth does."""
    try:
        return get_valid_session(token)
    except exceptions.UserInactive as error:
        if error.session is None:
            raise exceptions.SessionNotFound from error
        raise
