"""A browser's session ends when Django's session does: counted from when that was saved last."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions.models import Session
from auth_sessions.signals import sessions_ending
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.races import with_own_connection
from tests.support.related import receiving
from tests.support.statements import statements

MINUTE = timedelta(minutes=1)


@pytest.fixture
def browser(ada, settings, clock_from_now):
    settings.SESSION_COOKIE_AGE = 3600
    return Browser().sign_in(ada)


@pytest.fixture
def _moved_files(any_engine, settings):
    if "file" in settings.SESSION_ENGINE:
        pytest.skip("Files have the time of the system, which no test moves.")


def end():
    return Session.objects.get().expires_at


@pytest.mark.usefixtures("any_engine")
class TestEveryEngine:
    def test_use_does_not_move_it(self, browser, ada, clock_from_now):
        ends_at = end()
        for minutes in (30, 20, 5):
            clock_from_now.shift(minutes * MINUTE)
            assert browser.is_signed_in()
        assert end() == ends_at
        clock_from_now.shift(6 * MINUTE)
        assert not Session.objects.all().live(user=ada).exists()
        assert not browser.copy().is_signed_in()

    @pytest.mark.usefixtures("_moved_files")
    def test_a_save_moves_it(self, browser, clock_from_now):
        """Of a view that asks for no user."""
        for _ in range(3):
            clock_from_now.shift(40 * MINUTE)
            browser.page("/basket/")
            assert end() == timezone.now() + timedelta(hours=1)
        assert browser.is_signed_in()

    @pytest.mark.usefixtures("_moved_files")
    def test_every_request_saves(self, browser, clock_from_now, settings):
        settings.SESSION_SAVE_EVERY_REQUEST = True
        for _ in range(3):
            clock_from_now.shift(40 * MINUTE)
            browser.page("/public/")
            assert end() == timezone.now() + timedelta(hours=1)
        assert browser.is_signed_in()

    @pytest.mark.parametrize("seconds", [60, 7200])
    def test_set_expiry_where_nobody_asks_for_the_user(self, browser, clock_from_now, seconds):
        clock_from_now.shift(10 * MINUTE)
        browser.page(f"/expire-in/{seconds}/")
        assert end() == timezone.now() + timedelta(seconds=seconds)

    @pytest.mark.usefixtures("_moved_files")
    def test_the_lifetime_is_the_longest(self, browser, clock_from_now, settings):
        settings.AUTH_SESSIONS_LIFETIME = timedelta(hours=2)
        created_at = Session.objects.get().created_at
        for _ in range(2):
            clock_from_now.shift(50 * MINUTE)
            browser.page("/basket/")
        assert end() == created_at + timedelta(hours=2)


def test_a_short_life_is_followed(ada, settings, clock_from_now):
    """A request every ten seconds keeps a session of half a minute."""
    settings.SESSION_COOKIE_AGE = 30
    browser = Browser().sign_in(ada)
    for _ in range(6):
        clock_from_now.shift(10)
        browser.page("/basket/")
    assert browser.is_signed_in()


def test_a_new_key_is_followed_at_once(browser):
    browser.page("/cycle/")
    assert Session.objects.get().django_session_key == browser.cookie


def test_saves_within_a_minute_cost_nothing(browser, clock_from_now, settings):
    browser.page("/basket/")
    clock_from_now.shift(50)
    with CaptureQueriesContext(connection) as queries:
        browser.page("/basket/")
    assert statements(queries) == ["SELECT", "UPDATE"]
    settings.SESSION_SAVE_EVERY_REQUEST = True
    with CaptureQueriesContext(connection) as queries:
        browser.page("/public/")
    assert statements(queries) == ["SELECT", "UPDATE"]


@pytest.mark.django_db
def test_saves_in_a_transaction_that_never_commits_cost_nothing_either(ada):
    """What was put off until the commit counts as written: the next save does not look at the row."""
    browser = Browser().sign_in(ada)
    browser.page("/expire-in/7200/")
    with CaptureQueriesContext(connection) as queries:
        browser.page("/expire-in/7200/")
    assert statements(queries) == ["SELECT", "UPDATE"]


def refuse_updates(execute, sql, *args):
    if sql.startswith("UPDATE") and Session._meta.db_table in sql:
        raise OperationalError("the disk is full")
    return execute(sql, *args)


def test_an_expiry_that_could_not_be_written_is_followed_by_the_next_save(browser):
    with connection.execute_wrapper(refuse_updates):
        assert browser.page("/expire-in/60/").status_code == 200
    assert end() == timezone.now() + timedelta(hours=1)
    browser.page("/basket/")
    assert end() == timezone.now() + MINUTE


def test_a_response_that_fails_saves_nothing(browser, clock_from_now):
    browser.client.raise_request_exception = False
    ends_at = end()
    clock_from_now.shift(10 * MINUTE)
    browser.submit("/drop/nothing/", {"status": 500})
    assert end() == ends_at


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no rows.")
@pytest.mark.parametrize("seconds", [60, 60 * 86400])
def test_an_expiry_that_is_set_while_the_row_is_locked_is_followed_by_the_next_save(ada, settings, seconds):
    settings.AUTH_SESSIONS_REAUTHENTICATION_AGE = settings.AUTH_SESSIONS_LIFETIME = None
    browser = Browser().sign_in(ada)
    Device().sign_in(ada)
    begun, go = threading.Event(), threading.Event()

    def hold(**event):
        begun.set()
        assert go.wait(10)

    def sign_out_others():
        return browser.copy().submit("/account/devices/others/sign-out/", {"password": PASSWORD})

    def expire():
        assert begun.wait(10)
        try:
            return browser.page(f"/expire-in/{seconds}/")
        finally:
            go.set()

    with receiving(hold, sessions_ending, of=Session), ThreadPoolExecutor(2) as pool:
        answers = pool.map(with_own_connection, (sign_out_others, expire))
        assert [answer.status_code for answer in answers] == [302, 200]
    browser.page("/basket/")
    assert abs(end() - timezone.now() - timedelta(seconds=seconds)) < MINUTE
