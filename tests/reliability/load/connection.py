"""HTTP on a kept connection, with the cookies of one browser at a time."""

import http.client
import json
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode


@dataclass
class Response:
    status: int
    body: bytes
    cookies: dict
    csrf: str | None

    @property
    def json(self):
        return json.loads(self.body)


class Connection:
    def __init__(self, port):
        self.port, self.connection = port, self._open(port)

    @staticmethod
    def _open(port):
        return http.client.HTTPConnection("127.0.0.1", port, timeout=60)

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
        try:
            return self._exchange(method, path, body, headers)
        except (http.client.RemoteDisconnected, http.client.CannotSendRequest, BrokenPipeError, ConnectionResetError):
            # A server may close a kept connection at any time. A request that may have been done is not sent again.
            self.connection.close()
            self.connection = self._open(self.port)
            if method != "GET":
                raise
            return self._exchange(method, path, body, headers)

    def _exchange(self, method, path, body, headers):
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        cookies = SimpleCookie()
        for line in answer.headers.get_all("Set-Cookie", ()):
            cookies.load(line)
        found = {name: morsel.value for name, morsel in cookies.items()}
        return Response(answer.status, answer.read(), found, answer.headers.get("X-CSRFToken"))
