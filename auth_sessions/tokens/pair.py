"""The pair that a client holds: an access token for everyone, a refresh token that only this app reads."""

from dataclasses import dataclass, field

from django.http import HttpRequest

from auth_sessions.models import Session
from auth_sessions.tokens.session_tokens import SessionAccessToken, SessionRefreshToken


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """Two strings for the client: ``access`` (JWT) and ``refresh`` (JWT, opaque to everyone but this app).

    With the ``session`` that they carry, and the end of the access token, ``expires_at`` (Unix seconds).
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    session: Session
    expires_at: int


def issue(session: Session, *, request: HttpRequest | None = None) -> TokenPair:
    """The pair for a session's current generation. The same generation gives the same refresh token, byte for byte."""
    access = SessionAccessToken.for_session(session, request=request)
    return TokenPair(
        access=str(access),
        refresh=str(SessionRefreshToken.for_session(session)),
        session=session,
        expires_at=access["exp"],
    )
