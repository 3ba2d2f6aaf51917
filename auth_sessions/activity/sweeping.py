"""Deletes old rows of the history, and shortens the addresses of others.

In batches, each of which is a transaction of its own: a run that is stopped loses no work, and the next one goes on.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from auth_sessions import moments
from auth_sessions.activity.addresses import shortened
from auth_sessions.activity.models import Activity
from auth_sessions.conf import conf
from auth_sessions.core.cleanup import Pace
from auth_sessions.db.bulk import update_rows
from auth_sessions.db.row_deletion import delete_by_key
from auth_sessions.db.transactions import in_transaction

BATCH = 1000
"""How many rows one transaction deletes or changes."""

ADDRESSES = ("ip_address", "presented_ip_address")


def clear_expired(*, using: str, max_seconds: float | None = None, sleep: float = 0) -> tuple[int, int]:
    """Delete the rows older than ``AUTH_SESSIONS_ACTIVITY_DAYS``, and shorten the addresses of those older than
    ``AUTH_SESSIONS_IP_RETENTION_DAYS``. Returns the numbers of rows.

    Each of both does at least one batch, and starts another none later than ``max_seconds`` after the start of the run.
    """
    pace = Pace(max_seconds, sleep)
    return _delete_old(using, pace), _shorten_addresses(using, pace)


def _delete_old(using: str, pace: Pace) -> int:
    if conf.AUTH_SESSIONS_ACTIVITY_DAYS is None:
        return 0
    rows = Activity.objects.using(using)
    return sum(
        in_transaction(partial(delete_by_key, Activity, [row.pk for row in batch], using=using), using=using)
        for batch in _batches(rows, pace, days=conf.AUTH_SESSIONS_ACTIVITY_DAYS)
    )


def _shorten_addresses(using: str, pace: Pace) -> int:
    if conf.AUTH_SESSIONS_IP_RETENTION_DAYS is None:
        return 0
    # Not `has_full_address=True`, which Django writes as the bare column: SQLite does not look that up in an index.
    rows = Activity.objects.using(using).filter(has_full_address__in=[True])
    return sum(
        _shorten(batch, using=using) for batch in _batches(rows, pace, days=conf.AUTH_SESSIONS_IP_RETENTION_DAYS)
    )


def _shorten(batch: list[Activity], *, using: str) -> int:
    for row in batch:
        row.has_full_address = False
        for name in ADDRESSES:
            setattr(row, name, shortened(getattr(row, name)))
    in_transaction(partial(update_rows, batch, ("has_full_address", *ADDRESSES), using=using), using=using)
    return len(batch)


def _batches(rows: QuerySet[Activity], pace: Pace, *, days: int) -> Iterator[list[Activity]]:
    """The rows older than so many days, oldest first. A batch is read when the one before has been processed.

    The key, which is by time, serves the order; the time itself decides. None is read twice: what was deleted is still
    in the index.
    """
    cutoff = moments.add(timezone.now(), -timedelta(days=days))
    rows, after = rows.only("created_at", *ADDRESSES).order_by("pk"), UUID(int=0)
    while True:
        oldest = list(rows.filter(pk__gt=after)[:BATCH])
        old = [row for row in oldest if row.created_at <= cutoff]
        if old:
            after = oldest[-1].pk
            yield old
        if len(old) < BATCH or not pace.may_go_on():
            return
