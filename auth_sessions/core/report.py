"""What ``authsessionsreport`` says: the sessions as they are now, and what has happened in the last hours.

One statement reads each session once, with its refresh token. Where ``auth_sessions.activity`` is installed, one more
reads the history of those hours, by its key, and one its first row.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import Count, Min, Q
from django.utils import timezone

from auth_sessions import moments
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.db.uuid7 import first_key_of
from auth_sessions.querysets import LAST_USED_AT, live_at, unused_since

AGES = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
"""The ages that are counted: up to a day, up to a week, up to 30 days. What is older is counted as such."""

REFRESHED_WITHIN = {"last_minute": timedelta(minutes=1), "last_hour": timedelta(hours=1)}

HISTORY = "auth_sessions.activity"
HISTORY_MODEL: str = "auth_sessions_activity.Activity"


def read_report(*, using: str | None = None, hours: int = 24) -> dict[str, Any]:
    """The report, as JSON has it: numbers, texts, and None for what is not known.

    ``live``: the sessions that are neither expired nor idle, by kind and by age. Passwords are not compared, which SQL
    cannot. ``refreshes``: the sessions whose last refresh was within a minute and within an hour. ``overdue``: the
    sessions that are not live and still stored, and for how long the first of them has been; and for how long the first
    row of the history has been due for deletion. ``ended`` (by reason) and ``reused``: what the history has of the last
    ``hours``; None without one.
    """
    alias, now = using or write_alias(), timezone.now()
    counted = all_sessions(alias).aggregate(**_aggregates(now))
    recorded = _count_recorded(alias, since=moments.add(now, -timedelta(hours=hours)))
    return {
        "database": alias,
        "time": datetime.fromtimestamp(now.timestamp(), tz=UTC).isoformat(timespec="seconds"),
        "live": {
            "total": sum(counted[kind] for kind in SessionKind.values),
            "by_kind": {kind: counted[kind] for kind in SessionKind.values},
            "by_age": {name: counted[name] for name in (*AGES, "older")},
        },
        "refreshes": {name: counted[name] for name in REFRESHED_WITHIN},
        "overdue": {
            "total": counted["overdue"],
            "oldest_seconds": _overdue_for(counted),
            "history_seconds": _history_overdue_for(alias),
        },
        "hours": hours,
        **recorded,
    }


def _aggregates(now: datetime) -> dict[str, Any]:
    live = live_at(now)
    conditions = {kind: live & Q(kind=kind) for kind in SessionKind.values}
    younger = Q()
    for name, age in AGES.items():
        since = moments.add(now, -age)
        conditions[name] = live & younger & Q(created_at__gt=since)
        younger = Q(created_at__lte=since)
    conditions["older"] = live & younger
    for name, time in REFRESHED_WITHIN.items():
        since = moments.add(now, -time)
        conditions[name] = Q(refresh_token__generation__gt=0, refresh_token__rotated_at__gt=since)
    conditions["overdue"] = ~live
    counts: dict[str, Any] = {name: Count("pk", filter=condition) for name, condition in conditions.items()}
    counts["expired_at"] = Min("expires_at", filter=Q(expires_at__lte=moments.as_bound(now)))
    if conf.AUTH_SESSIONS_IDLE_TIMEOUT is not None:
        idle = unused_since(moments.add(now, -conf.AUTH_SESSIONS_IDLE_TIMEOUT))
        counts["unused_since"] = Min(LAST_USED_AT, filter=idle)
    return counts


def _overdue_for(counted: dict[str, Any]) -> int | None:
    """For how many seconds the first of the sessions has not been live that are still stored."""
    since = [counted["expired_at"]] if counted["expired_at"] is not None else []
    if conf.AUTH_SESSIONS_IDLE_TIMEOUT is not None and counted["unused_since"] is not None:
        since.append(moments.add(counted["unused_since"], conf.AUTH_SESSIONS_IDLE_TIMEOUT))
    return max(int(moments.age(moment).total_seconds()) for moment in since) if since else None


def _history_overdue_for(alias: str) -> int | None:
    """For how many seconds the first row of the history has been older than it may become; None if it is not."""
    days, history = conf.AUTH_SESSIONS_ACTIVITY_DAYS, _history(alias)
    if history is None or days is None:
        return None
    first = history.order_by("pk").values_list("created_at", flat=True).first()
    seconds = 0 if first is None else int((moments.age(first) - timedelta(days=days)).total_seconds())
    return seconds if seconds > 0 else None


def _history(alias: str) -> Any:
    """The rows of the history; None where it is not installed."""
    if not apps.is_installed(HISTORY):
        return None
    model: Any = apps.get_model(HISTORY_MODEL)
    return model._base_manager.using(alias)


def _count_recorded(alias: str, *, since: datetime) -> dict[str, Any]:
    if (history := _history(alias)) is None:
        return {"ended": None, "reused": None}
    # By the key, a UUIDv7: there is no index of the time. Where a clock was ahead, so are its keys.
    rows = history.filter(pk__gte=first_key_of(since), created_at__gte=since)
    found = rows.filter(kind__in=["signed_out", "refresh_token_reused"]).values_list("kind", "reason")
    ended, reused = dict.fromkeys(EndReason.values, 0), 0
    for kind, reason, number in found.annotate(number=Count("pk")).order_by():
        if kind == "signed_out":
            ended[reason] = number
        else:
            reused += number
    return {"ended": ended, "reused": reused}
