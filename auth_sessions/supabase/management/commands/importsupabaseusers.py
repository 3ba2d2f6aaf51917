import csv
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from auth_sessions import security_log
from auth_sessions.core.database import write_alias
from auth_sessions.supabase.imports import COLUMNS, Outcome, import_users

LONGEST_VALUE = 16 * 1024 * 1024
"""Metadata may hold a picture."""


class Command(BaseCommand):
    """``importsupabaseusers``: runs :func:`auth_sessions.supabase.imports.import_users`."""

    help = (
        "Creates the users of Supabase Auth from a CSV file of its table auth.users, with their ids, passwords and "
        "metadata; all of them, or none if a row cannot be read. Users who are known already are left as they are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help=f"a CSV file with a header and the columns {', '.join(COLUMNS)}")

    def handle(self, *args: object, file: Path, **options: Any) -> None:
        csv.field_size_limit(LONGEST_VALUE)
        outcomes: Counter[Outcome] = Counter()
        with file.open(newline="") as lines, transaction.atomic(using=write_alias()):
            rows = csv.DictReader(lines)
            if missing := set(COLUMNS) - set(rows.fieldnames or ()):
                raise CommandError(f"{file} has no column {', '.join(sorted(missing))}.")
            try:
                for key, outcome in import_users(rows):
                    outcomes[outcome] += 1
                    if outcome not in {Outcome.IMPORTED, Outcome.KNOWN}:
                        self.stderr.write(f"{key}: {outcome}")
            except ValueError as error:
                raise CommandError(f"{file}, line {rows.line_num}: {error} No user was imported.") from error
        count = outcomes[Outcome.IMPORTED]
        security_log.write(security_log.ADMIN_ACTION, command="importsupabaseusers", count=count)
        summary = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "none"
        self.stdout.write(self.style.SUCCESS(f"Users: {summary}."))
