"""Finds and ends the sessions that are not live: expired, idle, of an inactive user, or with an earlier password.

:func:`clear_expired` also ends browser sessions whose Django session is gone from its store.
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone

from auth_sessions import moments, signals
from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core import django_session_store
from auth_sessions.core.database import all_sessions, all_users, write_alias
from auth_sessions.core.validity import get_end_reason, may_end
from auth_sessions.db.batches import KEYS_PER_STATEMENT
from auth_sessions.db.compiled import set_related
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.models import RefreshToken, Session
from auth_sessions.querysets import SessionQuerySet

READ_FIELDS = (
    "user",
    "actor",
    "depends_on",
    "has_dependents",
    "kind",
    "expires_at",
    "last_seen_at",
    "auth_backend",
    "password_fingerprint",
    "django_session_key",
    "django_session_engine",
)

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
    rows = _with_relations(sessions.filter(pk__lte=last))
    after, is_last = after or LOWEST_KEY, False
    while not is_last:
        found = list(rows.filter(pk__gt=after)[:batch_size])
        is_last = len(found) < batch_size
        after = found[-1].pk if found else after
        invalid = sorted({*_invalid_keys(found), *_signed_out_keys(found)})
        yield ClearedBatch(
            checked=len(found),
            ended=len(invalid) if dry_run else _end_still_invalid(invalid, is_sweep=True, using=using),
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


def _with_relations(sessions: SessionQuerySet) -> SessionQuerySet:
    """The sessions with users and tokens, which are read by key: for a join, a planner may scan all tokens."""
    users = all_users(sessions.db)
    tokens = RefreshToken.objects.using(sessions.db).only("rotated_at")
    return (
        sessions.with_user_visibility()
        .only(*READ_FIELDS)
        .prefetch_related(Prefetch("user", users), Prefetch("refresh_token", tokens))
    )


def _invalid_keys(sessions: Iterable[Session]) -> list[uuid.UUID]:
    return [session.pk for session in sessions if _end_reason(session)]


def _end_reason(session: Session) -> EndReason | None:
    """Why a session ends. None also if its user has just been deleted: the session is deleted with the user."""
    if not hasattr(session, "user"):
        return None
    reason = get_end_reason(session, last_used_at=session.last_used_at)
    return reason if reason and may_end(session, reason) else None


def _signed_out_keys(sessions: list[Session]) -> set[uuid.UUID]:
    """The sessions whose Django session is gone from the store that they are known to have been in.

    Also those that were left to act in another person's name, by a browser that does so no more. Not those that may
    belong to a request under way: its entry may not be written yet, or have a new key.
    """
    seen_before = moments.add(timezone.now(), -conf.AUTH_SESSIONS_LAST_SEEN_INTERVAL - UNANSWERED)
    pk_of = {
        session.django_session_key: session.pk
        for session in sessions
        if session.django_session_key is not None
        and session.django_session_engine == settings.SESSION_ENGINE
        and session.last_seen_at <= seen_before
    }
    gone = {pk_of[key] for key in django_session_store.missing_entries(pk_of)}
    return gone | _abandoned_keys([session for session in sessions if session.last_seen_at <= seen_before])


def _abandoned_keys(sessions: list[Session]) -> set[uuid.UUID]:
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
    held = all_sessions(left[0]._state.db).filter(
        kind=SessionKind.BROWSER,
        actor_id__in={session.actor_id or session.user_id for session in left},
        django_session_engine__isnull=False,
    )
    own_keys = set(held.values_list("depends_on_id", flat=True))
    return {session.pk for session in left if _own_key(session) not in own_keys}


def _own_key(session: Session) -> uuid.UUID:
    """The key of the session of the person who acts, who has not handed it over from an app: that one is not left."""
    return session.depends_on_id or session.pk if session.is_staff_help else session.pk


def _end_still_invalid(keys: list[uuid.UUID], *, is_sweep: bool = False, using: str | None = None) -> int:
    """Lock the sessions so that no request uses them meanwhile, validate them again, and end those that are not live.

    All of it in one transaction. A sweep skips sessions that another transaction has locked, and also ends those whose
    Django session is gone. Returns the number of sessions ended.
    """
    if not keys:
        return 0
    using = using or write_alias()

    def work() -> int:
        reasons: dict[EndReason, list[uuid.UUID]] = defaultdict(list)
        sessions = _lock_with_tokens(keys, skip_locked=is_sweep, using=using)
        for session in sessions:
            if reason := _end_reason(session):
                reasons[reason].append(session.pk)
        ended = sum(all_sessions(using).filter(pk__in=found).end(reason=reason) for reason, found in reasons.items())
        if is_sweep:
            judged = {key for found in reasons.values() for key in found}
            signed_out = _signed_out_keys([session for session in sessions if session.pk not in judged])
            rows = all_sessions(using).filter(pk__in=signed_out)
            ended += rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL) if signed_out else 0
        return ended

    return in_transaction(work, using=using)


def _lock_with_tokens(keys: list[uuid.UUID], *, skip_locked: bool, using: str) -> list[Session]:
    """Lock the sessions, as ``end()`` does, and their refresh tokens, which a refresh writes without the session.

    Sessions whose token was not locked are left out. The users are read last and are not locked: a transaction that
    changes a user locks it before any session.
    """
    rows = all_sessions(using).with_user_visibility().filter(pk__in=keys).only(*READ_FIELDS)
    sessions = lock_by_primary_key(rows, skip_locked=skip_locked)
    refresh_tokens = RefreshToken.objects.using(using).filter(pk__in=[session.pk for session in sessions])
    locked = lock_by_primary_key(refresh_tokens.only("rotated_at"), skip_locked=skip_locked)
    tokens = {token.pk: token for token in locked}
    locked_by_others = set(refresh_tokens.values_list("pk", flat=True)) - tokens.keys()
    prefetch_related_objects(sessions, Prefetch("user", all_users(using)))
    for session in sessions:
        set_related(session, "refresh_token", tokens.get(session.pk))
    return [session for session in sessions if session.pk not in locked_by_others]


def _progress(first: uuid.UUID, key: uuid.UUID, last: uuid.UUID) -> float:
    """The progress from 0 to 1, by time: a key (UUIDv7) starts with the time at which it was created."""
    return min(max((key.int - first.int) / max(last.int - first.int, 1), 0), 1)
