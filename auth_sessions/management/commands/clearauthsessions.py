from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from auth_sessions import lifecycle


class Command(BaseCommand):
    help = (
        "Ends the sessions that are over: expired, unused for too long, of inactive users, or of a password since "
        "changed. They are refused with or without this; run it daily to free the storage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch-size", type=int, default=1000, help="sessions looked at in one go")

    def handle(self, *args: Any, **options: Any) -> None:
        ended = lifecycle.purge(batch_size=options["batch_size"])
        self.stdout.write(self.style.SUCCESS(f"{ended} sessions ended."))
