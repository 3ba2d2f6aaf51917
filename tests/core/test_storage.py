"""How the rows are read and written where there are many: by an index, and without touching one."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.models import RefreshToken, Session
from tests.support.device import Device
from tests.support.sessions import clear_expired

TABLES = {model._meta.db_table for model in (Session, RefreshToken)}
WHOLE = {
    "sqlite": r"\bSCAN (\w+)\b(?! USING)",
    "postgresql": r"\bSeq Scan on (\w+)",
    "mysql": r"\b(\w+) ALL\b",
}


@pytest.fixture
def many(make_user):
    """Five thousand sessions of a hundred users, and what the database says of them."""
    users = [make_user(f"user{number}") for number in range(100)]
    sessions = [Session(user=user, password_fingerprint="x") for _ in range(50) for user in users]
    Session.objects.bulk_create(sessions, batch_size=500)
    RefreshToken.objects.bulk_create([RefreshToken(session=session) for session in sessions], batch_size=500)
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ANALYZE {'TABLE ' if connection.vendor == 'mysql' else ''}{table}")


def read_whole(sql):
    """The tables of ours that the database means to read from end to end."""
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}")
        lines = [" ".join(map(str, line)) for line in cursor.fetchall()]
    return TABLES.intersection(re.findall(WHOLE[connection.vendor], "\n".join(lines)))


ACTIONS = {
    "authenticated request": lambda device: device.me(),
    "refresh": lambda device: device.refresh(),
    "list": lambda device: device.sessions(),
    "sign-out, global": lambda device: device.sign_out("global"),
    "sign-out, local": lambda device: device.sign_out("local"),
    "sign-out, others": lambda device: device.sign_out("others"),
    "a batch of the clean-up": lambda device: clear_expired(batch_size=10, max_seconds=0),
}


@pytest.mark.slow
def test_by_an_index(many, ada):
    assert read_whole("SELECT * FROM auth_sessions_session WHERE tag = 'x'") == {"auth_sessions_session"}
    for action, act in ACTIONS.items():
        laptop, _ = (Device().sign_in(ada) for _ in range(2))
        with CaptureQueriesContext(connection) as queries:
            act(laptop)
        ours = [query["sql"] for query in queries if TABLES.intersection(re.findall(r"\w+", query["sql"]))]
        assert len(ours) > 0, action
        assert {sql: read_whole(sql) for sql in ours} == {sql: set() for sql in ours}, action


class TestHeapOnlyUpdates:
    """PostgreSQL writes a row anew without writing any index, as long as no indexed column moves."""

    @pytest.fixture(autouse=True)
    def _can_tell(self, transactional_db):
        if connection.vendor != "postgresql" or connection.pg_version < 150_000:
            pytest.skip("Only PostgreSQL, from 15 on, counts heap-only updates at once.")

    def counts(self, model):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s", [model._meta.db_table]
            )
            return cursor.fetchone()

    def test_a_refresh_and_a_use_write_no_index(self, clock, ada):
        """But where the page is full at that moment; with an index on what moves there would be none at all."""
        devices = [Device().sign_in(ada) for _ in range(3)]
        before = {model: self.counts(model) for model in (Session, RefreshToken)}
        for _ in range(40):
            clock.shift(timedelta(minutes=6))
            for device in devices:
                assert device.refresh().status_code == device.me().status_code == 200
        for model, (updated, hot) in before.items():
            now_updated, now_hot = self.counts(model)
            assert now_updated - updated == 120
            assert now_hot - hot > 100
