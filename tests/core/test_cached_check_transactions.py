"""Readers and sign-outs in every order, transactions, and what can be saved of an entry."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from auth_sessions.core import session_cache
from auth_sessions.models import Session
from tests.host.caches import Shared
from tests.support.device import Device
from tests.support.shared_cache import BOUND, asked

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("shared_cache")]


def test_a_sign_out_that_is_rolled_back(laptop):
    laptop.fast()
    with transaction.atomic():
        Session.objects.all().end(reason="revoked")
        transaction.set_rollback(True)
    assert [laptop.fast().status_code for _ in range(2)] == [200, 200]


def test_what_an_old_transaction_sees_is_not_cached(laptop):
    with transaction.atomic():
        assert asked(laptop.fast)[1] == asked(laptop.fast)[1] == ["get"]
    assert asked(laptop.fast)[1] == ["get", "add"]


def test_with_atomic_requests(laptop, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert asked(laptop.fast)[1] == ["get", "add"]
    assert asked(laptop.fast) == ([], ["get"])
    laptop.sign_out("local")
    assert laptop.fast().status_code == 401


@pytest.mark.parametrize("read", [Session.objects.get, lambda: cache_of(Session.objects.get())])
def test_a_session_that_ended_cannot_be_saved(laptop, read):
    session = read()
    session.tag = "app"
    session.save(update_fields=["tag"])
    assert Session.objects.get().tag == "app"
    laptop.sign_out("local")
    with pytest.raises(DatabaseError):
        session.save()
    assert laptop.me().status_code == laptop.fast().status_code == 401
    assert not Session.objects.exists()


def cache_of(session):
    """The session as a hit has it."""
    session_cache.add(session, user_id="", read_at=timezone.now(), until=(timezone.now() + BOUND).timestamp())
    return session_cache.get(session.pk, user_id="").session


@pytest.mark.django_db
def test_in_a_transaction_that_never_commits(ada):
    """As in Django's ``TestCase``."""
    laptop = Device().sign_in(ada)
    assert [laptop.fast().status_code for _ in range(2)] == [200, 200]
    laptop.sign_out("local")
    assert laptop.fast().status_code == 401


READER, LEAVER = ("get", "select", "add"), ("tombstone", "commit", "tombstone again")
ORDERS = [
    tuple("reader" if at in chosen else "leaver" for at in range(6))
    for chosen in itertools.combinations(range(6), len(READER))
]


class Stage:
    """Two threads take turns as the order says: one reads by the cached check, the other signs out."""

    def __init__(self, order, lost_at):
        self.order, self.lost_at = list(order), lost_at
        self.at, self.turn = 0, threading.Condition()
        self.names, self.over = threading.local(), set()

    def run(self, name, call):
        self.names.name = name
        try:
            return call()
        finally:
            with self.turn:
                self.over.add(name)
                self.turn.notify_all()
            connections.close_all()

    def step(self, *ignored):
        """Wait for one's turn; what the cache holds is lost at one moment."""
        name = getattr(self.names, "name", None)
        if name is None:
            return
        with self.turn:
            assert self.turn.wait_for(lambda: self.is_turn_of(name), timeout=30)
            if self.at == self.lost_at:
                caches["shared"].clear()
            self.at += 1
            self.turn.notify_all()

    def is_turn_of(self, name):
        while self.at < len(self.order) and self.order[self.at] in self.over:
            self.at += 1
        return self.at >= len(self.order) or self.order[self.at] == name


@pytest.fixture(params=["in this process", pytest.param("in Redis", marks=pytest.mark.integration)])
def _store(request, settings):
    if request.param == "in Redis":
        if connection.vendor == "mysql":
            pytest.skip("The cache does not know over which database; a hundred commits take this one long.")
        redis = {"BACKEND": "tests.host.caches.SharedRedis", "LOCATION": request.getfixturevalue("own_redis").address}
        settings.CACHES = {**settings.CACHES, "shared": redis}


@pytest.mark.usefixtures("_store")
@pytest.mark.parametrize("lost_at", [None, *range(7)])
@pytest.mark.parametrize("is_known", [False, True])
def test_every_order_of_a_reader_and_a_sign_out(clock, make_user, lost_at, is_known):
    """At once where the cache keeps the tombstone; within the bound where it loses everything at any moment."""
    for number, order in enumerate(ORDERS):
        laptop = Device().sign_in(make_user(f"ada{number}"))
        if is_known:
            laptop.fast()
        stage = Stage(order, lost_at)
        Shared.before = stage.step

        def select(execute, sql, *rest, stage=stage):
            if sql.startswith("SELECT") and "auth_sessions_session" in sql:
                stage.step()
            return execute(sql, *rest)

        def read(laptop=laptop, select=select):
            with connection.execute_wrapper(select):
                return laptop.copy().fast().status_code

        def leave(laptop=laptop, stage=stage):
            with transaction.atomic():
                Session.objects.filter(pk=laptop.session_id).end(reason="revoked")
                stage.step()
            return 204

        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(stage.run, name, call) for name, call in (("reader", read), ("leaver", leave))]
            assert answers[0].result() in {200, 401}
            assert answers[1].result() == 204
        Shared.before = None
        if lost_at is None:
            assert laptop.fast().status_code == 401, order
        assert laptop.fast().status_code in {200, 401}
        clock.shift(BOUND)
        assert laptop.fast().status_code == 401, order
