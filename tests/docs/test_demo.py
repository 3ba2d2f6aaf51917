"""``manage.py demo --port``: what it takes, and what it says where the port is taken."""

import re
import socket

import pytest
from django.core.management import CommandError

from example_project.management.commands import demo

pytestmark = pytest.mark.any_database


def parse(*options):
    command = demo.Command()
    command._called_from_command_line = False
    return command.create_parser("manage.py", "demo").parse_args(options)


def test_a_port():
    assert parse().port == 8000
    assert parse("--port", "8123").port == 8123


@pytest.mark.parametrize("text", ["0", "65536", "web", "-1", "80.5", "\u00b2"])
def test_what_is_no_port(text):
    with pytest.raises(CommandError, match="is not a port, a number from 1 to 65535"):
        parse(f"--port={text}")


def test_a_port_that_is_in_use():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CommandError) as refused:
            demo.require_free(port)
    named = re.fullmatch(
        rf"Port {port} is in use. Choose another one, such as: manage.py demo --port (\d+)", str(refused.value)
    )
    assert named[1] != str(port)
    demo.require_free(int(named[1]))
    demo.require_free(port)
