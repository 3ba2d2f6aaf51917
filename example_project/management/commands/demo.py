from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

TOUR = Path(__file__).parents[2] / "tour.sh"


class Command(BaseCommand):
    help = "Sets the example up with two people, prints the tour, and serves it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", default="8000")
        parser.add_argument("--no-server", action="store_true", help="only set it up")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        self._add("ada", "lovelace-1815")
        self._add("grace", "hopper-1906", is_staff=True, is_superuser=True)
        if options["no_server"]:
            return
        port = options["port"]
        self.stdout.write("ada / lovelace-1815 is a person, grace / hopper-1906 an administrator.")
        self.stdout.write(f"Page with supabase-js: http://127.0.0.1:{port}/demo/")
        self.stdout.write(f"Page with Django's own cookie: http://127.0.0.1:{port}/browser/")
        self.stdout.write(f"Your devices, without JavaScript: http://127.0.0.1:{port}/account/devices/")
        self.stdout.write(f"Admin: http://127.0.0.1:{port}/admin/\n\nThe tour, for another terminal:\n")
        self.stdout.write(TOUR.read_text().replace(":8000", f":{port}"))
        call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)

    def _add(self, username: str, password: str, **flags: Any) -> None:
        if not User.objects.filter(username=username).exists():
            User.objects.create_user(username, f"{username}@example.org", password, **flags)
