"""Rows of the history as CSV (RFC 4180), line by line, whose cells no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.db.models import QuerySet

from auth_sessions.activity.models import Activity

BATCH = 1000

_SIGNS = r"[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001 - the full-width forms

FORMULA = re.compile(rf"^(?= *{_SIGNS})|[,;\t\r\n](?=[\s\"']*{_SIGNS})")
"""Where a formula may begin (OWASP, "CSV Injection"): in a cell, and after what separates cells.

A spreadsheet that separates by the semicolon, as in much of Europe, splits a quoted cell at each.
"""

COLUMNS = (
    "id",
    "time",
    "event",
    "user",
    "actor",
    "reason",
    "scope",
    "session",
    "name",
    "device",
    "user agent",
    "address",
    "last used",
    "other device",
    "other user agent",
    "other address",
)


class _Echo:
    """A file that returns what is written to it."""

    def write(self, value: str) -> str:
        return value


def as_csv(activities: QuerySet[Activity]) -> Iterator[str]:
    """The rows, newest first, in batches by key: the response may take long, and holds no cursor open."""
    writer = csv.writer(cast("Any", _Echo()), quoting=csv.QUOTE_ALL)
    yield writer.writerow(COLUMNS)
    for activity in _in_batches(activities.select_related("user", "actor")):
        yield writer.writerow([neutralised(value) for value in _values(activity)])


def _in_batches(activities: QuerySet[Activity]) -> Iterator[Activity]:
    ordered = activities.order_by("-pk")
    batch = list(ordered[:BATCH])
    while batch:
        yield from batch
        batch = list(ordered.filter(pk__lt=batch[-1].pk)[:BATCH])


def neutralised(value: object) -> str:
    """The text of a cell: what might be a formula has an apostrophe before it."""
    return FORMULA.sub(r"\g<0>'", "" if value is None else str(value))


def _values(activity: Activity) -> Iterable[object]:
    other = activity.presented_device
    last_used_at = activity.last_used_at
    return (
        activity.pk,
        activity.created_at.isoformat(),
        activity.kind,
        activity.user.get_username(),
        None if activity.actor is None else activity.actor.get_username(),
        activity.reason,
        activity.scope,
        activity.session_id,
        activity.name,
        activity.device.label,
        activity.user_agent,
        activity.ip_address,
        None if last_used_at is None else last_used_at.isoformat(),
        None if other is None else other.label,
        activity.presented_user_agent,
        activity.presented_ip_address,
    )
