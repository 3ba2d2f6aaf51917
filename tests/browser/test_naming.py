"""A session that joins an older login of Django's takes nothing back that others have written there meanwhile."""

from functools import partial
from importlib import import_module

import pytest
from django.conf import settings as django_settings
from django.db import connection

from auth_sessions.core.presented import SESSION_ID_KEY
from auth_sessions.models import Session
from tests.host import views
from tests.support.browser import Browser
from tests.support.races import ROUNDS, together


@pytest.fixture
def old_browser(ada):
    """It has signed in before the app was installed."""
    browser = Browser()
    browser.client.force_login(ada)
    return browser


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("atomic", [False, True])
class TestEveryEngine:
    @pytest.fixture(autouse=True)
    def _atomic(self, atomic, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)

    def test_another_copy_in_the_same_request(self, old_browser, settings):
        if "signed_cookies" in settings.SESSION_ENGINE:
            pytest.skip("a second copy is not saved anywhere")
        assert old_browser.page("/write-elsewhere/").status_code == 200
        assert_named(old_browser)
        assert old_browser.page("/basket/").json() == {"basket": 2}

    @pytest.mark.parametrize("other", ["/basket/", "/who/"])
    def test_another_request_meanwhile(self, old_browser, other):
        """Each answer of a browser overwrites its cookie, so the last one must hold everything."""
        views.meanwhile.append(lambda: old_browser.page(other))
        views.meanwhile.append(lambda: old_browser.page("/basket/"))
        assert old_browser.page("/slow/").status_code == 200
        assert old_browser.page("/basket/").json()["basket"] == (3 if other == "/basket/" else 2)
        assert old_browser.is_signed_in()
        assert_named(old_browser)

    def test_signed_out_meanwhile(self, old_browser):
        """Neither request brings the login back."""
        views.meanwhile.append(lambda: Session.objects.all().end(reason="revoked"))
        old_browser.page("/slow/")
        if Session.objects.exists():  # the row is written at the end of the transaction
            Session.objects.all().end(reason="revoked")
        assert not old_browser.is_signed_in()

    def test_what_a_request_writes_itself_is_named(self, old_browser):
        """No view asks for the user here, but the data are saved."""
        assert old_browser.page("/basket/").json() == {"basket": 1}
        assert_named(old_browser)
        assert old_browser.page("/basket/").json() == {"basket": 2}
        assert Session.objects.count() == 1


@pytest.mark.parametrize("atomic", [False, True])
def test_a_store_that_fails_is_logged(ada, atomic, settings, monkeypatch, caplog):
    """The login is named at a later request."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    browser = Browser()
    browser.client.force_login(ada)

    def fail(store, must_create=False):
        raise ConnectionError("the cache does not answer")

    with monkeypatch.context() as broken:
        broken.setattr("django.contrib.sessions.backends.cache.SessionStore.save", fail)
        assert browser.page("/who/").json()["user"] == str(ada.pk)
    assert "write_session_id" in caplog.text
    assert browser.is_signed_in()
    assert_named(browser)


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("path", ["/logout/", "/in-and-out/o/", "/drop/flush/"])
def test_it_is_logged_out_at_once(old_browser, path):
    """The first request of an older login ends it."""
    assert old_browser.submit(path, {"username": "ada"}).status_code < 400
    assert not old_browser.is_signed_in()
    assert not Session.objects.exists()


def assert_named(browser):
    """The data that the browser's cookie leads to name the one session."""
    store = import_module(django_settings.SESSION_ENGINE).SessionStore
    assert store(browser.cookie).get(SESSION_ID_KEY) == str(Session.objects.get().pk)


@pytest.mark.parametrize("engine", ["db", "cached_db"])
def test_many_requests_at_once(make_user, settings, engine):
    """A first look beside another request that writes: the row of the store is locked while the id is added to it."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    for number in range(ROUNDS):
        user = make_user(f"ada{number}")
        browser = Browser()
        browser.client.force_login(user)
        writer, *tabs = [browser.copy() for _ in range(6)]
        together(*[tab.me for tab in tabs], partial(writer.page, "/basket/"))
        assert browser.page("/basket/").json() == {"basket": 2}
        assert Session.objects.filter(user=user).count() == 1


def test_the_expiry_of_an_older_login_stays(ada, clock_from_now, settings):
    settings.SESSION_COOKIE_AGE = 3600
    browser = Browser()
    browser.client.force_login(ada)
    entry = browser.client.session.model.objects.get()
    clock_from_now.shift(1800)
    assert browser.is_signed_in()
    assert Session.objects.get().expires_at == entry.expire_date
    entry.refresh_from_db()
    assert Session.objects.get().expires_at == entry.expire_date


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache"])
def test_a_login_where_the_name_was_lost(ada, settings, engine):
    """Another request, which had loaded the data before, has saved them without the id."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    browser = Browser().sign_in(ada)
    data = browser.client.session
    del data[SESSION_ID_KEY]
    data.save()
    assert browser.submit("/drop/login/", {"username": ada.get_username()}).status_code == 200
    assert [str(row.pk) for row in Session.objects.all()] == [browser.session_id]
    assert browser.is_signed_in()
