"""Middleware of the host that sets ``request.user`` after the app's: the session is validated nevertheless."""

from base64 import b64encode

import pytest
from django import urls
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.checks import installation
from auth_sessions.core import browser_validation
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device, code, still_signed_in
from tests.support.statements import statements

pytestmark = pytest.mark.slow

AGAIN = ["finds_user_again", "finds_user_at_once", "AuthenticatesAgain"]


def come_after(settings, name):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"tests.host.middleware.{name}"]


@pytest.fixture(params=AGAIN)
def _set_again(request, settings):
    come_after(settings, request.param)


@pytest.mark.usefixtures("any_engine", "_set_again")
class TestEveryEngine:
    def test_an_older_cookie_joins_and_is_signed_out(self, ada):
        old, phone = Browser(), Device().sign_in(ada)
        old.client.force_login(ada)
        assert old.is_signed_in()
        assert {row["kind"] for row in phone.sessions()} == {"browser", "token"}
        assert phone.sign_out("global").status_code == 204
        assert not old.is_signed_in()

    @pytest.mark.parametrize("path", ["/who/", "/who/async/"])
    def test_signed_out_by_a_phone(self, office_browser, phone, path):
        assert phone.sign_out("global").status_code == 204
        assert not office_browser.is_signed_in(path)

    def test_the_browser_s_own_sign_out(self, office_browser, phone):
        assert office_browser.sign_out("global").status_code == 204
        assert still_signed_in(office=office_browser, phone=phone) == set()
        assert not Session.objects.exists()

    def test_the_entry_that_is_left(self, office_browser):
        """Whatever the store still holds: here the row goes alone."""
        Session.objects.all()._raw_delete("default")
        assert code(office_browser.sign_out("global")) == (401, "session_not_found")
        assert not office_browser.is_signed_in()


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("path", ["/who/", "/who/async/"])
def test_set_again_after_somebody_has_asked(office_browser, settings, path):
    """Django keeps the user that it has found, who has been refused since."""
    come_after(settings, "asks_who")
    come_after(settings, "AuthenticatesAgain")
    browser = office_browser.copy()
    assert browser.is_signed_in(path)
    Session.objects.all()._raw_delete("default")
    assert not browser.is_signed_in(path)


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("path", ["/who/", "/who/async/"])
class TestSetByProcessView:
    @pytest.fixture(autouse=True)
    def _set_late(self, settings):
        come_after(settings, "FindsUserForView")
        browser_validation._warn_late.cache_clear()

    def test_an_older_cookie_joins_and_it_is_said_what_to_move(self, ada, path, caplog):
        old, phone = Browser(), Device().sign_in(ada)
        old.client.force_login(ada)
        assert old.is_signed_in(path)
        assert {row["kind"] for row in phone.sessions()} == {"browser", "token"}
        assert "place BrowserSessionMiddleware after it" in caplog.text

    def test_one_that_has_ended_is_not_answered(self, office_browser, path):
        browser = office_browser.copy()
        assert browser.is_signed_in(path)
        Session.objects.all()._raw_delete("default")
        with pytest.raises(ImproperlyConfigured, match="place BrowserSessionMiddleware after it"):
            browser.page(path)

    def test_basic_authentication_of_the_whole_site_changes_nothing(self, office_browser, path):
        """A browser repeats it with every request, and it says nothing of the person."""
        browser = office_browser.copy()
        browser.client.credentials(HTTP_AUTHORIZATION="Basic c3RhZ2U6c3RhZ2U=")
        Session.objects.all()._raw_delete("default")
        with pytest.raises(ImproperlyConfigured, match="place BrowserSessionMiddleware after it"):
            browser.page(path)

    def test_moving_it_helps(self, office_browser, path, settings):
        ours = "auth_sessions.middleware.BrowserSessionMiddleware"
        settings.MIDDLEWARE = [*(name for name in settings.MIDDLEWARE if name != ours), ours]
        browser = office_browser.copy()
        Session.objects.all()._raw_delete("default")
        assert not browser.is_signed_in(path)


def fail(request):
    raise RuntimeError(str(request.user))


urlpatterns = [urls.path("fails/", fail)]


def test_a_view_that_fails_shows_nobody_anything(office_browser, settings, caplog):
    come_after(settings, "FindsUserForView")
    settings.ROOT_URLCONF = __name__
    browser = office_browser.copy()
    Session.objects.all()._raw_delete("default")
    browser.client.raise_request_exception = False
    assert browser.page("/fails/").status_code == 500
    assert "RuntimeError" in caplog.text
    assert "ImproperlyConfigured" not in caplog.text


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("name", [*AGAIN, "wraps_user"])
@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere/", 404), ("GET", "/who", 301), ("POST", "/password/", 403)]
)
class TestNoViewAnswers:
    """``process_view()`` is not called then, and the answer shows nobody anything."""

    @pytest.fixture(autouse=True)
    def _in_sessions(self, settings, name):
        settings.CSRF_USE_SESSIONS = True  # which loads Django's session
        come_after(settings, name)
        browser_validation._warn_late.cache_clear()

    def answered(self, browser, method, path):
        browser.client.handler.enforce_csrf_checks = True
        return browser.request(method, path).status_code

    def test_one_that_has_ended(self, office_browser, method, path, status):
        Session.objects.all()._raw_delete("default")
        assert self.answered(office_browser, method, path) == status

    def test_nothing_is_to_be_moved(self, office_browser, method, path, status, caplog):
        assert self.answered(office_browser, method, path) == status
        assert "place BrowserSessionMiddleware after it" not in caplog.text


def test_a_user_who_is_wrapped_late_is_judged_once(office_browser, settings, caplog):
    """Whoever asks for them asks for the user of the app's middleware."""
    come_after(settings, "WrapsUserForView")
    browser_validation._warn_late.cache_clear()
    browser = office_browser.copy()
    browser.page("/basket/")
    assert "place BrowserSessionMiddleware after it" not in caplog.text
    Session.objects.all()._raw_delete("default")
    assert browser.page("/basket/").status_code == 200
    assert not browser.is_signed_in()


@pytest.mark.parametrize("name", [*AGAIN[::2], "wraps_user"])
def test_what_it_costs(office_browser, settings, name):
    """No more than where the middleware stands last."""
    office_browser.is_signed_in()
    come_after(settings, name)
    browser = office_browser.copy()
    with CaptureQueriesContext(connection) as queries:
        browser.page("/public/")
    assert statements(queries) == []
    with CaptureQueriesContext(connection) as queries:
        browser.is_signed_in()
    assert statements(queries) == ["SELECT"] * 3


@pytest.mark.parametrize("position", ["before", "after"])
def test_a_user_set_without_auser(office_browser, bob, settings, position):
    """``request.auser()`` gives whom ``request.user`` is."""
    name = "tests.host.middleware.as_named"
    at = settings.MIDDLEWARE.index("auth_sessions.middleware.BrowserSessionMiddleware") + (position == "after")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:at], name, *settings.MIDDLEWARE[at:]]
    data = office_browser.client.session
    data["as"] = str(bob.pk)
    data.save()
    browser = office_browser.copy()
    for path in ("/who/", "/who/async/"):
        assert browser.page(path).json() == {"user": str(bob.pk)}


def test_auser_after_a_login_in_the_same_request(ada):
    browser = Browser()
    assert browser.submit("/login/async/and-who/", {"username": ada.get_username()}).json() == {"user": str(ada.pk)}


def test_a_user_who_came_without_a_cookie_is_left_alone(ada, settings):
    come_after(settings, "service")
    assert Browser().me().json() == {"user": "service"}


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("path", ["/api/for-keys/", "/api/for-keys/alone/"])
def test_a_user_of_a_rest_view_who_came_with_a_key_is_left_alone(office_browser, ada, settings, path):
    """Whatever the cookie beside it is worth."""
    settings.ROOT_URLCONF = "tests.host.key_urls"
    Session.objects.all()._raw_delete("default")
    office_browser.client.credentials(HTTP_X_KEY=ada.get_username())
    assert office_browser.page(path).json() == {"user": str(ada.pk)}


@pytest.mark.usefixtures("any_engine")
def test_a_user_of_a_rest_view_who_came_with_a_header_is_left_alone(office_browser, ada, settings):
    """Also where its authenticator enforces CSRF, as many do that were copied from one for cookies."""
    settings.ROOT_URLCONF = "tests.host.key_urls"
    Session.objects.all()._raw_delete("default")
    office_browser.client.credentials(HTTP_AUTHORIZATION=f"Token {ada.get_username()}")
    assert office_browser.page("/api/for-headers/").json() == {"user": str(ada.pk)}


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize(
    ("urls", "path"), [("basic_urls", "/feed/"), ("key_urls", "/api/for-passwords/")], ids=["view", "REST view"]
)
def test_a_user_who_came_with_a_password_is_left_alone(office_browser, ada, settings, urls, path):
    """Where the view itself, or DRF, reads what the browser repeats, unlike a proxy."""
    settings.ROOT_URLCONF = f"tests.host.{urls}"
    Session.objects.all()._raw_delete("default")
    credentials = b64encode(f"{ada.get_username()}:{PASSWORD}".encode()).decode()
    office_browser.client.credentials(HTTP_AUTHORIZATION=f"Basic {credentials}")
    assert office_browser.page(path).json() == {"user": str(ada.pk)}


@pytest.mark.usefixtures("any_engine")
def test_a_file_for_whom_a_rest_view_knows_by_a_key(office_browser, ada, settings):
    settings.ROOT_URLCONF = "tests.host.key_urls"
    Session.objects.all()._raw_delete("default")
    office_browser.client.credentials(HTTP_X_KEY=ada.get_username())
    assert office_browser.page("/api/for-keys/alone/file/").status_code == 200


@pytest.mark.usefixtures("any_engine")
@pytest.mark.parametrize("path", ["/api/for-cookies/", "/api/for-cookies/file/"])
def test_a_user_of_a_rest_view_who_came_with_the_cookie_is_not(office_browser, settings, path):
    settings.ROOT_URLCONF = "tests.host.key_urls"
    come_after(settings, "FindsUserForView")
    browser = office_browser.copy()
    Session.objects.all()._raw_delete("default")
    with pytest.raises(ImproperlyConfigured, match="place BrowserSessionMiddleware after it"):
        browser.page(path)


def test_a_rest_view_that_has_not_asked_who_it_is(office_browser, settings):
    """No authenticator is asked for the first time at the response."""
    settings.ROOT_URLCONF = "tests.host.key_urls"
    settings.CSRF_USE_SESSIONS = True
    come_after(settings, "FindsUserForView")
    browser = office_browser.copy()
    browser.client.credentials(HTTP_X_KEY="", HTTP_ACCEPT="image/png")
    assert browser.page("/api/for-keys/").status_code == 406


def test_check_says_what_to_move(settings):
    ours, again = "auth_sessions.middleware.BrowserSessionMiddleware", "tests.host.middleware.AuthenticatesAgain"
    first = ["django.contrib.sessions.middleware.SessionMiddleware"]
    django_s = "django.contrib.auth.middleware.AuthenticationMiddleware"
    found = {}
    for order in ([django_s, ours, again], [django_s, again, ours], [again, ours], [ours, again], [ours, django_s]):
        settings.MIDDLEWARE = [*first, *order]
        found[tuple(order)] = [check.id for check in installation.check() if check.id[-3:] in {"014", "021"}]
    assert list(found.values()) == [["auth_sessions.W021"], [], [], ["auth_sessions.E014"], ["auth_sessions.E014"]]
