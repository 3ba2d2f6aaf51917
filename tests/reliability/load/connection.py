"""HTTP on a kept connection, with the cookies of one browser at a time."""

import http.client
import json
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

TIMEOUT = 180  # seconds, on a machine that is very busy
IDLE = 15
"""A connection that was unused for longer is opened anew, since the server may close it at any time."""


@dataclass
class Response:
    status: int
    body: bytes
    cookies: dict
    csrf: str | None
    location: str = ""

    @property
    def json(self):
        return json.loads(self.body)


class Connection:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self.used_at = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.connection.close()

    def call(self, method, path, *, data=None, form=None, bearer=None, cookies=None, csrf=None):
        """``data`` is sent as JSON, ``form`` as a form."""
        headers, body = {"User-Agent": "load"}, None
        if data is not None:
            headers["Content-Type"], body = "application/json", json.dumps(data)
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form)
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if csrf is not None:
            headers["X-CSRFToken"] = csrf
        if time.monotonic() - self.used_at > IDLE:
            self.connection.close()
        try:
            return self._exchange(method, path, body, headers)
        finally:
            self.used_at = time.monotonic()

    def _exchange(self, method, path, body, headers):
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        cookies = SimpleCookie()
        for line in answer.headers.get_all("Set-Cookie", ()):
            cookies.load(line)
        found = {name: morsel.value for name, morsel in cookies.items()}
        location = answer.headers.get("Location", "")
        return Response(answer.status, answer.read(), found, answer.headers.get("X-CSRFToken"), location)
