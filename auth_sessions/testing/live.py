"""Requests to a server over a socket, with the two names of Django's test client that a device uses."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.http.request import HttpHeaders

SECONDS = 60
"""After which a server that does not answer fails the test."""


class LiveResponse(HttpResponse):
    def json(self) -> Any:
        return json.loads(self.content)


class LiveClient:
    """Keeps cookies, and follows no redirect."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(str(url))  # pytest-django's live_server is taken for its URL
        if parts.scheme != "http":
            raise ValueError(f'A live server has a URL such as "http://localhost:8081", not {url!r}.')
        self.host = parts.netloc
        self.cookies: SimpleCookie = SimpleCookie()
        self.defaults: dict[str, str] = {}
        """Headers of each request, as ``request.META`` has them."""

    def generic(
        self, method: str, path: str, data: bytes = b"", *, content_type: str, headers: Mapping[str, str]
    ) -> LiveResponse:
        sent = {**HttpHeaders(self.defaults), **headers}
        if data:
            sent["Content-Type"] = content_type
        if kept := [f"{each.key}={each.coded_value}" for each in self.cookies.values() if each.value]:
            sent["Cookie"] = "; ".join(kept)
        connection = HTTPConnection(self.host, timeout=SECONDS)
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            response = LiveResponse(answer.read(), status=answer.status)
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                response.cookies.load(value)
            else:
                response.headers[name] = value
        self.cookies.update(response.cookies)
        return response
