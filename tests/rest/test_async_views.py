"""Async views: of adrf behind the cached check, and of Django's own."""

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.db import connection, connections
from django.db.backends.utils import CursorWrapper
from django.test import AsyncClient

from auth_sessions.authentication import CachedSessionJWTAuthentication
from auth_sessions.models import Session
from tests.host.caches import Shared

pytest.importorskip("adrf", reason="needs adrf")

pytestmark = [pytest.mark.usefixtures("shared_cache", "rest_only"), pytest.mark.urls("tests.host.async_views")]


async def aask(device, what):
    """One request, as an ASGI server runs it: the view on an event loop, whatever is sync on a thread."""
    headers = {"authorization": f"Bearer {device.access}"} if device.access else {}
    return await AsyncClient().get(f"/async/{what}/", headers=headers)


ask = async_to_sync(aask)


@pytest.fixture
def hit(laptop):
    """From now on each request of the laptop is a hit."""
    assert ask(laptop, "pk").status_code == 200
    Shared.asked = []
    return laptop


ANSWERS = {
    "pk": lambda ada, laptop: str(ada.pk),
    "name": lambda ada, laptop: ada.get_username(),
    "auser": lambda ada, laptop: ada.get_username(),
    "session": lambda ada, laptop: laptop.session_id,
    "user-of-session": lambda ada, laptop: ada.get_username(),
    "in-thread": lambda ada, laptop: ada.get_username(),
    "rows": lambda ada, laptop: f"{ada} {False} 1 True",
}


@pytest.mark.parametrize("what", ANSWERS)
def test_every_request_is_answered(hit, ada, what):
    for _ in range(3):
        response = ask(hit, what)
        assert response.status_code == 200
        assert response.json()["answer"] == ANSWERS[what](ada, hit)
    assert "add" not in Shared.asked


@pytest.mark.parametrize("what", ["pk", "session"])
def test_no_sql_where_nothing_is_asked(hit, what, monkeypatch):
    """On no connection, of whatever thread."""
    executed = []
    for name in ("execute", "executemany"):
        original = getattr(CursorWrapper, name)
        monkeypatch.setattr(
            CursorWrapper,
            name,
            lambda self, sql, *rest, original=original: executed.append(sql) or original(self, sql, *rest),
        )
    assert ask(hit, what).status_code == 200
    assert executed == []
    assert ask(hit, "name").status_code == 200
    assert len([sql for sql in executed if sql.startswith("SELECT")]) == 1


def test_a_sign_out(hit, phone):
    assert ask(hit, "sign-out").json() == {"answer": 2}
    assert ask(hit, "name").status_code == ask(phone, "name").status_code == 401


def test_many_at_once(hit, ada):
    async def ask_all():
        return await asyncio.gather(*(aask(hit, "name") for _ in range(8)))

    assert [response.json() for response in async_to_sync(ask_all)()] == [{"answer": ada.get_username()}] * 8


def test_a_view_of_django_s_own(hit, ada):
    assert ask(hit, "plain").json() == {"answer": hit.session_id, "name": ada.get_username()}
    hit.access = None
    assert ask(hit, "plain").json() == {"answer": None, "name": None}


def test_a_miss(laptop, ada):
    for what in ("name", "auser"):
        caches["shared"].clear()
        assert ask(laptop, what).json() == {"answer": ada.get_username()}


def test_a_person_who_is_gone(hit, make_user, ada):
    Session.objects.filter(user=ada).update(user=make_user("x"))
    get_user_model().objects.filter(pk=ada.pk).delete()
    assert ask(hit, "name").json() == ask(hit, "auser").json() == {"answer": ""}


def test_the_database_that_authenticated_is_the_one_that_is_read(hit, monkeypatch):
    """The thread that reads knows no tenant that was chosen by hand: the wrong person must not be read there."""
    by_thread = threading.local()
    original = CachedSessionJWTAuthentication.get_database_id
    monkeypatch.setattr(
        CachedSessionJWTAuthentication,
        "get_database_id",
        lambda self: original(self) + getattr(by_thread, "tenant", "none"),
    )

    async def ask_as_tenant():
        await sync_to_async(setattr)(by_thread, "tenant", "b")
        caches["shared"].clear()
        assert (await aask(hit, "pk")).status_code == 200
        assert (await aask(hit, "auser")).status_code == 200
        assert (await aask(hit, "in-thread")).status_code == 200
        with pytest.raises(RuntimeError, match="cannot read this tenant"):
            await aask(hit, "name")

    async_to_sync(ask_as_tenant)()


def test_a_tenant_of_the_connection_is_followed(hit, ada, monkeypatch):
    """As django-tenants has it: ``connection.set_tenant()``."""
    wrapper = type(connections[connection.alias])

    def set_tenant(self, tenant):
        self.tenant, self.schema_name = tenant, tenant.schema_name

    monkeypatch.setattr(wrapper, "set_tenant", set_tenant, raising=False)
    connection.set_tenant(SimpleNamespace(schema_name="b"))
    try:
        for _ in range(2):
            assert ask(hit, "name").json() == {"answer": ada.get_username()}
    finally:
        del connection.tenant, connection.schema_name


def test_no_connection_stays(hit):
    """The thread that reads closes its own, as a request does."""
    if connection.vendor != "postgresql":
        pytest.skip("counts connections by pg_stat_activity")
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with connection.cursor() as cursor:
        cursor.execute(count)
        before = cursor.fetchone()
        assert ask(hit, "name").status_code == 200
        for _ in range(100):  # the server takes a moment to end one
            cursor.execute(count)
            if cursor.fetchone() == before:
                return
            time.sleep(0.05)
    pytest.fail("a connection stays")
