"""Django's commands, and those of the tests: ``serve``, and ``set_up`` for what comes before it the first time."""

import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

import django
from django.core.management import call_command, execute_from_command_line
from django.core.wsgi import get_wsgi_application

from tests.support.device import PASSWORD


def set_up():
    from django.contrib.auth import get_user_model

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user("ada", "ada@example.org", PASSWORD)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def serve():
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    with make_server("127.0.0.1", 0, get_wsgi_application(), Server) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] in {"set_up", "serve"}:
        django.setup()
        for name in sys.argv[1:]:
            globals()[name]()
    else:
        execute_from_command_line()
