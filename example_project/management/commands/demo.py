import errno
import socket
from argparse import ArgumentTypeError
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from example_project.views import TOUR

HOST = "127.0.0.1"
HIGHEST_PORT = 65535


def port_number(text: str) -> int:
    """Parse the number of a port."""
    if text.isdecimal() and 1 <= int(text) <= HIGHEST_PORT:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a port, a number from 1 to {HIGHEST_PORT}")


class Command(BaseCommand):
    help = "Sets the example up with two people, prints the tour, and serves it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=port_number, default=8000, help="8000 by default")
        parser.add_argument("--no-server", action="store_true", help="only set it up")

    def handle(self, *args: Any, port: int, no_server: bool, **options: Any) -> None:
        if not no_server:
            require_free(port)
        call_command("migrate", verbosity=0)
        self._add("ada", "lovelace-1815")
        self._add("grace", "hopper-1906", is_staff=True, is_superuser=True)
        if no_server:
            return
        self.stdout.write("The tour, for another terminal:\n")
        self.stdout.write(TOUR.read_text().replace(":8000", f":{port}"))
        self.stdout.write("ada / lovelace-1815 is a person, grace / hopper-1906 an administrator.")
        self.stdout.write(self.style.SUCCESS(f"Open http://{HOST}:{port}/\n"))
        call_command("runserver", f"{HOST}:{port}", use_reloader=False)

    def _add(self, username: str, password: str, **flags: Any) -> None:
        if not User.objects.filter(username=username).exists():
            User.objects.create_user(username, f"{username}@example.org", password, **flags)


def require_free(port: int) -> None:
    """Raise an error that names another port where this one cannot be used."""
    try:
        bind(port)
    except OSError as error:
        reason = {errno.EADDRINUSE: "is in use", errno.EACCES: "needs more rights"}.get(error.errno or 0, str(error))
        raise CommandError(
            f"Port {port} {reason}. Choose another one, such as: manage.py demo --port {bind(0)}"
        ) from error


def bind(port: int) -> int:
    """Take a port as the server will, and give it back; 0 is a free one."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        number: int = listening.getsockname()[1]
        return number
