"""The refresh token: one winner, the same child for everybody else, and theft found."""

import logging
import uuid

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from auth_sessions import exceptions, signals
from auth_sessions.choices import EndReason
from auth_sessions.conf import conf
from auth_sessions.core.rows import all_sessions, database, send_on_commit
from auth_sessions.core.statements import find, rotate
from auth_sessions.core.usage import REFUSALS, note, over, stamp_with_todays_key
from auth_sessions.models import RefreshToken, Session

logger = logging.getLogger("auth_sessions")


@sensitive_variables("proof")
def refresh(session_id: uuid.UUID, *, generation: int, proof: str, request: HttpRequest | None = None) -> Session:
    """Rotate a session's refresh token, or answer the same child again. The session returned carries user and token.

    One SELECT and one conditional UPDATE; of many that present one generation at once exactly one rotates, and the
    others get its child. Raises what :func:`present` raises.
    """
    session = present(session_id, generation=generation, proof=proof, request=request)
    if generation == session.refresh_token.counter and not rotate(session.refresh_token, rotated_at=timezone.now()):
        _reread(session)
        _refuse_spent(session, generation=generation, request=request)
    stamp_with_todays_key(session)
    return session


@sensitive_variables("proof")
def present(session_id: uuid.UUID, *, generation: int, proof: str, request: HttpRequest | None = None) -> Session:
    """Judge a presented refresh token without rotating it; the session it proves, with its user and token.

    A spent token ends its own session, as does one whose session turns out to be over (expired, idle, password
    changed, user inactive): the row goes with that reason, and stays gone if the caller turns the error into an answer.

    Raises :class:`~auth_sessions.exceptions.SessionNotFound`, :class:`~auth_sessions.exceptions.SessionExpired`,
    :class:`~auth_sessions.exceptions.PasswordChanged`, :class:`~auth_sessions.exceptions.UserInactive`,
    :class:`~auth_sessions.exceptions.RefreshTokenForged` or
    :class:`~auth_sessions.exceptions.RefreshTokenAlreadyUsed`.
    """
    session = find(session_id, "user", "refresh_token")
    if session is None:
        raise exceptions.SessionNotFound
    token = session.refresh_token
    if generation > token.counter or not constant_time_compare(token.proof(generation), proof):
        logger.warning("Forged refresh token for session %s, generation %s", session.pk, generation)
        raise exceptions.RefreshTokenForged
    if reason := over(session, last_used_at=session.last_used_at):
        all_sessions().filter(pk=session.pk).end(reason=reason, request=request)
        raise REFUSALS[reason]
    _refuse_spent(session, generation=generation, request=request)
    return session


def confirm(session: Session, *, generation: int) -> None:
    """Note that a refresh token was seen in use, where it was presented without being rotated."""
    if generation > session.confirmed:
        note(session, {"confirmed": generation}, {"confirmed__lt": generation})


def _reread(session: Session) -> None:
    """The token as the winner left it: by a locking read, since under REPEATABLE READ a plain one sees the past."""
    using = session._state.db
    with transaction.atomic(using=using):
        rows = RefreshToken.objects.using(using).select_for_update()
        token = rows.filter(pk=session.pk).first()
    if token is None:
        raise exceptions.SessionNotFound
    session.refresh_token = token


def _refuse_spent(session: Session, *, generation: int, request: HttpRequest | None) -> None:
    if not _is_spent(session, generation):
        return
    using = session._state.db or database()
    ended = all_sessions(using).filter(pk=session.pk)
    with transaction.atomic(using=using):
        if ended.end(reason=EndReason.REFRESH_TOKEN_REUSED, request=request):
            logger.warning("Spent refresh token for session %s, generation %s", session.pk, generation)
            send_on_commit(
                signals.refresh_token_reused,
                using=using,
                session=session,
                generation=generation,
                request=request,
            )
    raise exceptions.RefreshTokenAlreadyUsed


def _is_spent(session: Session, generation: int) -> bool:
    """Whether a genuine token must have been copied: its child was seen in use, or it is older than the parent."""
    token = session.refresh_token
    if generation == token.counter:
        return False
    if generation < token.counter - 1:
        return True
    if conf.REUSE_POLICY == "lenient" or timezone.now() - token.rotated_at <= conf.REUSE_INTERVAL:
        return False
    return session.confirmed >= token.counter
