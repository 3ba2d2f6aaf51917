"""``clearauthsessions`` ends browser sessions whose entry is gone from the store of Django's sessions."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import Device
from tests.support.sessions import clear_expired
from tests.support.statements import DELETED, LOCKED, statements

STORES = ["db", "cached_db", "cache"]
LATER = timedelta(hours=1)


@pytest.fixture(params=STORES)
def _store(request, settings):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"


def delete_entry(browser):
    import_module(django_settings.SESSION_ENGINE).SessionStore(browser.cookie).delete()


@pytest.mark.usefixtures("_store")
class TestEveryStore:
    def test_an_entry_that_is_gone(self, clock_from_now, office_browser, library_browser, phone, ended):
        delete_entry(office_browser)
        clock_from_now.shift(LATER)
        assert clear_expired(dry_run=True) == 1
        assert clear_expired() == 1
        assert [(event["reason"], event["scope"], len(event["sessions"])) for event in ended] == [
            ("signed_out", "local", 1)
        ]
        assert {str(row.pk) for row in Session.objects.all()} == {library_browser.session_id, phone.session_id}
        assert library_browser.is_signed_in()

    def test_a_request_that_is_not_answered_yet(self, office_browser):
        delete_entry(office_browser)
        assert clear_expired() == 0

    def test_an_older_login(self, clock_from_now, ada):
        old = Browser()
        old.client.force_login(ada)
        assert old.is_signed_in()
        clock_from_now.shift(LATER)
        assert clear_expired() == 0
        delete_entry(old)
        assert clear_expired() == 1

    def test_a_new_key(self, clock_from_now, office_browser):
        office_browser.page("/cycle/")
        clock_from_now.shift(LATER)
        assert clear_expired() == 0
        assert office_browser.is_signed_in()

    def test_another_engine(self, clock_from_now, office_browser, settings):
        """A row of the engine before, or of another host on the same database."""
        engine = settings.SESSION_ENGINE
        clock_from_now.shift(LATER)
        for other in {f"django.contrib.sessions.backends.{name}" for name in [*STORES, "file", "signed_cookies"]}:
            settings.SESSION_ENGINE = other
            assert clear_expired() == 0
        settings.SESSION_ENGINE = engine
        assert office_browser.is_signed_in()


def test_an_engine_that_took_over_the_entries(clock_from_now, office_browser, settings):
    """Django's ``db`` and ``cached_db`` keep them in one table: a request shows that a browser is known to both."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    assert office_browser.is_signed_in()
    delete_entry(office_browser)
    clock_from_now.shift(LATER)
    assert clear_expired() == 1


def test_a_cache_that_was_emptied(clock_from_now, ada, settings):
    """It tells nothing, until a login has gone there."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    Browser().sign_in(ada)
    cache.clear()
    clock_from_now.shift(LATER)
    assert clear_expired() == 0
    browser = Browser().sign_in(ada)
    assert clear_expired() == 1
    assert browser.is_signed_in()


def test_a_cache_of_another_process(clock_from_now, ada, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    browser = Browser().sign_in(ada)
    clock_from_now.shift(LATER)
    caches = settings.CACHES
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "other"}}
    assert clear_expired() == 0
    broken = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": broken}
    assert clear_expired() == 0
    settings.CACHES = caches
    assert browser.is_signed_in()


@pytest.mark.parametrize("engine", ["file", "signed_cookies"])
def test_where_it_cannot_be_told(clock_from_now, ada, settings, tmp_path, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    browser = Browser().sign_in(ada)
    old = Browser()
    old.client.force_login(ada)
    old.is_signed_in()
    clock_from_now.shift(LATER)
    assert clear_expired() == 0
    assert browser.is_signed_in()


def test_an_entry_that_stays_is_read_once_a_batch(clock_from_now, ada, rest_only):
    browsers = [Browser().sign_in(ada) for _ in range(4)]
    Device().sign_in(ada)
    clock_from_now.shift(LATER)
    with CaptureQueriesContext(connection) as queries:
        assert clear_expired() == 0
    looked = len(queries)
    for browser in browsers:
        delete_entry(browser)
    with CaptureQueriesContext(connection) as queries:
        assert clear_expired() == 4
    assert len(queries) > looked
    many = statements(queries)
    one = Browser().sign_in(ada)
    clock_from_now.shift(LATER)
    delete_entry(one)
    with CaptureQueriesContext(connection) as queries:
        assert clear_expired() == 1
    assert statements(queries) == many
    assert many[-len(DELETED) :] == DELETED
    assert set(LOCKED) <= set(many)
