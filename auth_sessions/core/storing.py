"""Stores a new session: the rows are inserted under the locks that they need, counted, and announced."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from auth_sessions import exceptions, refusals, signals
from auth_sessions.conf import conf
from auth_sessions.core.acting import set_actor
from auth_sessions.core.database import (
    all_sessions,
    as_told,
    send_on_commit,
    translate_missing_user,
    user_row,
    write_alias,
)
from auth_sessions.core.dependents import mark_depended_on
from auth_sessions.core.limits import enforce_limit_while_locked, refusals_announced
from auth_sessions.core.statements.writing import insert
from auth_sessions.db.encoding import store_text
from auth_sessions.db.locking import lock_by_primary_key, lock_by_update
from auth_sessions.db.transactions import in_transaction, is_outermost, retry_conflicts
from auth_sessions.models import RefreshToken, Session


def store_session(
    session: Session,
    *related: RefreshToken,
    request: HttpRequest | None,
    unless_exists: bool = False,
    enforces_limit: bool = True,
    is_announced: bool = True,
) -> bool:
    """Insert the rows, enforce the limit and announce the session, if it ``is_announced``.

    False if they are not inserted: see ``statements.writing.insert``.
    """
    using = write_alias()
    # In a transaction as long as a request, two sign-ins of one user could deadlock on InnoDB: each holds a shared lock
    # for the foreign key, and waits to write last_login. PostgreSQL would check the key only at the end of it.
    enforces_limit = enforces_limit and conf.AUTH_SESSIONS_MAX_PER_USER is not None
    depends = session.actor_id is not None or session.depends_on_id is not None
    must_lock = enforces_limit or depends or not is_outermost(using)

    def save() -> bool:
        if not insert(session, *related, using=using, unless_exists=unless_exists):
            return False
        if is_announced:
            _announce(session, request=request, using=using)
        return True

    def lock_and_save() -> bool:
        _lock_people(session, using=using)
        if not save():
            return False
        if enforces_limit:
            enforce_limit_while_locked(session, request=request, using=using)
        return True

    def write() -> bool:
        if must_lock:
            return in_transaction(lock_and_save, using=using)
        if is_announced and signals.session_starting.has_listeners(Session):
            return in_transaction(save, using=using)
        return retry_conflicts(save, using=using)

    with refusals_announced(session, request=request, using=using), _translate_missing_people(session):
        return store_text(session, ("name", "tag"), write)


def complete_session(
    session: Session, *, actor: AbstractBaseUser | None, current: Session | None, request: HttpRequest
) -> bool:
    """Complete a provisional session, in which ``actor`` acts or nobody does. False if it has ended meanwhile.

    Raises :class:`~auth_sessions.exceptions.UserNotFound` and :class:`~auth_sessions.exceptions.SessionNotFound`.
    """
    using = write_alias()
    if actor is not None:
        set_actor(session, actor, current=current)
    acting = {name: getattr(session, name) for name in ("actor_id", "depends_on_id", "authenticated_at", "expires_at")}

    def work() -> bool:
        _lock_people(session, using=using)
        if not all_sessions(using).filter(pk=session.pk).update(**acting):
            return False
        _announce(session, request=request, using=using)
        return True

    with refusals.telling_sign_in(session.user, request), _translate_missing_people(session):
        return in_transaction(work, using=using)


def _lock_people(session: Session, *, using: str) -> None:
    """Lock the row of the user, and the session that this one depends on: neither is deleted before it exists."""
    user = user_row(session.user)
    has_limit = conf.AUTH_SESSIONS_MAX_PER_USER is not None
    if not (lock_by_update(user) if has_limit else lock_by_primary_key(user)):
        raise exceptions.UserNotFound
    if not mark_depended_on(session, using=using):
        raise exceptions.SessionNotFound


@contextmanager
def _translate_missing_people(session: Session) -> Iterator[None]:
    """Raise ``UserNotFound`` for a database error if the user, or the actor, has just been deleted."""
    of_actor = nullcontext() if session.actor is None else translate_missing_user(session.actor)
    with translate_missing_user(session.user), of_actor:
        yield


def _announce(session: Session, *, request: HttpRequest | None, using: str) -> None:
    if signals.session_starting.has_listeners(Session):
        signals.session_starting.send(sender=Session, session=as_told(session), request=request, using=using)
    send_on_commit(signals.session_started, using=using, session=session, request=request)
