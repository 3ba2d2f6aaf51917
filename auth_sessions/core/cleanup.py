"""Finds and ends the sessions that are not live: expired, idle, of an inactive user, or with an earlier password.

:func:`clear_expired` also ends browser sessions whose Django session is gone from its store.
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from auth_sessions import moments, signals
from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core import django_session_store
from auth_sessions.core.candidates import Candidate, Checked, lock_candidates, read_candidates
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.validity import get_end_reason, may_end
from auth_sessions.db import ending
from auth_sessions.db.batches import KEYS_PER_STATEMENT, with_keys
from auth_sessions.db.ended_session import RECORDED, EndedSession
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.models import Session

UNANSWERED = timedelta(minutes=5)
"""For how long a request may be under way that has changed the key of Django's session, or has not yet saved it."""

LOWEST_KEY = uuid.UUID(int=0)
"""Sorts before every key of a session."""


@dataclass(frozen=True, kw_only=True)
class ClearedBatch:
    """The result of one batch of :func:`clear_expired`.

    ``checked`` and ``ended`` are numbers of sessions; in a dry run, ``ended`` are those that would end. ``key`` is the
    last key that was read, ``progress`` goes from 0 to 1, and ``is_last`` tells that all sessions have been read.
    """

    checked: int
    ended: int
    key: uuid.UUID
    progress: float
    is_last: bool


def clear_expired(
    *,
    batch_size: int = 250,
    after: uuid.UUID | None = None,
    sleep: float = 0,
    max_seconds: float | None = None,
    dry_run: bool = False,
    using: str | None = None,
) -> Iterator[ClearedBatch]:
    """Read all sessions once, in key order, and end those that are not live. Yields the result of each batch.

    Browser sessions whose entry is gone from the store of Django's sessions end as well (``SIGNED_OUT``, ``LOCAL``).

    A batch is ``batch_size`` rows that are read without a lock. Those that are not live are locked, validated again and
    ended in one short transaction, by ``SessionQuerySet.end()``; rows that another transaction has locked are skipped
    until the next run. A run that is stopped loses no work: another continues ``after`` the key of the last batch.

    The run pauses for ``sleep`` seconds between two batches, and starts none later than ``max_seconds`` after its own
    start. Sessions created meanwhile are not read. With ``dry_run`` nothing ends. ``using`` is a database alias, by
    default that of the database which sessions are written to. Call it outside of a transaction. Raises ``ValueError``,
    at the first step, for a ``batch_size`` that is not from 1 to 30,000; and at the last, when all else is done, the
    error of a receiver of ``expired_cleared``, such as the history's.
    """
    if not 1 <= batch_size <= KEYS_PER_STATEMENT:
        raise ValueError(f"batch_size must be from 1 to {KEYS_PER_STATEMENT}, not {batch_size}")
    pace = Pace(max_seconds, sleep)
    sessions = all_sessions(using).order_by("pk")
    first = after or sessions.values_list("pk", flat=True).first() or LOWEST_KEY
    last = sessions.values_list("pk", flat=True).last() or LOWEST_KEY
    rows = sessions.filter(pk__lte=last)
    after, is_last = after or LOWEST_KEY, False
    while not is_last:
        found = read_candidates(rows.filter(pk__gt=after)[:batch_size])
        is_last = len(found) < batch_size
        after = found[-1].id if found else after
        over = {session.id for session in found if _end_reason(session)}
        invalid = sorted(over | _signed_out_keys(found, using=sessions.db))
        yield ClearedBatch(
            checked=len(found),
            ended=len(invalid) if dry_run else _end_still_invalid(invalid, using=sessions.db),
            key=after,
            progress=1 if is_last else _progress(first, after, last),
            is_last=is_last,
        )
        if not is_last and not pace.may_go_on():
            return
    if not dry_run:
        _clear_other_rows(using or write_alias(), pace)


class Pace:
    """How fast a run goes: another batch starts after a pause of ``sleep`` seconds, within ``max_seconds`` from now."""

    def __init__(self, max_seconds: float | None, sleep: float) -> None:
        self.sleep = sleep
        self._ends_at = None if max_seconds is None else time.monotonic() + max_seconds

    @property
    def seconds_left(self) -> float | None:
        return None if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())

    def may_go_on(self) -> bool:
        """Pause before another batch. False if that would start too late."""
        if self._ends_at is not None and time.monotonic() + self.sleep >= self._ends_at:
            return False
        if self.sleep:
            time.sleep(self.sleep)
        return True


def _clear_other_rows(using: str, pace: Pace) -> None:
    """Send ``expired_cleared``. Raises the first error of a receiver, when all have been called."""
    sent = {"using": using, "max_seconds": pace.seconds_left, "sleep": pace.sleep}
    for _, answer in signals.expired_cleared.send_robust(sender=Session, **sent):
        if isinstance(answer, Exception):
            raise answer


def _end_reason(session: Checked) -> EndReason | None:
    """Why a session ends. None also if its user has just been deleted: the session is deleted with the user."""
    if isinstance(session, Candidate) and (session.over or session.user is None):
        return session.over
    reason = get_end_reason(session, last_used_at=session.last_used_at)
    return reason if reason and may_end(session, reason) else None


def _signed_out_keys(sessions: list[Checked], *, using: str) -> set[uuid.UUID]:
    """The sessions whose Django session is gone from the store that they are known to have been in.

    Also those that were left to act in another person's name, by a browser that does so no more. Not those that may
    belong to a request under way: its entry may not be written yet, or have a new key.
    """
    seen_before = moments.add(timezone.now(), -conf.AUTH_SESSIONS_LAST_SEEN_INTERVAL - UNANSWERED)
    key_of = {
        session.django_session_key: session.id
        for session in sessions
        if session.django_session_key is not None
        and session.django_session_engine == settings.SESSION_ENGINE
        and session.last_seen_at <= seen_before
    }
    gone = {key_of[key] for key in django_session_store.missing_entries(key_of)}
    unseen = [session for session in sessions if session.last_seen_at <= seen_before]
    return gone | _abandoned_keys(unseen, using=using)


def _abandoned_keys(sessions: list[Checked], *, using: str) -> set[uuid.UUID]:
    """The sessions from which somebody acted in a browser, and which no browser can come back to."""
    left = [
        session
        for session in sessions
        if session.kind == SessionKind.BROWSER
        and (session.has_dependents or session.actor_id is not None)
        and session.django_session_key is None
        and session.django_session_engine is None
    ]
    if not left:
        return set()
    held = all_sessions(using).filter(
        kind=SessionKind.BROWSER,
        actor_id__in={session.actor_id or session.user_id for session in left},
        django_session_engine__isnull=False,
    )
    own_keys = set(held.values_list("depends_on_id", flat=True))
    return {session.id for session in left if _own_key(session) not in own_keys}


def _own_key(session: Checked) -> uuid.UUID:
    """The key of the session of the person who acts, who has not handed it over from an app: that one is not left."""
    return session.depends_on_id or session.id if session.actor_id is not None else session.id


def _end_still_invalid(keys: list[uuid.UUID], *, using: str) -> int:
    """Lock the sessions so that no request uses them meanwhile, check them again, and end those that are not live.

    All of it in one transaction. Sessions that another transaction has locked are skipped. Returns the number of
    sessions ended.
    """
    if not keys:
        return 0

    def work() -> int:
        ends: dict[tuple[EndReason, Scope | None], list[Checked]] = defaultdict(list)
        live, locked = [], lock_candidates(keys, using=using)
        for session in locked:
            if reason := _end_reason(session):
                ends[reason, None].append(session)
            else:
                live.append(session)
        signed_out = _signed_out_keys(live, using=using)
        if signed_out:
            ends[EndReason.SIGNED_OUT, Scope.LOCAL] = [session for session in live if session.id in signed_out]
        may_end_others = any(session.has_dependents for session in locked)
        ended = 0
        for (reason, scope), sessions in ends.items():
            read = partial(_read_locked, sessions, using=using, reads_again=may_end_others)
            ended += ending.end(read, using=using, reason=reason, scope=scope)
        return ended

    return in_transaction(work, using=using)


def _read_locked(
    sessions: list[Checked], record: type[EndedSession] | None, *, using: str, reads_again: bool
) -> list[Any]:
    """For ``ending.end``, sessions that the transaction has locked and read.

    They are read again where a project listens to their end, and where one may meanwhile have ended with another.
    """
    if record is None or reads_again:
        rows = with_keys(all_sessions(using), [session.id for session in sessions])
        return lock_by_primary_key(rows, record=record)
    return [record.of([getattr(session, name) for name in RECORDED]) for session in sessions]


def _progress(first: uuid.UUID, key: uuid.UUID, last: uuid.UUID) -> float:
    """The progress from 0 to 1, by time: a key (UUIDv7) starts with the time at which it was created."""
    return min(max((key.int - first.int) / max(last.int - first.int, 1), 0), 1)
