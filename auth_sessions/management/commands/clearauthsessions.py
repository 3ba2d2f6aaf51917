from argparse import ArgumentTypeError
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from auth_sessions import security_log
from auth_sessions.core.cleanup import clear_expired
from auth_sessions.db.batches import KEYS_PER_STATEMENT
from auth_sessions.management.progress import ProgressBar

LONGEST = 7 * 24 * 3600


def batch_size(text: str) -> int:
    """Parse the size of a batch."""
    if text.isdecimal() and 1 <= int(text) <= KEYS_PER_STATEMENT:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a number from 1 to {KEYS_PER_STATEMENT}")


def seconds(text: str) -> float:
    """Parse a number of seconds, at most a week."""
    try:
        if 0 <= (number := float(text)) <= LONGEST:
            return number
    except ValueError:
        pass
    raise ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to {LONGEST}")


def key(text: str) -> UUID:
    """Parse the key of a session."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not the key of a session, such as an earlier run printed") from None


class Command(BaseCommand):
    """``clearauthsessions``: runs :func:`auth_sessions.core.cleanup.clear_expired`."""

    help = (
        "Ends the sessions that are not live: expired, idle, of inactive users, or with an earlier password. They are "
        "refused with or without this command; run it daily to free storage. Each batch is a short transaction: the "
        "command can be stopped at any time, run concurrently, and split into several runs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-size", type=batch_size, default=250, metavar="ROWS", help="sessions checked at a time"
        )
        parser.add_argument("--sleep", type=seconds, default=0, metavar="SECONDS", help="pause between two batches")
        parser.add_argument(
            "--max-seconds",
            type=seconds,
            metavar="SECONDS",
            help="start no batch later than this, and print the key to continue after",
        )
        parser.add_argument(
            "--after", type=key, metavar="KEY", help="continue after this key, at which an earlier run stopped"
        )
        parser.add_argument("--dry-run", action="store_true", help="only print the number of sessions")
        parser.add_argument("--database", choices=tuple(connections), help="the database to clear")

    def handle(self, *args: object, database: str | None, **options: Any) -> None:
        names = ("batch_size", "sleep", "max_seconds", "after", "dry_run")
        bar, checked, ended = ProgressBar(self.stdout), 0, 0
        continue_after = options["after"]
        try:
            for batch in clear_expired(using=database, **{name: options[name] for name in names}):
                checked, ended, continue_after = checked + batch.checked, ended + batch.ended, batch.key
                bar.show(batch.progress, f"{checked} checked, {ended} ended")
        except BaseException:
            if continue_after:
                self.stderr.write(f"Stopped after {ended} sessions ended, at --after {continue_after}")
            raise
        finally:
            if ended and not options["dry_run"]:
                security_log.write(security_log.ADMIN_ACTION, command="clearauthsessions", count=ended)
        bar.close()
        if not batch.is_last:
            self.stdout.write(f"Time is up. Continue with --after {batch.key}")
        summary = "sessions would be ended." if options["dry_run"] else "sessions ended."
        self.stdout.write(self.style.SUCCESS(f"{ended} {summary}"))
