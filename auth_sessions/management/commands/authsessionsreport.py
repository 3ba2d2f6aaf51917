import json
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from auth_sessions.conf import conf
from auth_sessions.core.report import HISTORY, read_report

LONGEST = 24 * 366
NOT_RECORDED = "not recorded (auth_sessions.activity is not installed)"


def hours(text: str) -> int:
    """Parse a number of hours, at most a year."""
    if text.isdecimal() and text.isascii() and 1 <= int(text) <= LONGEST:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a number of hours from 1 to {LONGEST}")


class Command(BaseCommand):
    """``authsessionsreport``: prints :func:`auth_sessions.core.report.read_report`."""

    help = (
        "Prints how many sessions are live, refreshed and overdue for the clean-up, and, where auth_sessions.activity "
        "is installed, how many have ended and why. Reads each session once, and locks none."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=("text", "json"), default="text", help="text by default")
        parser.add_argument(
            "--hours", type=hours, default=24, metavar="HOURS", help="how far back the history is read, 24 by default"
        )
        parser.add_argument("--database", choices=tuple(connections), help="the database to read")

    def handle(self, *args: object, format: str, hours: int, database: str | None, **options: Any) -> None:  # noqa: A002
        days = conf.AUTH_SESSIONS_ACTIVITY_DAYS
        if apps.is_installed(HISTORY) and days is not None and hours > days * 24:
            raise CommandError(f"The history is kept for {days} days (AUTH_SESSIONS_ACTIVITY_DAYS): {days * 24} hours.")
        report = read_report(using=database, hours=hours)
        self.stdout.write(json.dumps(report) if format == "json" else "\n".join(_lines(report)))


def _lines(report: dict[str, Any]) -> Iterator[str]:
    live, refreshes, overdue = report["live"], report["refreshes"], report["overdue"]
    ages = {"day": "up to a day old", "week": "up to a week", "month": "up to 30 days", "older": "older"}
    yield f"Sessions in {report['database']}, {report['time']}"
    yield _row("live", live["total"])
    yield from (_row(f"  {kind}", number) for kind, number in live["by_kind"].items())
    yield from (_row(f"  {ages[name]}", number) for name, number in live["by_age"].items())
    yield _row("refreshed in the last minute", refreshes["last_minute"])
    yield _row("refreshed in the last hour", refreshes["last_hour"])
    yield _row("not live, and not swept yet", overdue["total"])
    if overdue["oldest_seconds"] is not None:
        yield _row("  the first of them since", f"{timedelta(seconds=overdue['oldest_seconds'])}")
    if overdue["history_seconds"] is not None:
        yield _row("history not deleted, since", f"{timedelta(seconds=overdue['history_seconds'])}")
    yield f"In the last {report['hours']} hours"
    if report["ended"] is None:
        yield _row("ended", NOT_RECORDED)
        yield _row("refresh tokens reused", NOT_RECORDED)
        return
    yield _row("ended", sum(report["ended"].values()))
    yield from (_row(f"  {reason}", number) for reason, number in report["ended"].items() if number)
    yield _row("refresh tokens reused", report["reused"])


def _row(name: str, value: object) -> str:
    return f"{name:<32}{value:>12}" if isinstance(value, int) else f"{name:<32}{value}"
