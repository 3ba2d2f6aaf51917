"""People whom a proxy signs in by a header: ``RemoteUserMiddleware``, and middleware of the host that does the same."""

from datetime import timedelta

import pytest
from django.utils import timezone

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import Device, still_signed_in

pytestmark = pytest.mark.any_database

BROWSERS = "auth_sessions.middleware.BrowserSessionMiddleware"


@pytest.fixture(params=["ProxyUserMiddleware before", "ProxyUserMiddleware after", "signs_in_by_header after"])
def _proxy(request, settings):
    name, _, position = request.param.partition(" ")
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.RemoteUserBackend",
        *settings.AUTHENTICATION_BACKENDS,
    ]
    at = settings.MIDDLEWARE.index(BROWSERS) + (position == "after")
    middleware = [*settings.MIDDLEWARE[:at], f"tests.host.middleware.{name}", *settings.MIDDLEWARE[at:]]
    settings.MIDDLEWARE = middleware


def at_proxy(user):
    browser = Browser()
    browser.client.defaults["HTTP_X_USER"] = user.get_username()
    return browser


@pytest.mark.usefixtures("any_engine", "_proxy")
class TestEveryEngine:
    def test_requests_without_a_cookie_are_no_devices(self, ada, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER = 2
        phone = Device().sign_in(ada)
        for path in ("/who/", "/public/", "/basket/", "/who/"):
            browser = at_proxy(ada)
            browser.client.cookies.clear()
            assert browser.page(path).status_code == 200
        assert [str(row.pk) for row in Session.objects.all()] == [phone.session_id]
        assert phone.is_signed_in()

    def test_a_browser_that_returns_is_one(self, ada, clock_from_now):
        browser, signed_in_at = at_proxy(ada), timezone.now()
        assert browser.is_signed_in()
        clock_from_now.shift(30)
        assert browser.is_signed_in()
        row = Session.objects.get()
        assert (row.kind, row.user) == ("browser", ada)
        assert abs(row.authenticated_at - signed_in_at) < timedelta(seconds=1)
        for path in ("/who/", "/basket/", "/public/"):
            browser.page(path)
        assert Session.objects.count() == 1
        assert len(browser.sessions()) == 1

    def test_after_a_sign_out_the_person_comes_back(self, ada):
        browser, phone = at_proxy(ada), Device().sign_in(ada)
        assert [browser.is_signed_in() for _ in range(2)] == [True, True]
        first = Session.objects.get(kind="browser")
        assert phone.sign_out("others").status_code == 204
        browser.page("/who/")
        assert [browser.is_signed_in() for _ in range(2)] == [True, True]
        assert Session.objects.get(kind="browser") != first
        assert still_signed_in(browser=browser, phone=phone) == {"browser", "phone"}

    def test_the_page_at_the_first_request(self, ada):
        browser = at_proxy(ada)
        shown = browser.client.get("/account/devices/", follow=True)
        assert shown.status_code == 200
        assert Session.objects.count() == 1
