"""Closes a socket when its session ends."""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime
from typing import Any

from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from auth_sessions import exceptions, moments
from auth_sessions.channels import layers, sockets, validation
from auth_sessions.channels.middleware import ERROR, SESSION
from auth_sessions.channels.validation import Validity
from auth_sessions.choices import SessionKind
from auth_sessions.models import Session

__all__ = ["SIGNED_OUT", "SessionConsumerMixin"]

logger = logging.getLogger("auth_sessions")

SIGNED_OUT = 4401
"""The close code of a socket whose session has ended, or that has none. Codes from 4000 are for applications."""

_RETRY_AFTER = 5.0
"""Seconds until a session is validated again after a failure of the database, or for a password that does not fit."""


class SessionConsumerMixin:
    """For WebSocket consumers, sync and async, before Channels' class: ``class Chat(SessionConsumerMixin, ...)``.

    Closes the socket with the code 4401 within a second after its session has ended, in any process, and at once when
    the session expires or is idle. The consumer gets ``websocket.disconnect`` with that code. Where nothing told Python
    (``queryset.update()``, raw SQL), where the channel layer has lost the message, and in other processes without a
    channel layer, it closes within ``AUTH_SESSIONS_CACHE_TTL``: the session is read again so often, by one SELECT.

    A socket without a live session is accepted and closed with 4401 before the consumer sees it, because a browser is
    told the code only of a socket that was accepted. The close reason is the ``code`` of the refusal.
    """

    allows_anonymous = False
    """Whether a socket without a session reaches the consumer, with ``scope["user"]`` an ``AnonymousUser``."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = [base for base in cls.__mro__ if base in (SessionConsumerMixin, AsyncConsumer)]
        if order == [AsyncConsumer, SessionConsumerMixin]:
            raise TypeError(
                f"SessionConsumerMixin must be placed before the consumer class in the bases of {cls.__name__}."
            )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        app = super().__call__  # type: ignore[misc]
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        if SESSION not in scope:
            raise ImproperlyConfigured("SessionConsumerMixin needs SessionAuthMiddleware around the consumer.")
        self.scope = scope
        session, error = scope[SESSION], scope[ERROR]
        if session is None and error is None and self.allows_anonymous:
            await app(scope, receive, send)
            return
        guard = _Guard(receive, send)
        if session is None:
            await guard.refuse(error or exceptions.SessionNotFound())
            return
        with sockets.registered(str(session.pk)) as socket:
            async with layers.listening():
                # Validated after the socket is registered: a sign-out before is seen here, and one after is told.
                socket.is_doubtful.clear()
                validity = await database_sync_to_async(self.validate_session)(session, used_at=None)
                if socket.has_ended.is_set() or validity.error:
                    await guard.refuse(validity.error or exceptions.SessionNotFound())
                    return
                watching = {
                    asyncio.create_task(_close_at_end(guard, socket)),
                    asyncio.create_task(self._validate_repeatedly(guard, socket, session, validity)),
                }
                try:
                    await app(scope, guard.receive, guard.send)
                finally:
                    for task in watching:
                        task.cancel()
                    await asyncio.wait(watching)

    def validate_session(self, session: Session, *, used_at: datetime | None) -> Validity:
        """Read the session again and validate it. Called in a thread; a project with tenants sets the tenant first.

        ``used_at`` is when the client last sent a message, or None.
        """
        return validation.validate_session(session, used_at=used_at)

    async def _validate_repeatedly(
        self, guard: "_Guard", socket: sockets.Socket, session: Session, validity: Validity
    ) -> None:
        """Validate the session at the latest when it may have ended, and close the socket if it has."""
        until, was_changing = validity.until, False
        while True:
            with suppress(TimeoutError):
                seconds = _RETRY_AFTER if until is None else max(-moments.age(until).total_seconds(), 0.01)
                await asyncio.wait_for(socket.is_doubtful.wait(), seconds)
            socket.is_doubtful.clear()
            try:
                validity = await database_sync_to_async(self.validate_session)(session, used_at=guard.used_at)
            except Exception:
                logger.exception("The session of a socket cannot be validated now")
                until = None
                continue
            until = validity.until
            # A browser that changes its own password is signed out for a moment: its row follows at the response.
            is_changing = isinstance(validity.error, exceptions.PasswordChanged) and session.kind == SessionKind.BROWSER
            if validity.error and (was_changing or not is_changing):
                await guard.close(validity.error)
                return
            was_changing = is_changing


async def _close_at_end(guard: "_Guard", socket: sockets.Socket) -> None:
    """Close the socket when it is told of the end of its session, whatever threads and database are doing."""
    await socket.has_ended.wait()
    await guard.close(exceptions.SessionNotFound())


class _Guard:
    """Between the server and the consumer: closes the socket, whatever the consumer is doing at that moment."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send
        self._is_closed = asyncio.Event()
        self._is_accepted = self._has_left = False
        self.used_at: datetime | None = None
        """When the client sent its last message."""

    async def receive(self) -> Any:
        """The next message of the client; ``websocket.disconnect`` once the socket is closed."""
        message = asyncio.ensure_future(self._receive())
        closed = asyncio.ensure_future(self._is_closed.wait())
        try:
            await asyncio.wait({message, closed}, return_when=asyncio.FIRST_COMPLETED)
            if closed.done():
                return {"type": "websocket.disconnect", "code": SIGNED_OUT}
            if message.result()["type"] == "websocket.receive":
                self.used_at = timezone.now()
            return message.result()
        finally:
            for task in (message, closed):
                task.cancel()

    async def send(self, message: dict[str, Any]) -> None:
        """Send what the consumer sends, unless the socket is closed."""
        if self._is_closed.is_set():
            return
        self._is_accepted = self._is_accepted or message["type"] == "websocket.accept"
        self._has_left = self._has_left or message["type"] == "websocket.close"
        await self._send(message)

    async def refuse(self, error: exceptions.AuthSessionsError) -> None:
        """Answer a handshake: accept and close, so that the client gets the code."""
        await self._receive()
        await self.close(error)

    async def close(self, error: exceptions.AuthSessionsError) -> None:
        """Close the socket."""
        if self._is_closed.is_set() or self._has_left:
            return
        self._is_closed.set()
        with suppress(OSError):  # the client has left
            if not self._is_accepted:
                await self._send({"type": "websocket.accept"})
            await self._send({"type": "websocket.close", "code": SIGNED_OUT, "reason": error.code})
