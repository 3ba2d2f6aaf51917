"""How sessions that are over (expired, idle, of an inactive user or another password) are found and ended."""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects

from auth_sessions.choices import EndReason
from auth_sessions.core.rows import all_sessions, all_users, database
from auth_sessions.core.usage import over
from auth_sessions.db.deletion import KEYS_PER_STATEMENT
from auth_sessions.models import RefreshToken, Session
from auth_sessions.querysets import SessionQuerySet, lock

JUDGED_BY = ("user", "kind", "expires_at", "last_seen_at", "password_fingerprint")

TOKEN_OF_SESSION: Any = Session._meta.get_field("refresh_token")
"""The relation, to say by that there is none without asking the database."""

NIL = uuid.UUID(int=0)
"""Before all keys."""


@dataclass(frozen=True, kw_only=True)
class SweptBatch:
    """What one batch of :func:`sweep` did. ``key`` is the last it looked at; ``share`` how far through, from 0 to 1."""

    looked_at: int
    ended: int
    key: uuid.UUID
    share: float
    is_last: bool


def purge(
    *, batch_size: int = 250, sleep: float = 0, max_seconds: float | None = None, using: str | None = None
) -> int:
    """End every session that is over, whoever's it is, as :func:`sweep` does. Returns how many ended.

    Housekeeping only: a session that is over is refused whether or not this has run.
    """
    batches = sweep(batch_size=batch_size, sleep=sleep, max_seconds=max_seconds, using=using)
    return sum(batch.ended for batch in batches)


def sweep(
    *,
    batch_size: int = 250,
    after: uuid.UUID | None = None,
    sleep: float = 0,
    max_seconds: float | None = None,
    dry_run: bool = False,
    using: str | None = None,
) -> Iterator[SweptBatch]:
    """Go through all sessions once, in key order, and end those that are over; a batch at each step.

    A batch is ``batch_size`` rows looked at without a lock. Those that are over are locked, judged again and ended in
    one short transaction, through ``SessionQuerySet.end()``; what somebody else has locked is left for the next sweep.
    Each batch stands by itself: a sweep that is stopped loses nothing, and another goes on ``after`` its last key.

    ``sleep`` seconds lie between two batches, none begins later than ``max_seconds`` after the first, and sessions
    begun meanwhile are not looked at. ``using`` is a database alias. Run it outside of a transaction.
    """
    if not 1 <= batch_size <= KEYS_PER_STATEMENT:
        raise ValueError(f"batch_size must be from 1 to {KEYS_PER_STATEMENT}, not {batch_size}")
    began = time.monotonic()
    sessions = all_sessions(using).order_by("pk")
    first = after or sessions.values_list("pk", flat=True).first() or NIL
    last = sessions.values_list("pk", flat=True).last() or NIL
    rows = _as_judged(sessions.filter(pk__lte=last))
    after, is_last = after or NIL, False
    while not is_last:
        found = list(rows.filter(pk__gt=after)[:batch_size])
        is_last = len(found) < batch_size
        after = found[-1].pk if found else after
        suspects = _those_over(found)
        yield SweptBatch(
            looked_at=len(found),
            ended=len(suspects) if dry_run else _end_those_still_over(suspects, skip_locked=True, using=using),
            key=after,
            share=1 if is_last else _share(first, after, last),
            is_last=is_last,
        )
        if max_seconds is not None and time.monotonic() + sleep - began >= max_seconds:
            return
        if sleep and not is_last:
            time.sleep(sleep)


def _as_judged(sessions: SessionQuerySet) -> SessionQuerySet:
    """With users and tokens, each read by key: in one join a planner may begin at the first token of all."""
    users = all_users(sessions.db)
    tokens = RefreshToken.objects.using(sessions.db).only("rotated_at")
    return sessions.only(*JUDGED_BY).prefetch_related(Prefetch("user", users), Prefetch("refresh_token", tokens))


def end_outdated(user_id: Any) -> int:
    """End those of a user's sessions that are over (expired, idle, inactive, another password); how many there were."""
    return _end_those_still_over(_those_over(_as_judged(all_sessions().filter(user_id=user_id))))


def _those_over(sessions: Iterable[Session]) -> list[uuid.UUID]:
    return [session.pk for session in sessions if _why_over(session)]


def _why_over(session: Session) -> EndReason | None:
    """None also where the user was deleted just now, since the session goes with them."""
    return over(session, last_used_at=session.last_used_at) if hasattr(session, "user") else None


def _end_those_still_over(keys: list[uuid.UUID], *, skip_locked: bool = False, using: str | None = None) -> int:
    """Judge again where nobody can use the sessions meanwhile, and end those still over, in one transaction."""
    if not keys:
        return 0
    using = using or database()
    reasons: dict[EndReason, list[uuid.UUID]] = defaultdict(list)
    with transaction.atomic(using=using):
        for session in _lock_with_tokens(keys, skip_locked=skip_locked, using=using):
            if reason := _why_over(session):
                reasons[reason].append(session.pk)
        return sum(all_sessions(using).filter(pk__in=found).end(reason=reason) for reason, found in reasons.items())


def _lock_with_tokens(keys: list[uuid.UUID], *, skip_locked: bool, using: str) -> list[Session]:
    """The sessions, locked as ``end()`` would, and their refresh tokens, which a refresh writes without the session.

    The users are read last and not locked: whoever changes one locks it before any session.
    """
    sessions = lock(all_sessions(using).filter(pk__in=keys).only(*JUDGED_BY), skip_locked=skip_locked)
    refresh_tokens = RefreshToken.objects.using(using).filter(pk__in=[session.pk for session in sessions])
    tokens = {token.pk: token for token in lock(refresh_tokens.only("rotated_at"), skip_locked=skip_locked)}
    in_use = set(refresh_tokens.values_list("pk", flat=True)) - tokens.keys()
    prefetch_related_objects(sessions, Prefetch("user", all_users(using)))
    for session in sessions:
        TOKEN_OF_SESSION.set_cached_value(session, tokens.get(session.pk))
    return [session for session in sessions if session.pk not in in_use]


def _share(first: uuid.UUID, key: uuid.UUID, last: uuid.UUID) -> float:
    """How far through, as time goes: a key begins with the moment it was made."""
    return min(max((key.int - first.int) / max(last.int - first.int, 1), 0), 1)
