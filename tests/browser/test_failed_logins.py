"""A Django login in a request that fails: the response is a 5xx, which neither saves Django's session nor sends it."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.cache import SessionStore as CacheStore
from django.test import AsyncClient

from auth_sessions.models import Session
from tests.support.browser import Browser, HelpDesk
from tests.support.device import Device

APP_MIDDLEWARE = "auth_sessions.middleware.BrowserSessionMiddleware"
SESSION_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"


def fail(browser, user, path="/login/and-fail/"):
    browser.client.raise_request_exception = False
    answer = browser.submit(path, {"username": user.get_username()})
    assert answer.status_code == 500


@pytest.mark.usefixtures("any_engine")
class TestEveryEngine:
    def test_no_session_stays(self, ada, ended):
        browser = Browser()
        fail(browser, ada)
        assert not browser.is_signed_in()
        assert not Session.objects.exists()
        assert [event["reason"] for event in ended] == ["deleted"]

    def test_over_a_basket(self, ada):
        browser = Browser()
        browser.page("/basket/")
        fail(browser, ada)
        assert not Session.objects.exists()

    def test_over_the_same_user(self, office_browser, ada):
        """Nothing has changed for the browser."""
        fail(office_browser, ada)
        assert office_browser.is_signed_in()
        assert [str(row.pk) for row in Session.objects.all()] == [office_browser.session_id]

    def test_over_another_user(self, office_browser, ada, bob, settings):
        """Django has emptied the store entry at once; a signed cookie is kept by the browser."""
        fail(office_browser, bob)
        is_kept = "signed_cookies" in settings.SESSION_ENGINE
        assert office_browser.is_signed_in() == is_kept
        assert [row.user for row in Session.objects.all()] == [ada] * is_kept

    def test_over_an_older_login_of_the_same_user(self, ada):
        """The browser is signed in as before, with a session."""
        browser = Browser()
        browser.client.force_login(ada)
        fail(browser, ada)
        assert browser.is_signed_in()
        assert [row.user for row in Session.objects.all()] == [ada]


@pytest.mark.parametrize("over_another", [False, True])
def test_it_is_not_counted(ada, bob, settings, over_another):
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
    fail(Browser().sign_in(ada) if over_another else Browser(), bob)
    assert Device().sign_in(bob).is_signed_in()


@pytest.mark.parametrize("over_another", [False, True])
def test_it_evicts_nothing(ada, bob, settings, over_another):
    settings.AUTH_SESSIONS_MAX_PER_USER = 1
    phone = Device().sign_in(bob)
    fail(Browser().sign_in(ada) if over_another else Browser(), bob)
    assert phone.is_signed_in()


@pytest.mark.usefixtures("atomic_requests", "_host_that_notes_who_acts")
@pytest.mark.parametrize("engine", ["db", "cached_db", "signed_cookies"])
class TestRolledBack:
    """The request is one transaction: its rollback gives the store entry back, and a 5xx changes no cookie."""

    @pytest.fixture(autouse=True)
    def _engine(self, settings, engine):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"

    @pytest.mark.parametrize("has_app", [False, True])
    def test_over_another_user(self, settings, ada, bob, has_app):
        """As with Django alone."""
        if not has_app:
            settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "NotedActor" not in name]
        browser = Browser()
        browser.submit("/login/remember/", {"username": ada.get_username()})
        before = list(Session.objects.all())
        assert [row.user for row in before] == [ada] * has_app
        fail(browser, bob)
        assert browser.page("/who/").json() == {"user": str(ada.pk)}
        assert list(Session.objects.all()) == before

    def test_to_act(self, grace, ada):
        desk = HelpDesk().sign_in(grace)
        fail(desk, ada)
        assert desk.who == str(grace.pk)
        assert [str(row.pk) for row in Session.objects.all()] == [desk.session_id]

    def test_while_acting(self, grace, ada, bob):
        desk = HelpDesk().sign_in(grace).act_as(ada)
        fail(desk, bob)
        assert desk.who == str(ada.pk)
        desk.stop()
        assert desk.who == str(grace.pk)

    def test_to_come_back(self, grace, ada):
        desk = HelpDesk().sign_in(grace).act_as(ada)
        fail(desk, grace)
        assert desk.who == str(ada.pk)
        desk.stop()
        assert desk.who == str(grace.pk)


@pytest.mark.usefixtures("_host_that_notes_who_acts")
@pytest.mark.parametrize("engine", ["db", "cache", "signed_cookies"])
def test_while_acting(settings, engine, grace, ada, bob):
    """Without a transaction, what Django's flush() has deleted is gone, and the actor's own session with it."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    desk = HelpDesk().sign_in(grace).act_as(ada)
    fail(desk, bob)
    is_kept = engine == "signed_cookies"
    assert desk.who == (str(ada.pk) if is_kept else None)
    assert {row.user for row in Session.objects.all()} == ({ada, grace} if is_kept else set())


@pytest.mark.usefixtures("_host_that_notes_who_acts")
@pytest.mark.parametrize("engine", ["db", "cache", "signed_cookies"])
def test_to_come_back(settings, engine, grace, ada):
    """The browser is given back to a session that it does not get."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    desk = HelpDesk().sign_in(grace).act_as(ada)
    fail(desk, grace)
    assert desk.who is None
    assert not Session.objects.exists()


def add_failing_middleware(settings, before):
    at = settings.MIDDLEWARE.index(before)
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:at],
        "tests.host.middleware.fails_after_a_login",
        *settings.MIDDLEWARE[at:],
    ]


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("before", [APP_MIDDLEWARE, SESSION_MIDDLEWARE])
def test_another_middleware_fails_after_the_login(settings, ada, before):
    """Whether or not Django has saved its session by then: the response is another, without the cookie."""
    add_failing_middleware(settings, before)
    browser = Browser()
    fail(browser, ada, "/login/remember/")
    assert not browser.is_signed_in()
    assert not Session.objects.exists()


@pytest.mark.parametrize("before", [APP_MIDDLEWARE, SESSION_MIDDLEWARE])
def test_another_middleware_fails_after_an_async_login(settings, ada, before):
    """Django tells it in a thread of its own."""
    add_failing_middleware(settings, before)
    client = AsyncClient(raise_request_exception=False)
    answer = async_to_sync(client.post)("/login/remember/", {"username": ada.get_username()})
    assert answer.status_code == 500
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    assert not Session.objects.exists()


class SessionStore(CacheStore):
    """A store that fails when the data are written at the end of the request."""

    def save(self, must_create=False):
        if not must_create:
            raise ConnectionError
        return super().save(must_create)


def test_the_store_fails_after_the_login(settings, ada):
    """``SessionMiddleware`` raises: the response is a 500 without a cookie."""
    settings.SESSION_ENGINE = __name__
    browser = Browser()
    fail(browser, ada, "/login/remember/")
    assert not browser.is_signed_in()
    assert not Session.objects.exists()
