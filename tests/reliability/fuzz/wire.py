"""Requests to the application as a server passes them on, and what each of them costs."""

import json
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from urllib.parse import unquote_to_bytes

from django.core.signals import got_request_exception
from django.core.wsgi import get_wsgi_application
from django.db import connection

from tests.support.statements import statements

DJANGOS_OWN = ("django_session",)
"""Tables of what is no session of the app's: Django's session of somebody who is not signed in."""


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes
    sql: list

    @property
    def statements(self):
        return statements([{"sql": sql} for sql in self.sql])

    @property
    def writes(self):
        """What was changed, but for Django's own sessions."""
        return [sql for sql in self.sql if _is_write(sql) and not any(name in sql for name in DJANGOS_OWN)]

    @property
    def json(self):
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        return json.loads(self.body) if is_json else None

    @property
    def code(self):
        """The stable code of a refusal, in either API; None without one."""
        said = self.json
        return (said.get("error_code") or said.get("code")) if isinstance(said, dict) else None

    def __str__(self):
        return f"{self.status} {self.body[:300]!r} {self.statements}"


@dataclass
class Tally:
    """How many requests a part has sent, and how they were answered; and how many it may send, until when."""

    part: str
    budget: int
    ends: float = float("inf")
    """By ``time.monotonic()``."""
    statuses: Counter = field(default_factory=Counter)
    """By their first digit."""
    devices: Counter = field(default_factory=Counter)
    """The requests of each device that was signed out."""

    @property
    def requests(self):
        return self.statuses.total()

    @property
    def is_spent(self):
        return self.requests >= self.budget or time.monotonic() >= self.ends

    def answered(self, first_digit):
        return self.statuses[first_digit]


class Application:
    """The project's WSGI application, which counts."""

    def __init__(self, tally):
        self.tally = tally

    def __call__(self, environ, start_response):
        def begin(status, headers, *error):
            self.tally.statuses[int(status[0])] += 1
            return start_response(status, headers, *error)

        return _application()(environ, begin)

    def call(self, method, path, *, query="", headers=None, body=b"", content_type="application/json"):
        """One request. ``headers`` by name, as on the wire; ``body`` as bytes, or to be written as JSON."""
        answer = Answer(0, {}, b"", [])

        def begin(status, headers, *error):
            answer.status, answer.headers = int(status[:3]), dict(headers)

        with _failures_raised() as failure, _statements_of(answer):
            environ = _environ(
                method, path, query=query, headers=headers or {}, body=_written(body), content_type=content_type
            )
            response = self(environ, begin)
            try:
                answer.body = b"".join(response)
            finally:
                response.close()
        if answer.status >= 500:
            raise AssertionError(f"{method} {path}: {answer}") from (failure[0] if failure else None)
        return answer


@cache
def _application():
    return get_wsgi_application()


def _is_write(sql):
    return sql.lstrip("( ").upper().startswith(("INSERT", "UPDATE", "DELETE", "WITH"))


def _written(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _environ(method, path, *, query, headers, body, content_type):
    """As PEP 3333 has it: text whose characters are bytes."""
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("utf-8", "surrogatepass")).decode("latin-1"),
        "QUERY_STRING": _wire(query),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "198.51.100.7",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if content_type is not None:
        environ["CONTENT_TYPE"] = _wire(content_type)
    for name, value in headers.items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = _wire(value)
    return environ


def _wire(text):
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@contextmanager
def _failures_raised():
    """The errors that a view did not expect, so that a failure shows its cause."""
    errors = []

    def receive(**sent):
        errors.append(sys.exc_info()[1])

    got_request_exception.connect(receive)
    try:
        yield errors
    finally:
        got_request_exception.disconnect(receive)


@contextmanager
def _statements_of(answer):
    def note(execute, sql, params, many, context):
        answer.sql.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield
