"""Sockets of the host, of each kind of consumer that Channels has."""

import asyncio

from channels.db import database_sync_to_async
from channels.generic import websocket
from channels.routing import URLRouter
from django.urls import path

from auth_sessions import api
from auth_sessions.channels.consumers import SessionConsumerMixin
from auth_sessions.channels.middleware import SessionAuthMiddleware


class Async(SessionConsumerMixin, websocket.AsyncWebsocketConsumer):
    codes = []
    """Of the disconnects that consumers saw."""

    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=f"{self.scope['user'].get_username()}: {text_data}")

    async def disconnect(self, code):
        self.codes.append(code)


class Sync(SessionConsumerMixin, websocket.WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data=f"{self.scope['user'].get_username()}: {text_data}")

    def disconnect(self, code):
        Async.codes.append(code)


class AsyncJSON(SessionConsumerMixin, websocket.AsyncJsonWebsocketConsumer):
    async def receive_json(self, content, **kwargs):
        await self.send_json(f"{self.scope['user'].get_username()}: {content}")

    async def disconnect(self, code):
        Async.codes.append(code)


class SyncJSON(SessionConsumerMixin, websocket.JsonWebsocketConsumer):
    def receive_json(self, content, **kwargs):
        self.send_json(f"{self.scope['user'].get_username()}: {content}")

    def disconnect(self, code):
        Async.codes.append(code)


class Own(Async):
    """Overrides what Channels' class does, and calls nothing of it."""

    groups = ("of-the-project",)

    async def websocket_connect(self, message):
        await self.send_raw({"type": "websocket.accept"})

    async def websocket_receive(self, message):
        await self.send_raw({"type": "websocket.send", "text": f"own: {message['text']}"})

    async def websocket_disconnect(self, message):
        self.codes.append(message["code"])
        from channels.exceptions import StopConsumer

        raise StopConsumer

    async def send_raw(self, message):
        await self.base_send(message)


class Busy(Async):
    """Works for minutes on what it received, and goes on when the socket is closed."""

    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data="begun")
        for _ in range(6000):
            await asyncio.sleep(0.01)
            await self.send(text_data="still at work")


class Hesitant(Async):
    """Does not accept before it has waited."""

    waits = None

    async def connect(self):
        await type(self).waits.wait()
        await self.accept()


class Leaver(Async):
    """Signs out by the socket."""

    async def receive(self, text_data=None, bytes_data=None):
        await api.asign_out(self.scope["auth_session"], text_data)


class Public(Async):
    allows_anonymous = True


class Closing(Async):
    """Closes by itself."""

    async def receive(self, text_data=None, bytes_data=None):
        await self.close(code=4000)


class Chosen(Async):
    async def connect(self):
        await self.accept(subprotocol="chat")


class WithoutMixin(websocket.AsyncWebsocketConsumer):
    """Tells who it is for."""

    async def connect(self):
        await self.accept()
        session, error = self.scope["auth_session"], self.scope["auth_error"]
        name = await database_sync_to_async(self.scope["user"].get_username)()
        await self.send(text_data=f"{name} {session and session.pk} {error and error.code}")


CONSUMERS = {
    "async": Async,
    "sync": Sync,
    "async-json": AsyncJSON,
    "sync-json": SyncJSON,
    "own": Own,
    "busy": Busy,
    "hesitant": Hesitant,
    "leaver": Leaver,
    "public": Public,
    "closing": Closing,
    "chosen": Chosen,
    "without-mixin": WithoutMixin,
}

router = URLRouter([path(f"ws/{name}/", consumer.as_asgi()) for name, consumer in CONSUMERS.items()])
application = SessionAuthMiddleware(router)
