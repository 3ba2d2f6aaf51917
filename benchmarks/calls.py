"""One call to a contender, through Django's handler in this process or over HTTP."""

import asyncio
import gc
import http.client
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a client asks. ``expected`` is what the contender answers when it did as it was told."""

    method: str = "POST"
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    data: Any = None
    expected: tuple[int, ...] = (200, 201, 204)

    @property
    def body(self) -> bytes:
        return b"" if self.data is None else json.dumps(self.data).encode()

    @property
    def all_headers(self) -> dict[str, str]:
        described = {} if self.data is None else {"Content-Type": "application/json"}
        return {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Firefox/148.0", **described, **self.headers}

    def scope(self) -> dict[str, Any]:
        """The call as the ASGI specification has it."""
        headers = {**self.all_headers, "Content-Length": str(len(self.body))}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("localhost", 80),
        }

    def environ(self) -> dict[str, Any]:
        """The call as PEP 3333 has it."""
        body = self.body
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.all_headers.items()}
        return {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": "",
            "CONTENT_TYPE": headers.pop("HTTP_CONTENT_TYPE", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            **headers,
        }


@dataclass
class Answer:
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)

    def cookies(self) -> dict[str, str]:
        jar: SimpleCookie = SimpleCookie()
        for name, value in self.headers:
            if name.lower() == "set-cookie":
                jar.load(value)
        return {name: morsel.value for name, morsel in jar.items()}


class UnexpectedAnswerError(AssertionError):
    """A contender answered otherwise than it should: the figures would be worth nothing."""


def check(call: Call, answer: Answer) -> None:
    if answer.status not in call.expected:
        raise UnexpectedAnswerError(f"{call.method} {call.path}: {answer.status} {answer.body[:500]!r}")


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """What is garbage before is collected first; none is within the block, which is timed."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def through_handler(application: Any, environ: dict[str, Any]) -> Answer:
    """One request as a WSGI server makes it, to the end of the response."""
    answer = Answer()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        answer.status, answer.headers = int(status[:3]), headers

    response = application(environ, start_response)
    answer.body = b"".join(response)
    response.close()
    return answer


async def through_asgi_handler(application: Any, call: Call, scope: dict[str, Any]) -> Answer:
    """The same of an ASGI server."""
    answer, body = Answer(), [{"type": "http.request", "body": call.body}]

    async def receive() -> dict[str, Any]:
        if not body:
            await asyncio.Event().wait()  # the client stays
        return body.pop()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
        else:
            answer.body += message["body"]

    await application(scope, receive, send)
    return answer


def over_http(connection: http.client.HTTPConnection, call: Call) -> Answer:
    connection.request(call.method, call.path, call.body, call.all_headers)
    response = connection.getresponse()
    return Answer(response.status, response.getheaders(), response.read())
