"""The end of sessions: locked, announced by a signal, and deleted with related objects, in one transaction."""

from __future__ import annotations

import logging
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal

from auth_sessions import signals
from auth_sessions.choices import EndReason
from auth_sessions.db.batches import KEYS_PER_STATEMENT, batches
from auth_sessions.db.deletion import delete_without_signals, prepare_deletion
from auth_sessions.db.ended_session import RECORDED, EndedSession
from auth_sessions.db.locking import lock as lock_rows
from auth_sessions.db.transactions import in_transaction, is_conflict, is_own, refuse_broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

    from auth_sessions.choices import Scope
    from auth_sessions.models import Session

logger = logging.getLogger("auth_sessions")

records_ending = Signal()
records_ended = Signal()
"""Sent before ``signals.sessions_ending`` and ``sessions_ended``, with ``records`` and without ``sessions``.

``is_certain`` says that after the commit the rows are gone: the transaction is the app's own (``transactions.is_own``).
The app's own receivers listen to these: instances are built only where a project listens to the others.
"""


def end(
    lock: Callable[[type[EndedSession] | None], list[Any]],
    *,
    using: str,
    reason: EndReason,
    scope: Scope | None = None,
    actor: AbstractBaseUser | None = None,
    request: HttpRequest | None = None,
    is_robust: bool = False,
) -> int:
    """End the sessions that ``lock(record)`` reads and locks in key order. Returns their number.

    It is called with None, and returns instances, where a project listens to the end of sessions; otherwise it is
    called with ``EndedSession``, and returns these: ``db.locking.lock`` takes either.

    Every session ends by this function: see ``SessionQuerySet.end()`` for what it does. Which sessions end is decided
    before any receiver runs: changes that a receiver makes to the instances, or to the list, have no effect on it. With
    ``is_robust`` an error in a receiver, also in one of a related object that is deleted, is logged, and the sessions
    end nevertheless.

    The sessions that depend on them end with them, in the same transaction: a browser's that an app has handed over, as
    these do; and those in which somebody acts in another person's name from their own, before these, with signals of
    their own, since what happened to the actor (the ``reason``, the ``scope``) did not happen to the person in whose
    name they acted.
    """

    def work() -> int:
        record = None if _is_heard() else EndedSession
        chosen = lock(record)
        sessions = _with_dependents(chosen, record, using=using)
        actors = {session.user_id for session in sessions if session.actor_id is None}
        # Of whoever is deleted together with the actor nothing is told but that.
        deleted = {session.id for session in chosen} if reason == EndReason.USER_DELETED else set()
        acted = [each for each in sessions if each.actor_id in actors and each.id not in deleted]
        kept_apart = {session.id for session in acted}
        own = [session for session in sessions if session.id not in kept_apart] if acted else sessions
        event: dict[str, Any] = {"actor": actor, "request": request, "using": using}
        if acted:
            _end_locked(acted, {**event, "reason": EndReason.SIGNED_OUT, "scope": None}, is_robust=is_robust)
        if own:
            _end_locked(own, {**event, "reason": reason, "scope": scope}, is_robust=is_robust)
        return len(sessions)

    return in_transaction(work, using=using)


def _is_heard() -> bool:
    """Whether a project listens to the end of sessions."""
    model = apps.get_model("auth_sessions", "Session")
    return signals.sessions_ending.has_listeners(model) or signals.sessions_ended.has_listeners(model)


def _with_dependents(sessions: list[Any], record: type[EndedSession] | None, *, using: str) -> list[Any]:
    """These sessions and those that depend on them, locked. Costs one statement for each level of those, if any."""
    if not any(session.has_dependents for session in sessions):
        return sessions
    found = {session.id: session for session in sessions}
    rows: Any = apps.get_model("auth_sessions", "Session")._base_manager.using(using)
    level = sessions
    while depended_on := [session for session in level if session.has_dependents]:
        level = []
        for batch in batches(depended_on, size=KEYS_PER_STATEMENT // 3):  # each is named three times
            people = [session.user_id for session in batch]
            of_people = rows.filter(Q(user_id__in=people) | Q(actor_id__in=people))
            # One may have been added while this transaction, which had read the keys, waited for the locks.
            dependent = of_people.filter(depends_on_id__in=[session.id for session in batch])
            level += lock_rows(dependent, has_read=True, record=record)
        level = [session for session in level if session.id not in found]
        found.update((session.id, session) for session in level)
    return [found[key] for key in sorted(found)]


def _end_locked(locked: list[Any], event: dict[str, Any], *, is_robust: bool) -> None:
    using, is_heard = event["using"], not isinstance(locked[0], EndedSession)
    records = tuple(_record_of(row) for row in locked) if is_heard else tuple(locked)
    user_ids = {record.user_id for record in records}
    event = {**event, "sender": apps.get_model("auth_sessions", "Session")}
    event["actor"] = copy(event["actor"])  # who may be changed until the commit, or be deleted and lose the key
    delete, is_certain = prepare_deletion(records, using=using), is_own(using)

    def prepare(own: Signal, public: Signal, *, is_robust: bool) -> list[Callable[[], list[tuple[Any, Any]]]]:
        """Functions that send a signal each; what a project's receivers change of the values reaches no other signal.

        They return each receiver with what it returns, or, if ``is_robust``, raises.
        """
        sent = [(own, {**event, "records": records, "user_ids": user_ids, "is_certain": is_certain})]
        if is_heard:
            told = {"user_ids": set(user_ids), "actor": copy(event["actor"]), "sessions": list(locked)}
            sent.append((public, {**event, **told}))
        return [partial(signal.send_robust if is_robust else signal.send, **values) for signal, values in sent]

    ending = prepare(records_ending, signals.sessions_ending, is_robust=is_robust)
    ended = prepare(records_ended, signals.sessions_ended, is_robust=True)
    if not is_robust:
        for send in ending:
            send()
        delete()
    else:
        for send in ending:  # each by itself: a project's receiver that fails takes nothing of the history with it
            _call_in_savepoint(partial(_raise_conflict_of, send), using=using)
        if not _call_in_savepoint(delete, using=using):
            delete_without_signals([record.id for record in records], using=using)
    for send in ended:
        transaction.on_commit(send, using=using)


def _record_of(session: Session) -> EndedSession:
    return EndedSession.of([getattr(session, name) for name in RECORDED])


def _raise_conflict_of(send: Callable[[], list[tuple[Any, Any]]]) -> None:
    """Raise what a receiver has met if the transaction cannot go on: it is tried again."""
    for _, answer in send():
        if is_conflict(answer):
            raise answer


def _call_in_savepoint(call: Callable[[], Any], *, using: str) -> bool:
    """Call receivers in a savepoint, which is rolled back if one of them fails or has broken the transaction."""
    try:
        with transaction.atomic(using=using):
            call()
            refuse_broken(using)
    except Exception as error:
        if is_conflict(error):  # the transaction cannot go on
            raise
        logger.exception("A receiver of the end of sessions failed: they end, and what receivers wrote is rolled back")
        return False
    return True
