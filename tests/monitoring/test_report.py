"""``authsessionsreport``: what it counts, on any database, in one look at each session."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions import api
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.support.device import Device
from tests.support.many import multiply
from tests.support.sessions import clear_expired, create_browser_row

HAS_HISTORY = apps.is_installed("auth_sessions.activity")


def text(*options):
    out = StringIO()
    call_command("authsessionsreport", *options, stdout=out, no_color=True)
    return out.getvalue()


def report(*options):
    return json.loads(text("--format", "json", *options))


def test_nothing(transactional_db):
    said = report()
    assert said["live"] == {
        "total": 0,
        "by_kind": {"token": 0, "browser": 0},
        "by_age": {"day": 0, "week": 0, "month": 0, "older": 0},
    }
    assert said["refreshes"] == {"last_minute": 0, "last_hour": 0}
    assert said["overdue"] == {"total": 0, "oldest_seconds": None, "history_seconds": None}


def test_live_by_kind_and_age(clock, ada, settings):
    settings.AUTH_SESSIONS_IDLE_TIMEOUT = None
    settings.AUTH_SESSIONS_LIFETIME = None
    for days in (60, 20, 20, 3, 0):
        create_session(ada)
        clock.shift(timedelta(days={60: 40, 20: 0, 3: 3, 0: 0}[days]))
        if days == 20 and Session.objects.count() == 3:
            clock.shift(timedelta(days=17))
    create_browser_row(ada)
    said = report()
    assert said["live"]["total"] == 6
    assert said["live"]["by_kind"] == {"token": 5, "browser": 1}
    assert said["live"]["by_age"] == {"day": 2, "week": 1, "month": 2, "older": 1}


class TestRefreshes:
    def test_a_sign_in_is_none(self, clock, laptop):
        assert report()["refreshes"] == {"last_minute": 0, "last_hour": 0}

    def test_within_a_minute_and_an_hour(self, clock, ada, laptop, phone, iphone):
        laptop.refresh()
        clock.shift(timedelta(minutes=30))
        phone.refresh()
        clock.shift(59)
        iphone.refresh()
        assert report()["refreshes"] == {"last_minute": 2, "last_hour": 3}
        clock.shift(timedelta(minutes=40))
        assert report()["refreshes"] == {"last_minute": 0, "last_hour": 2}

    def test_only_the_last_one_of_a_session_is_known(self, clock, laptop):
        for _ in range(3):
            laptop.refresh()
            clock.shift(15)
        assert report()["refreshes"]["last_minute"] == 1
        laptop.sign_out()
        assert report()["refreshes"]["last_minute"] == 0


class TestOverdue:
    def test_idle_and_expired(self, clock, ada):
        api.sign_in_user(ada, lifetime=timedelta(days=1))
        create_session(ada)
        create_browser_row(ada)
        clock.shift(timedelta(days=1, seconds=90))
        assert report()["overdue"] == {"total": 1, "oldest_seconds": 90, "history_seconds": None}
        clock.shift(timedelta(days=13))
        said = report()
        assert said["overdue"] == {"total": 3, "oldest_seconds": 13 * 86400 + 90, "history_seconds": None}
        assert said["live"]["total"] == 0
        assert clear_expired() == 3
        assert report()["overdue"] == {"total": 0, "oldest_seconds": None, "history_seconds": None}

    def test_what_is_idle(self, clock, laptop):
        clock.shift(timedelta(days=10))
        laptop.refresh()  # writes the token alone
        clock.shift(timedelta(days=14) - timedelta(seconds=1))
        assert report()["overdue"]["total"] == 0
        clock.shift(61)
        assert report()["overdue"] == {"total": 1, "oldest_seconds": 60, "history_seconds": None}

    def test_without_a_timeout(self, clock, laptop, settings):
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = None
        clock.shift(timedelta(days=29))
        assert report()["overdue"]["total"] == 0
        clock.shift(timedelta(days=1, minutes=1))
        assert report()["overdue"] == {"total": 1, "oldest_seconds": 60, "history_seconds": None}

    def test_live_and_overdue_are_all(self, clock, ada, settings):
        for number in range(12):
            create_session(ada, lifetime=timedelta(days=number + 1))
            create_browser_row(ada)
            clock.shift(timedelta(days=2))
            said = report()
            assert said["live"]["total"] + said["overdue"]["total"] == Session.objects.count()
            assert said["live"]["total"] == Session.objects.live().count()


@pytest.mark.skipif(HAS_HISTORY, reason="the host has a history")
def test_without_a_history(laptop):
    said = report()
    assert (said["ended"], said["reused"]) == (None, None)
    assert text().count("not recorded") == 2


@pytest.fixture
def history():
    """The project writes one."""
    if not HAS_HISTORY:
        pytest.skip("the host has no history")
    from auth_sessions.activity import receivers

    receivers.connect()
    yield
    receivers.disconnect()


@pytest.mark.usefixtures("history", "laptop")
def test_the_history(clock, phone, iphone):
    thief = iphone.copy()
    for _ in range(2):
        iphone.refresh()
        clock.shift(60)
    thief.refresh()
    phone.sign_out("others")
    said = report("--hours", "1")
    assert {reason: number for reason, number in said["ended"].items() if number} == {
        "refresh_token_reused": 1,
        "signed_out": 1,
    }
    assert said["reused"] == 1
    assert "refresh tokens reused                      1" in text()
    clock.shift(timedelta(hours=2))
    assert sum(report("--hours", "1")["ended"].values()) == report("--hours", "1")["reused"] == 0


@pytest.mark.usefixtures("history")
def test_a_history_that_is_not_swept(clock, ada):
    Device().sign_in(ada)
    clock.shift(timedelta(days=90))
    assert report()["overdue"]["history_seconds"] is None
    clock.shift(60)
    assert report()["overdue"]["history_seconds"] == 60
    assert "history not deleted, since      0:01:00" in text()
    call_command("clearauthsessions")
    assert report()["overdue"]["history_seconds"] is None


def test_hours_that_the_history_does_not_keep(db, settings):
    if not HAS_HISTORY:
        assert report("--hours", "8784")["hours"] == 8784
        return
    assert report("--hours", "2160")["hours"] == 2160
    with pytest.raises(CommandError, match="kept for 90 days"):
        report("--hours", "2161")
    settings.AUTH_SESSIONS_ACTIVITY_DAYS = None
    assert report("--hours", "2161")["hours"] == 2161


def test_the_text(clock, ada, laptop):
    create_browser_row(ada)
    laptop.refresh()
    said = text()
    assert said.splitlines()[:6] == [
        "Sessions in default, 2026-11-24T12:00:00+00:00",
        "live                                       2",
        "  token                                    1",
        "  browser                                  1",
        "  up to a day old                          2",
        "  up to a week                             0",
    ]
    assert "refreshed in the last minute               1" in said


def test_bad_options(db):
    for options in (["--format", "xml"], ["--hours", "0"], ["--hours", "²"], ["--hours", "x"], ["--database", "x"]):
        with pytest.raises(CommandError):
            call_command("authsessionsreport", *options)


def test_few_statements_and_nothing_is_written(ada):
    session = api.sign_in_user(ada).session
    multiply(session, 300)
    with CaptureQueriesContext(connection) as queries:
        assert report()["live"]["total"] == 301
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"] * (3 if HAS_HISTORY else 1)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's")
def test_the_plan(ada):
    """Each table is read once, without a subquery or a loop for each row, and nothing is sorted."""
    multiply(api.sign_in_user(ada).session, 60_000)
    Device().sign_in(ada).refresh()
    with CaptureQueriesContext(connection) as queries:
        report()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {queries[0]['sql']}".replace("%", "%%"), [])
        plan = cursor.fetchone()[0]
    found = list(nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
    for table in (Session._meta.db_table, RefreshToken._meta.db_table):
        scans = [node for node in found if node.get("Relation Name") == table]
        assert len(scans) == 1, found
        assert scans[0]["Actual Loops"] <= 3, scans  # by each of the parallel workers, and not for each row
    assert not {"Nested Loop", "Sort"} & {node["Node Type"] for node in found}
    assert not [node for node in found if "Subplan Name" in node]


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
