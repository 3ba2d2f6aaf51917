"""Rotates refresh tokens (one request rotates, all others get the same child), and detects their reuse (RFC 9700)."""

import logging
import uuid

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from auth_sessions import exceptions, metrics, moments, refusals, security_log, signals
from auth_sessions.choices import EndReason
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, send_on_commit, write_alias
from auth_sessions.core.password_changes import update_fingerprint_key
from auth_sessions.core.statements.reading import select_session_for_tokens
from auth_sessions.core.statements.writing import update_generation
from auth_sessions.core.usage import touch, touch_actor_session, update_on_commit
from auth_sessions.core.validity import EXCEPTIONS, get_end_reason, may_end
from auth_sessions.db import ending
from auth_sessions.db.locking import lock, lock_by_primary_key
from auth_sessions.db.transactions import in_transaction, is_conflict, retry_conflicts
from auth_sessions.devices.device import Client, client_address, client_user_agent, is_another_device
from auth_sessions.masking import secret_arguments
from auth_sessions.models import RefreshToken, Session

logger = logging.getLogger("auth_sessions")


@secret_arguments("jti")
def refresh(session_id: uuid.UUID, *, generation: int, jti: str, request: HttpRequest | None = None) -> Session:
    """Rotate a session's refresh token, or return its child again. Returns the session with its user and token.

    A generation is current for at least ``AUTH_SESSIONS_REUSE_INTERVAL``: within it the current token is not rotated
    but returned unchanged (generation 0 excepted). Of many requests that present the same generation at once, exactly
    one rotates it, and the others get its child. Costs one SELECT and at most one conditional UPDATE, and a second,
    locking SELECT if another request was first. Raises what :func:`verify_refresh_token` raises.
    """
    session = verify_refresh_token(session_id, generation=generation, jti=jti, request=request)
    token, outcome = session.refresh_token, "repeated"
    if generation == token.generation:
        if generation and _is_recent(token):
            confirm_generation(session, generation=generation)
        elif update_generation(token, rotated_at=timezone.now()):
            outcome = "rotated"
        else:
            _reread_token(session)
            _end_if_reused(session, generation=generation, request=request)
    else:  # nothing is rotated, and a client that never stores the child must not become idle
        touch(session)
    update_fingerprint_key(session)
    _report_move(session, request)
    touch_actor_session(session)
    metrics.REFRESHES.add({metrics.OUTCOME: outcome})
    return session


@secret_arguments("jti")
def verify_refresh_token(
    session_id: uuid.UUID, *, generation: int, jti: str, request: HttpRequest | None = None
) -> Session:
    """The session of a presented refresh token, with its user and token. Nothing is rotated.

    The backend that let the person in is asked whether it still knows them (``core.backends.is_known``). A session that
    is not live, or whose token is reused, ends with that reason before the error is raised. It stays
    deleted if the caller turns the error into a response, unless the error leaves a surrounding transaction.

    Raises :class:`~auth_sessions.exceptions.SessionNotFound`, :class:`~auth_sessions.exceptions.SessionExpired`,
    :class:`~auth_sessions.exceptions.PasswordChanged`, :class:`~auth_sessions.exceptions.UserInactive`,
    :class:`~auth_sessions.exceptions.RefreshTokenForged` or
    :class:`~auth_sessions.exceptions.RefreshTokenAlreadyUsed`.
    """
    session = _select(session_id, generation=generation, jti=jti)
    if reason := get_end_reason(session, last_used_at=session.last_used_at, asks_backend=True):
        if not may_end(session, reason):
            raise EXCEPTIONS[reason](session)
        ended = all_sessions().filter(pk=session.pk).end(reason=reason, request=request)
        error = EXCEPTIONS[reason](session_id=session.pk)
        raise refusals.told(error) if ended else refusals.about(error, user_id=session.user_id)
    _end_if_reused(session, generation=generation, request=request)
    return session


@secret_arguments("jti")
def read_refresh_token(session_id: uuid.UUID, *, generation: int, jti: str) -> Session:
    """As :func:`verify_refresh_token`, for a question: nothing ends, and nothing is recorded."""
    session = _select(session_id, generation=generation, jti=jti)
    if reason := get_end_reason(session, last_used_at=session.last_used_at, asks_backend=True):
        raise EXCEPTIONS[reason](session)
    if _is_reused(session, generation) and _detects_reuse():
        raise exceptions.RefreshTokenAlreadyUsed
    return session


@secret_arguments("jti")
def _select(session_id: uuid.UUID, *, generation: int, jti: str) -> Session:
    """The session of a presented refresh token, live or not, with its user and token."""
    session = select_session_for_tokens(session_id)
    if session is None:
        raise exceptions.SessionNotFound(session_id=session_id)
    token = session.refresh_token
    if generation > token.generation or not constant_time_compare(token.jti_of(generation), jti):
        error = exceptions.RefreshTokenForged()
        raise refusals.about(error, session_id=session.pk, user_id=session.user_id, generation=generation)
    return session


def _report_move(session: Session, request: HttpRequest | None) -> None:
    """Send ``session_moved`` if the request comes from another device than the session's. Nothing is refused."""
    if request is None or not (
        signals.session_moved.has_listeners(Session) or security_log.is_enabled(security_log.SESSION_MOVED)
    ):
        return
    if is_another_device(request, user_agent=session.user_agent, address=session.ip_address):
        using = session._state.db or write_alias()
        security_log.write_on_commit(security_log.SESSION_MOVED, using=using, request=request, of=session)
        send_on_commit(signals.session_moved, using=using, session=session, request=request)


def confirm_generation(session: Session, *, generation: int) -> None:
    """Record that the refresh token of this generation was seen in use, if it is presented without being rotated."""
    if generation > session.confirmed_generation:
        update_on_commit(
            session, {"confirmed_generation": generation}, only_if={"confirmed_generation__lt": generation}
        )


def _reread_token(session: Session) -> None:
    """Read the token that another request has rotated: with a lock, since a REPEATABLE READ snapshot may be older."""
    using = session._state.db or write_alias()
    rows = RefreshToken.objects.using(using).filter(pk=session.pk)
    tokens = in_transaction(lambda: lock_by_primary_key(rows), using=using)
    if not tokens:
        raise refusals.about(exceptions.SessionNotFound(session_id=session.pk), user_id=session.user_id)
    (session.refresh_token,) = tokens


def _end_if_reused(session: Session, *, generation: int, request: HttpRequest | None) -> None:
    """If the token is reused, which is treated as theft, end the session and raise ``RefreshTokenAlreadyUsed``.

    Under the policy ``"off"`` it is only noted.
    """
    if not _is_reused(session, generation):
        return
    if not _detects_reuse():
        _note_reuse(session, generation=generation, request=request)
        return
    using = session._state.db or write_alias()

    def end() -> None:
        if _end(session, using=using, request=request):
            send_on_commit(
                signals.refresh_token_reused,
                using=using,
                session=session,
                generation=generation,
                request=request,
                holder=Client(user_agent=session.user_agent, address=session.ip_address, seen_at=session.last_used_at),
                presenter=_presenter(request),
            )

    in_transaction(end, using=using)
    raise exceptions.RefreshTokenAlreadyUsed


def _presenter(request: HttpRequest | None) -> Client:
    user_agent = "" if request is None else client_user_agent(request)
    address = None if request is None else client_address(request)
    return Client(user_agent=user_agent, address=address, seen_at=timezone.now())


def _end(session: Session, *, using: str, request: HttpRequest | None) -> int:
    """End a session whose token was reused. If a receiver of ``sessions_ending`` fails, end it robustly."""
    rows = all_sessions(using).filter(pk=session.pk)
    try:
        return rows.end(reason=EndReason.REFRESH_TOKEN_REUSED, request=request)
    except Exception as error:
        if is_conflict(error):
            raise
        logger.exception("A receiver failed when session %s ended for a reused refresh token", session.pk)
    reason = EndReason.REFRESH_TOKEN_REUSED
    return ending.end(
        lambda record: lock(rows, record=record), using=using, reason=reason, request=request, is_robust=True
    )


def _note_reuse(session: Session, *, generation: int, request: HttpRequest | None) -> None:
    """Log that the client of a session does not store its new tokens: once for each session."""
    using = session._state.db or write_alias()
    unnoted = RefreshToken.objects.using(using).filter(pk=session.pk, reused_at=None)
    if session.refresh_token.reused_at is not None:
        return
    if retry_conflicts(lambda: unnoted.update(reused_at=timezone.now()), using=using):
        event = security_log.REUSE_ANSWERED
        security_log.write_on_commit(event, using=using, request=request, of=session, generation=generation)


def _detects_reuse() -> bool:
    return conf.AUTH_SESSIONS_REUSE_POLICY != "off"


def _is_reused(session: Session, generation: int) -> bool:
    """Whether the token of this generation is reused: presented after the interval although its child was seen in use.

    A token older than the parent of the current one is always reused. For the parent, the policy ``"strict"`` treats
    any use after the interval as reuse, and ``"lenient"`` none. What reuse leads to is not decided here.
    """
    token, policy = session.refresh_token, conf.AUTH_SESSIONS_REUSE_POLICY
    if generation == token.generation:
        return False
    if generation < token.generation - 1:
        return True
    if policy == "lenient" or _is_recent(token):
        return False
    return policy == "strict" or session.confirmed_generation >= token.generation


def _is_recent(token: RefreshToken) -> bool:
    """Whether the current generation was issued within ``AUTH_SESSIONS_REUSE_INTERVAL``."""
    return moments.age(token.rotated_at) <= conf.AUTH_SESSIONS_REUSE_INTERVAL
