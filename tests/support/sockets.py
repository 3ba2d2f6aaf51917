"""A client of the host's sockets, in this process."""

import functools
import json

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings

from tests.host.consumers import application
from tests.support.browser import Browser

testing = pytest.importorskip("channels.testing", reason="channels.testing needs daphne")

SIGNED_OUT = 4401
SOON = 10
"""Seconds: long for a busy machine, and short beside the minute after which a session is validated again."""


class Client(testing.WebsocketCommunicator):
    """A socket, as a device opens it: with its cookie, or with its access token as a subprotocol."""

    def __init__(self, device=None, kind="async", *, query="", headers=(), subprotocols=None, app=application):
        headers = [(b"host", b"testserver"), *headers]
        if isinstance(device, Browser):
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={device.cookie}".encode()))
        elif device is not None:
            subprotocols = ["bearer", device.access, *(subprotocols or ())]
        super().__init__(app, f"/ws/{kind}/{query}", headers, subprotocols)
        self.scope["client"] = ["127.0.0.1", 4711]

    async def opened(self):
        """The client, once its socket was accepted."""
        is_accepted, self.subprotocol = await self.connect(timeout=10)
        assert is_accepted
        return self

    async def answer(self, text="hello"):
        """What the consumer says to a message."""
        is_json = "json" in self.scope["path"]
        await self.send_to(text_data=json.dumps(text) if is_json else text)
        answer = await self.receive_from(timeout=10)
        return json.loads(answer) if is_json else answer

    async def is_open(self):
        return await self.receive_nothing(timeout=0.2)

    async def closed(self, within=SOON):
        """The code with which the server closes it."""
        while True:
            message = await self.receive_output(within)
            if message["type"] == "websocket.close":
                return message["code"]

    async def leave(self):
        await self.disconnect(timeout=10)


def scenario(test):
    """Run an async test as an ASGI server would: sockets on an event loop, whatever is sync on the test's thread."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        async_to_sync(test)(*args, **kwargs)

    return run
