"""Django's commands, several of them in one process (``migrate then check``), and those of the tests.

``set_up`` makes the tables and a user, ``serve`` serves.
"""

import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from project import PASSWORD


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
    django.setup()
    for command in " ".join(sys.argv[1:]).split(" then "):
        name, *arguments = command.split()
        if name in {"set_up", "serve"}:
            globals()[name]()
        else:
            call_command(name, *arguments)
