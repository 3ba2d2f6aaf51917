"""Deletes old rows of the history, and shortens the addresses of others.

In batches, each of which is a transaction of its own: a run that is stopped loses no work, and the next one goes on.
"""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from auth_sessions import moments
from auth_sessions.activity.addresses import shortened
from auth_sessions.activity.models import Activity
from auth_sessions.conf import conf
from auth_sessions.db.transactions import in_transaction

BATCH = 1000
"""How many rows one transaction deletes or changes."""

UPDATED = 100
"""How many rows one statement changes, each to other values."""


def clear_expired(*, using: str) -> tuple[int, int]:
    """Delete the rows older than ``AUTH_SESSIONS_ACTIVITY_DAYS``, and shorten the addresses of those older than
    ``AUTH_SESSIONS_IP_RETENTION_DAYS``. Returns the numbers of rows.
    """
    return _delete_old(using), _shorten_addresses(using)


def _delete_old(using: str) -> int:
    if conf.AUTH_SESSIONS_ACTIVITY_DAYS is None:
        return 0
    cutoff = moments.add(timezone.now(), -timedelta(days=conf.AUTH_SESSIONS_ACTIVITY_DAYS))
    deleted, rows = 0, Activity.objects.using(using)
    while True:
        oldest = list(rows.order_by("pk").values_list("pk", "created_at")[:BATCH])
        old = [pk for pk, created_at in oldest if created_at < cutoff]
        if old:
            deleted += in_transaction(partial(_delete, rows, old), using=using)
        if len(old) < BATCH:
            return deleted


def _delete(rows: QuerySet[Activity], keys: list[UUID]) -> int:
    return rows.filter(pk__in=keys).delete()[0]


def _shorten_addresses(using: str) -> int:
    if conf.AUTH_SESSIONS_IP_RETENTION_DAYS is None:
        return 0
    cutoff = moments.add(timezone.now(), -timedelta(days=conf.AUTH_SESSIONS_IP_RETENTION_DAYS))
    changed, rows = 0, Activity.objects.using(using).filter(has_full_address=True)
    addresses = ("ip_address", "presented_ip_address")
    changed_fields = ("has_full_address", *addresses)
    while True:
        oldest = list(rows.order_by("pk").only("created_at", *addresses)[:BATCH])
        old = [row for row in oldest if row.created_at <= cutoff]
        for row in old:
            row.has_full_address = False
            for name in addresses:
                setattr(row, name, shortened(getattr(row, name)))
        if old:
            changed += in_transaction(partial(rows.bulk_update, old, changed_fields, UPDATED), using=using)
        if len(old) < BATCH:
            return changed
