"""Tells the other processes, over the channel layer, which sessions have ended.

All processes with open sockets are in one group, each event loop of them with one channel. A sign-out is one message,
whatever the number of sessions (up to ``SESSIONS_PER_MESSAGE``). It is sent by a thread of its own, so that a sign-out
waits for no channel layer. A message that is lost delays the close until the socket validates its session again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from threading import Lock, Thread
from typing import Any
from weakref import WeakKeyDictionary

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

from auth_sessions.channels import sockets
from auth_sessions.conf import conf

logger = logging.getLogger("auth_sessions")

GROUP = "auth_sessions.ended"

SESSIONS_PER_MESSAGE = 1000
"""Some channel layers limit the size of a message, to 1 MB for example. An id has 36 bytes."""

SEND_TIMEOUT = 5.0
"""Seconds after which a message is given up."""

JOIN_TIMEOUT = 1.0
"""Seconds that a new socket waits for a channel layer that does not answer."""

RETRY_AFTER = 1.0
"""Seconds until a channel layer that has failed is tried again."""

RENEW_AFTER = 60.0
"""Seconds after which the membership in the group is renewed, because channel layers forget it after a while."""


def get_layer() -> Any:
    """The channel layer: that of the alias "default", else the first. None if no other process can be reached by it."""
    aliases = list(getattr(settings, "CHANNEL_LAYERS", None) or ())
    if not aliases:
        return None
    layer = get_channel_layer(DEFAULT_CHANNEL_LAYER if DEFAULT_CHANNEL_LAYER in aliases else aliases[0])
    return None if isinstance(layer, InMemoryChannelLayer) else layer


class Sender:
    """Sends what has ended, from a thread that runs while there is something to send."""

    def __init__(self) -> None:
        self._pending: list[str] = []
        self._thread: Thread | None = None
        self._lock = Lock()

    def send(self, session_ids: list[str]) -> None:
        """Send it soon. Does not wait, and never raises for a failure of the channel layer, which is logged."""
        with self._lock:
            self._pending += session_ids
            if self._thread is None or not self._thread.is_alive():  # after a fork the thread is gone
                self._thread = Thread(target=self._run, name="auth_sessions.channels")
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                session_ids, self._pending = self._pending, []
                if not session_ids:
                    self._thread = None
                    return
            try:
                asyncio.run(_send(session_ids))
            except Exception:
                logger.exception(
                    "The channel layer did not receive the end of %s sessions: their sockets in other processes close "
                    "within %s seconds",
                    len(session_ids),
                    conf.AUTH_SESSIONS_CACHE_TTL.total_seconds(),
                )


sender = Sender()


async def _send(session_ids: list[str]) -> None:
    layer = get_layer()
    for start in range(0, len(session_ids), SESSIONS_PER_MESSAGE):
        message = {"type": GROUP, "sessions": session_ids[start : start + SESSIONS_PER_MESSAGE]}
        await asyncio.wait_for(layer.group_send(GROUP, message), SEND_TIMEOUT)


@asynccontextmanager
async def listening() -> AsyncIterator[None]:
    """While the block runs, this event loop receives what other processes send."""
    layer = get_layer()
    if layer is None:
        yield
        return
    listener = _listeners.setdefault(asyncio.get_running_loop(), Listener())
    await listener.join(layer)
    try:
        yield
    finally:
        await listener.leave()


class Listener:
    """Receives for all sockets of one event loop, by one channel, while there is a socket."""

    def __init__(self) -> None:
        self._number = 0
        self._task: asyncio.Task[None] | None = None
        self._has_joined = asyncio.Event()

    async def join(self, layer: Any) -> None:
        self._number += 1
        if self._task is None:
            self._task = asyncio.create_task(self._listen(layer))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_joined.wait(), JOIN_TIMEOUT)

    async def leave(self) -> None:
        self._number -= 1
        if self._number or self._task is None:
            return
        task, self._task, self._has_joined = self._task, None, asyncio.Event()
        task.cancel()
        await asyncio.wait({task})

    async def _listen(self, layer: Any) -> None:
        while True:
            try:
                await self._receive(layer)
            except Exception:
                logger.exception(
                    "The channel layer fails: sockets learn of a sign-out in another process within %s seconds",
                    conf.AUTH_SESSIONS_CACHE_TTL.total_seconds(),
                )
            self._has_joined.clear()
            await asyncio.sleep(RETRY_AFTER)

    async def _receive(self, layer: Any) -> None:
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        # What was sent before is lost.
        sockets.validate_again(asyncio.get_running_loop())
        self._has_joined.set()
        receiving = asyncio.ensure_future(layer.receive(channel))
        try:
            while True:
                done, _ = await asyncio.wait({receiving}, timeout=RENEW_AFTER)
                if not done:
                    await layer.group_add(GROUP, channel)
                    continue
                message = receiving.result()
                receiving = asyncio.ensure_future(layer.receive(channel))
                sockets.end(message.get("sessions", ()))
        finally:
            receiving.cancel()
            with suppress(Exception):
                await asyncio.wait_for(layer.group_discard(GROUP, channel), JOIN_TIMEOUT)


_listeners: WeakKeyDictionary[asyncio.AbstractEventLoop, Listener] = WeakKeyDictionary()
