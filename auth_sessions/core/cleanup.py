"""How sessions that no longer count (expired, idle, of an inactive user or another password) are found and ended."""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects

from auth_sessions.choices import EndReason
from auth_sessions.core.rows import all_sessions, all_users, write_alias
from auth_sessions.core.validity import get_end_reason
from auth_sessions.db.compiled import set_related
from auth_sessions.db.deletion import KEYS_PER_STATEMENT
from auth_sessions.db.locking import lock
from auth_sessions.models import RefreshToken, Session
from auth_sessions.querysets import SessionQuerySet

READ_FIELDS = ("user", "kind", "expires_at", "last_seen_at", "password_fingerprint")

NIL = uuid.UUID(int=0)
"""Before all keys."""


@dataclass(frozen=True, kw_only=True)
class ClearedBatch:
    """What one batch of :func:`clear_expired` did.

    ``key`` is the last it read; ``progress`` is the progress, from 0 to 1.
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
    """Go through all sessions once, in key order, and end those that no longer count; a batch at each step.

    A batch is ``batch_size`` rows read without a lock. Those that no longer count are locked, validated again and ended
    in one short transaction, by ``SessionQuerySet.end()``; what another transaction has locked is left for the next
    run. Each batch stands by itself: a run that is stopped loses nothing, and another continues ``after`` its last key.

    ``sleep`` seconds lie between two batches, none begins later than ``max_seconds`` after the first, and sessions
    created meanwhile are not read. ``using`` is a database alias. Run it outside of a transaction.
    """
    if not 1 <= batch_size <= KEYS_PER_STATEMENT:
        raise ValueError(f"batch_size must be from 1 to {KEYS_PER_STATEMENT}, not {batch_size}")
    started = time.monotonic()
    sessions = all_sessions(using).order_by("pk")
    first = after or sessions.values_list("pk", flat=True).first() or NIL
    last = sessions.values_list("pk", flat=True).last() or NIL
    rows = _with_relations(sessions.filter(pk__lte=last))
    after, is_last = after or NIL, False
    while not is_last:
        found = list(rows.filter(pk__gt=after)[:batch_size])
        is_last = len(found) < batch_size
        after = found[-1].pk if found else after
        invalid = _invalid_keys(found)
        yield ClearedBatch(
            checked=len(found),
            ended=len(invalid) if dry_run else _end_still_invalid(invalid, skip_locked=True, using=using),
            key=after,
            progress=1 if is_last else _progress(first, after, last),
            is_last=is_last,
        )
        if max_seconds is not None and time.monotonic() + sleep - started >= max_seconds:
            return
        if sleep and not is_last:
            time.sleep(sleep)


def _with_relations(sessions: SessionQuerySet) -> SessionQuerySet:
    """With users and tokens, each read by key: in one join a planner may start at the first token of all."""
    users = all_users(sessions.db)
    tokens = RefreshToken.objects.using(sessions.db).only("rotated_at")
    return sessions.only(*READ_FIELDS).prefetch_related(Prefetch("user", users), Prefetch("refresh_token", tokens))


def end_invalid_sessions(user_id: Any) -> int:
    """End those of a user's sessions that no longer count, whatever the reason. Returns how many there were."""
    return _end_still_invalid(_invalid_keys(_with_relations(all_sessions().filter(user_id=user_id))))


def _invalid_keys(sessions: Iterable[Session]) -> list[uuid.UUID]:
    return [session.pk for session in sessions if _end_reason(session)]


def _end_reason(session: Session) -> EndReason | None:
    """None also where the user was deleted just now, since the session goes with them."""
    return get_end_reason(session, last_used_at=session.last_used_at) if hasattr(session, "user") else None


def _end_still_invalid(keys: list[uuid.UUID], *, skip_locked: bool = False, using: str | None = None) -> int:
    """Validate again where nobody can use the sessions meanwhile, and end those still invalid, in one transaction."""
    if not keys:
        return 0
    using = using or write_alias()
    reasons: dict[EndReason, list[uuid.UUID]] = defaultdict(list)
    with transaction.atomic(using=using):
        for session in _lock_with_tokens(keys, skip_locked=skip_locked, using=using):
            if reason := _end_reason(session):
                reasons[reason].append(session.pk)
        return sum(all_sessions(using).filter(pk__in=found).end(reason=reason) for reason, found in reasons.items())


def _lock_with_tokens(keys: list[uuid.UUID], *, skip_locked: bool, using: str) -> list[Session]:
    """The sessions, locked as ``end()`` would, and their refresh tokens, which a refresh writes without the session.

    The users are read last and not locked: whoever changes one locks it before any session.
    """
    sessions = lock(all_sessions(using).filter(pk__in=keys).only(*READ_FIELDS), skip_locked=skip_locked)
    refresh_tokens = RefreshToken.objects.using(using).filter(pk__in=[session.pk for session in sessions])
    tokens = {token.pk: token for token in lock(refresh_tokens.only("rotated_at"), skip_locked=skip_locked)}
    in_use = set(refresh_tokens.values_list("pk", flat=True)) - tokens.keys()
    prefetch_related_objects(sessions, Prefetch("user", all_users(using)))
    for session in sessions:
        set_related(session, "refresh_token", tokens.get(session.pk))
    return [session for session in sessions if session.pk not in in_use]


def _progress(first: uuid.UUID, key: uuid.UUID, last: uuid.UUID) -> float:
    """How far through, in time: a key starts with the moment it was created."""
    return min(max((key.int - first.int) / max(last.int - first.int, 1), 0), 1)
