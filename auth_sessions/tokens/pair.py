"""The pair of tokens that a client holds: an access token (RFC 6750) and a refresh token that only this app reads."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from auth_sessions import exceptions
from auth_sessions.choices import SessionKind
from auth_sessions.core.statements.reading import select_session_for_tokens
from auth_sessions.db.compiled import set_related
from auth_sessions.masking import Secret
from auth_sessions.models import Session
from auth_sessions.tokens.access_token import SessionAccessToken
from auth_sessions.tokens.refresh_token import SessionRefreshToken


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """Two strings for the client: ``access`` (a JWT) and ``refresh`` (a JWT that only this app can read).

    ``session`` is the session that they carry, and ``expires_at`` the ``exp`` of the access token (Unix seconds).
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    session: Session
    expires_at: int


def issue_access(session: Session, *, request: HttpRequest | None = None) -> str:
    """Sign an access token alone, for a client that keeps its refresh token. The row is read again.

    Nobody knows whether it has received the current one: the token names the newest generation that the client
    certainly holds, so that its use confirms no other. Raises :class:`~auth_sessions.exceptions.SessionNotFound` if the
    session has ended, and ``ValueError`` for a browser session.
    """
    if session.kind != SessionKind.TOKEN:
        raise ValueError("A browser session has no access token.")
    stored = select_session_for_tokens(session.pk)
    if stored is None:
        raise exceptions.SessionNotFound
    set_related(session, "refresh_token", stored.refresh_token)
    current = stored.refresh_token.generation
    held = current if stored.confirmed_generation >= current else current - 1
    return Secret(SessionAccessToken.for_session(stored, request=request, generation=held))


def issue(session: Session, *, request: HttpRequest | None = None, people: dict[str, Any] | None = None) -> TokenPair:
    """Sign the pair for a session's current generation. A generation always gives the same refresh token, by bytes.

    ``people`` are the claims of :func:`~auth_sessions.tokens.access_token.claims_of_people`, if they were taken
    before.
    """
    access = SessionAccessToken.for_session(session, request=request, people=people)
    return TokenPair(
        access=Secret(access),
        refresh=Secret(SessionRefreshToken.for_session(session)),
        session=session,
        expires_at=access["exp"],
    )
