"""Reads and locks the sessions that a sign-out ends."""

from typing import Any

from auth_sessions import exceptions
from auth_sessions.choices import Scope
from auth_sessions.core.database import all_sessions
from auth_sessions.core.statements.reading import to_db_value
from auth_sessions.db.compiled import CompiledQuery, CompiledValues, compile_query, compile_values
from auth_sessions.db.ended_session import RECORDED, EndedSession
from auth_sessions.db.locking import lock, locks_in_order
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet


def lock_in_scope(session: Session, scope: Scope, using: str, *, record: type[EndedSession] | None) -> list[Any]:
    """Read the sessions that a sign-out from this one ends, locked in key order until the transaction ends.

    With a ``record`` only its columns are read.
    Raises :class:`~auth_sessions.exceptions.SessionNotFound` if this one has ended, except for the scope ``local``:
    what has ended signs out nobody else.
    """
    if scope == Scope.LOCAL:
        return _lock_in_scope(session, scope, using, record)
    locked = _lock_in_scope(session, Scope.GLOBAL, using, record)
    if not any(each.id == session.pk for each in reversed(locked)):  # it is mostly one of the newest
        raise exceptions.SessionNotFound
    if scope == Scope.GLOBAL:
        return locked
    # The scope names devices: what an app has handed over stays where the app does, with what is acted from any of it.
    kept = {each.id for each in locked if each.sign_in_id == session.sign_in_id}
    return [each for each in locked if kept.isdisjoint((each.id, each.depends_on_id))]


def _lock_in_scope(session: Session, scope: Scope, using: str, record: type[EndedSession] | None) -> list[Any]:
    if not locks_in_order(using) or session.actor_id is not None:
        return lock(_in_scope(session, scope, using), record=record)
    user, key = to_db_value("user", session.user_id, using), to_db_value("id", session.pk, using)
    values = [user, key] if scope == Scope.LOCAL else [user, user]
    shape = (using, scope, record)
    if shape not in _compiled_locks:
        rows = _in_scope(session, scope, using).select_for_update().order_by("pk")
        _compiled_locks[shape] = (
            compile_query(rows, values=values) if record is None else compile_values(rows, *RECORDED, values=values)
        )
    compiled = _compiled_locks[shape]
    if compiled is None:
        return lock(_in_scope(session, scope, using), record=record)
    if isinstance(compiled, CompiledQuery):
        return compiled.read(values, using=using)
    return [EndedSession.of(row) for row in compiled.rows(values, using=using)]


_compiled_locks: dict[tuple[str, Scope, type[EndedSession] | None], CompiledValues | None] = {}


def _in_scope(session: Session, scope: Scope, using: str) -> SessionQuerySet:
    """The sessions of the person, with those in which they act in another person's name, that a sign-out ends.

    Who acts in a person's name signs out what they themselves began in that name, and never that person.
    """
    sessions = all_sessions(using)
    if scope == Scope.LOCAL:
        return sessions.filter(user_id=session.user_id).filter(pk=session.pk)
    if session.actor_id is None:
        return sessions.of_person(session.user_id)
    return sessions.filter(user_id=session.user_id, actor_id=session.actor_id)
