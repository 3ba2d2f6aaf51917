"""The published clients of Supabase Auth behind one interface, so that one battery of tests drives them all."""

import asyncio
import json
import re
import shutil
import subprocess
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.device import PASSWORD

HERE = Path(__file__).parent

SECONDS = 60
"""No call takes longer, unless something hangs."""


@dataclass(frozen=True)
class Answer:
    """What a call of a client gave: its data, or the error that it returned (JavaScript) or raised (Python)."""

    data: Any = None
    name: str = ""
    status: int | None = None
    code: str | None = None
    reasons: tuple[str, ...] = ()

    @property
    def ok(self):
        return not self.name


class Client:
    """One client with a storage of its own, unless ``items`` or another client's storage is handed in.

    Methods are called by their Python names: ``call("mfa.list_factors")``.
    """

    forgets_when_refused = False
    """Whether it signs itself out when the server says that the session is gone."""

    def call(self, method, *args) -> Answer:
        raise NotImplementedError

    def storage(self) -> dict[str, str]:
        raise NotImplementedError

    def sign_in(self, email, password=PASSWORD):
        return self.call("sign_in_with_password", {"email": email, "password": password})

    def sign_up(self, email, password=PASSWORD, **data):
        return self.call("sign_up", {"email": email, "password": password, "options": {"data": data}})

    def sign_out(self, scope):
        return self.call("sign_out", {"scope": scope})

    def refresh(self):
        return self.call("refresh_session")

    def set_session(self, session):
        raise NotImplementedError

    def get_user(self):
        return self.call("get_user")

    def get_claims(self):
        return self.call("get_claims")

    def update_user(self, **attributes):
        return self.call("update_user", attributes)

    def session(self):
        """The session that is stored, as a dict; None if the storage is empty."""
        items = list(self.storage().values())
        assert len(items) <= 1, items
        return json.loads(items[0]) if items else None


class Node:
    """The process that runs the JavaScript clients."""

    def __init__(self):
        self.process = subprocess.Popen(
            [shutil.which("node"), "driver.mjs"],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.numbers = count()
        self.waiting: dict[int, Future] = {}
        self.lock = threading.Lock()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            reply = json.loads(line)
            future = self.waiting.pop(reply["id"])
            if "thrown" in reply:
                future.set_exception(AssertionError(f"The client threw: {reply['thrown']}"))
            else:
                future.set_result(reply["result"])
        for future in list(self.waiting.values()):
            future.set_exception(AssertionError("Node has ended"))

    def start(self, op, **parameters) -> Future:
        """Ask, and do not wait for the answer."""
        future = Future()
        with self.lock:
            number = next(self.numbers)
            self.waiting[number] = future
            self.process.stdin.write(json.dumps({"id": number, "op": op, **parameters}) + "\n")
        return future

    def ask(self, op, **parameters):
        return self.start(op, **parameters).result(SECONDS)

    def close(self):
        self.process.stdin.close()
        self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        self.process.stdout.close()


class JavaScriptClient(Client):
    forgets_when_refused = True
    numbers = count()

    def __init__(self, node, kind, *, url, items=None, tab_of=None, auto_refresh=False):
        self.node, self.name = node, f"client {next(self.numbers)}"
        self.storage_name = tab_of.storage_name if tab_of else self.name
        self.ask("open", kind=kind, storage=self.storage_name, items=items or {}, url=url, autoRefresh=auto_refresh)

    def ask(self, op, **parameters):
        return self.node.ask(op, client=self.name, **parameters)

    def call(self, method, *args):
        return _from_javascript(self.ask("call", method=_camel_case(method), args=args))

    def set_session(self, session):
        return self.call("set_session", {name: session[name] for name in ("access_token", "refresh_token")})

    @staticmethod
    def refresh_together(clients):
        names = [client.name for client in clients]
        answers = clients[0].node.ask("together", clients=names, method="refreshSession", args=[])
        return [_from_javascript(answer) for answer in answers]

    def storage(self):
        return self.ask("storage")

    def events(self):
        return self.ask("events")

    def asked(self):
        """The requests so far, as ``"GET /user"``."""
        return self.ask("asked")

    def lose(self, answers):
        """The next so many requests reach the server, and their answers do not come back."""
        self.ask("lose", count=answers)

    def begin_refresh(self, *, hold):
        """Begin a refresh whose ``request`` or ``answer`` hangs on the way until :meth:`release`."""
        self.ask("hold", what=hold)
        begun = self.node.start("call", client=self.name, method="refreshSession", args=[])
        self.ask("held")
        return begun

    def release(self, begun):
        self.ask("release")
        return _from_javascript(begun.result(SECONDS))

    def close(self):
        self.ask("close")


def _camel_case(method):
    return re.sub("_([a-z])", lambda match: match[1].upper(), method).replace("WithSso", "WithSSO")


def _from_javascript(answer):
    error = answer["error"]
    if error is None:
        return Answer(answer["data"])
    reasons = tuple(error.get("reasons") or ())
    return Answer(answer["data"], error["name"], error.get("status"), error.get("code"), reasons)


class PythonClient(Client):
    """What the synchronous and the asynchronous client have in common."""

    def __init__(self, url, items, *, auto_refresh):
        self.to_lose = 0
        self._asked, self._events = [], []
        self.memory = self.memory_class()
        self.memory.storage.update(items or {})
        self.http = self.http_class(event_hooks={"request": [self.on_request], "response": [self.on_response]})
        self.auth = self.client_class(
            url=f"{url}/auth/v1", storage=self.memory, auto_refresh_token=auto_refresh, http_client=self.http
        )
        self.auth.on_auth_state_change(lambda event, session: self._events.append(event))

    def _method(self, name):
        owner = self.auth
        for part in name.split("."):
            owner = getattr(owner, part)
        return owner

    def set_session(self, session):
        return self.call("set_session", session["access_token"], session["refresh_token"])

    def storage(self):
        return dict(self.memory.storage)

    def events(self):
        return list(self._events)

    def asked(self):
        return list(self._asked)

    def lose(self, answers):
        self.to_lose = answers

    def note(self, request):
        parts = urlsplit(str(request.url))
        query = f"?{parts.query}" if parts.query else ""
        self._asked.append(f"{request.method} {parts.path.removeprefix('/auth/v1')}{query}")

    def lose_or_keep(self):
        import httpx

        if self.to_lose:
            self.to_lose -= 1
            raise httpx.ReadError("The answer was lost")


class SyncClient(PythonClient):
    def __init__(self, *, url, items=None, auto_refresh=False):
        import httpx
        from supabase_auth import SyncGoTrueClient, SyncMemoryStorage

        self.client_class, self.memory_class, self.http_class = SyncGoTrueClient, SyncMemoryStorage, httpx.Client
        super().__init__(url, items, auto_refresh=auto_refresh)

    def on_request(self, request):
        self.note(request)

    def on_response(self, response):
        self.lose_or_keep()

    def call(self, method, *args):
        from supabase_auth.errors import AuthError

        try:
            return _from_python(self._method(method)(*args))
        except AuthError as error:
            return _from_error(error)

    @staticmethod
    def refresh_together(clients):
        """With the tokens of this moment: a client that came late would read a new one from a shared storage."""
        tokens = [client.session()["refresh_token"] for client in clients]
        with ThreadPoolExecutor(len(clients)) as pool:
            return list(pool.map(lambda client, token: client.call("refresh_session", token), clients, tokens))

    def close(self):
        self.memory.storage.clear()
        self.auth._remove_session()  # stops the timer
        self.http.close()


class Loop:
    """An event loop on a thread of its own, where the timers of the asynchronous clients run."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(SECONDS)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(SECONDS)
        self.loop.close()


class AsyncClient(PythonClient):
    def __init__(self, loop, *, url, items=None, auto_refresh=False):
        import httpx
        from supabase_auth import AsyncGoTrueClient, AsyncMemoryStorage

        self.loop = loop
        self.client_class, self.memory_class, self.http_class = AsyncGoTrueClient, AsyncMemoryStorage, httpx.AsyncClient
        super().__init__(url, items, auto_refresh=auto_refresh)

    async def on_request(self, request):
        self.note(request)

    async def on_response(self, response):
        self.lose_or_keep()

    def call(self, method, *args):
        return self.loop.run(self._call(method, *args))

    async def _call(self, method, *args):
        from supabase_auth.errors import AuthError

        try:
            return _from_python(await self._method(method)(*args))
        except AuthError as error:
            return _from_error(error)

    @staticmethod
    def refresh_together(clients):
        async def together():
            return await asyncio.gather(*[client._call("refresh_session") for client in clients])

        return clients[0].loop.run(together())

    def close(self):
        self.memory.storage.clear()
        self.loop.run(self._close())

    async def _close(self):
        await self.auth._remove_session()  # stops the timer
        await self.http.aclose()


def _from_python(result):
    return Answer(result.model_dump(mode="json") if hasattr(result, "model_dump") else result)


def _from_error(error):
    reasons = tuple(getattr(error, "reasons", ()))
    return Answer(None, error.name, getattr(error, "status", None), error.code, reasons)
