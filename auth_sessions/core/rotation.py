"""The refresh token: one winner, the same child for everybody else, and reuse detection."""

import logging
import uuid
from functools import partial

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from auth_sessions import exceptions, signals
from auth_sessions.choices import EndReason
from auth_sessions.conf import conf
from auth_sessions.core.password_changes import update_fingerprint_key
from auth_sessions.core.rows import all_sessions, send_on_commit, write_alias
from auth_sessions.core.statements import select_session, update_generation
from auth_sessions.core.usage import update_on_commit
from auth_sessions.core.validity import EXCEPTIONS, get_end_reason
from auth_sessions.db import deletion
from auth_sessions.db.locking import lock_by_key
from auth_sessions.models import RefreshToken, Session

logger = logging.getLogger("auth_sessions")


@sensitive_variables("proof")
def refresh(session_id: uuid.UUID, *, generation: int, proof: str, request: HttpRequest | None = None) -> Session:
    """Rotate a session's refresh token, or give its child again. The session returned carries user and token.

    A generation lives for at least ``AUTH_SESSIONS_REUSE_INTERVAL``: the current token, presented again within it, is
    given again as it is (the first generation excepted). One SELECT and at most one conditional UPDATE; of many that
    present one generation at once exactly one rotates, and the others get its child. Raises what
    :func:`verify_refresh_token` raises.
    """
    session = verify_refresh_token(session_id, generation=generation, proof=proof, request=request)
    token = session.refresh_token
    if generation == token.generation:
        if generation and _is_recent(token):
            confirm_generation(session, generation=generation)
        elif not update_generation(token, rotated_at=timezone.now()):
            _reread_token(session)
            _end_if_reused(session, generation=generation, request=request)
    update_fingerprint_key(session)
    return session


@sensitive_variables("proof")
def verify_refresh_token(
    session_id: uuid.UUID, *, generation: int, proof: str, request: HttpRequest | None = None
) -> Session:
    """The session that a presented refresh token proves, with its user and token; nothing is rotated.

    A reused token ends its own session, as does one whose session has expired, is idle, or whose user is inactive or
    has another password: the row goes with that reason, and stays gone if the caller turns the error into an answer.

    Raises :class:`~auth_sessions.exceptions.SessionNotFound`, :class:`~auth_sessions.exceptions.SessionExpired`,
    :class:`~auth_sessions.exceptions.PasswordChanged`, :class:`~auth_sessions.exceptions.UserInactive`,
    :class:`~auth_sessions.exceptions.RefreshTokenForged` or
    :class:`~auth_sessions.exceptions.RefreshTokenAlreadyUsed`.
    """
    session = select_session(session_id, "user", "refresh_token")
    if session is None:
        raise exceptions.SessionNotFound
    token = session.refresh_token
    if generation > token.generation or not constant_time_compare(token.proof(generation), proof):
        logger.warning("Forged refresh token for session %s, generation %s", session.pk, generation)
        raise exceptions.RefreshTokenForged
    if reason := get_end_reason(session, last_used_at=session.last_used_at):
        all_sessions().filter(pk=session.pk).end(reason=reason, request=request)
        raise EXCEPTIONS[reason]
    _end_if_reused(session, generation=generation, request=request)
    return session


def confirm_generation(session: Session, *, generation: int) -> None:
    """Record that a refresh token was seen in use, where it was presented without being rotated."""
    if generation > session.confirmed_generation:
        update_on_commit(
            session, {"confirmed_generation": generation}, only_if={"confirmed_generation__lt": generation}
        )


def _reread_token(session: Session) -> None:
    """The token as the winner left it: by a locking read, since under REPEATABLE READ a plain one sees the past."""
    using = session._state.db
    with transaction.atomic(using=using):
        rows = RefreshToken.objects.using(using).select_for_update()
        token = rows.filter(pk=session.pk).first()
    if token is None:
        raise exceptions.SessionNotFound
    session.refresh_token = token


def _end_if_reused(session: Session, *, generation: int, request: HttpRequest | None) -> None:
    """End the session and raise ``RefreshTokenAlreadyUsed`` where a genuine token must have been copied."""
    if not _is_reused(session, generation):
        return
    using = session._state.db or write_alias()
    with transaction.atomic(using=using):
        if _end(session, using=using, request=request):
            logger.warning("Reused refresh token for session %s, generation %s", session.pk, generation)
            send_on_commit(
                signals.refresh_token_reused,
                using=using,
                session=session,
                generation=generation,
                request=request,
            )
    raise exceptions.RefreshTokenAlreadyUsed


def _end(session: Session, *, using: str, request: HttpRequest | None) -> int:
    """End a session whose token was reused, also where a receiver of ``sessions_ending`` fails: without its part."""
    rows = all_sessions(using).filter(pk=session.pk)
    try:
        return rows.end(reason=EndReason.REFRESH_TOKEN_REUSED, request=request)
    except Exception:
        logger.exception("A receiver failed as session %s ended for a reused refresh token", session.pk)
    reason, lock = EndReason.REFRESH_TOKEN_REUSED, partial(lock_by_key, rows, using)
    return deletion.end(lock, using=using, reason=reason, request=request, is_robust=True)


def _is_reused(session: Session, generation: int) -> bool:
    """Whether its child was seen in use, later than the interval, or it is older than the current token's parent.

    Under the policy ``"strict"`` any later use is theft, under ``"lenient"`` only that of an older token.
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
    return timezone.now() - token.rotated_at <= conf.AUTH_SESSIONS_REUSE_INTERVAL
