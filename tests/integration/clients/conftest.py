"""The published client libraries of Supabase Auth, unchanged, against a live server: each client is one device.

The JavaScript ones need Node and ``npm ci --prefix tests/integration/clients``.
"""

import shutil
import time
from importlib.util import find_spec

import pytest
from django.core.servers.basehttp import ServerHandler, WSGIRequestHandler

from tests.integration.clients.drivers import HERE, AsyncClient, JavaScriptClient, Loop, Node, SyncClient
from tests.support.supabase import add_user
from tests.support.supabase_clients import (
    ADA,
    ASYNC,
    JAVASCRIPT,
    PYTHON,
    REUSE_INTERVAL,
    SYNC,
)


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch):
    """Without this each answer of the test server waits 40 ms for an acknowledgement of its headers."""
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)


@pytest.fixture(autouse=True)
def _all_is_done(live_server, monkeypatch):
    """A test ends when the server has: refused the database as a request ends, it would hang up on the next test."""
    at_work, run = [], ServerHandler.run

    def watched(handler, application):
        at_work.append(handler)
        try:
            run(handler, application)
        finally:
            at_work.remove(handler)

    monkeypatch.setattr(ServerHandler, "run", watched)
    yield
    until = time.monotonic() + 10
    while at_work and time.monotonic() < until:
        time.sleep(0.001)
    assert not at_work


@pytest.fixture(scope="module")
def node():
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    if not (HERE / "node_modules" / ".package-lock.json").exists():
        pytest.skip("The JavaScript clients are not installed: npm ci --prefix tests/integration/clients")
    node = Node()
    yield node
    node.close()


@pytest.fixture(scope="module")
def loop():
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(params=[*JAVASCRIPT, *PYTHON])
def kind(request):
    if request.param in PYTHON and find_spec("supabase_auth") is None:
        pytest.skip("supabase-auth is not installed")
    return request.param


@pytest.fixture
def open_client(kind, request, live_server):
    """Make a client, as a new device: ``open_client(items=..., tab_of=..., auto_refresh=...)``."""
    opened = []

    def make(**options):
        options["url"] = live_server.url
        if kind == SYNC:
            client = SyncClient(**options)
        elif kind == ASYNC:
            client = AsyncClient(request.getfixturevalue("loop"), **options)
        else:
            client = JavaScriptClient(request.getfixturevalue("node"), kind, **options)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def ada(make_user):
    return add_user(make_user, "ada")


@pytest.fixture
def bob(make_user):
    return add_user(make_user, "bob")


@pytest.fixture
def sign_in(open_client, ada):
    """A new device, signed in."""

    def make(email=ADA, **options):
        client = open_client(**options)
        assert client.sign_in(email).ok
        return client

    return make


@pytest.fixture
def laptop(sign_in):
    return sign_in()


@pytest.fixture
def phone(sign_in):
    return sign_in()


@pytest.fixture
def short_interval(settings):
    settings.AUTH_SESSIONS_REUSE_INTERVAL = REUSE_INTERVAL
