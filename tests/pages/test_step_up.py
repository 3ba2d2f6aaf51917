"""The page that asks a person to show again that it is them, before a view that ``recently_authenticated`` guards."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.http import QueryDict
from django.utils import timezone

from auth_sessions import api
from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.host.second_factor import CODE, CodeMixin
from tests.support.browser import Browser
from tests.support.device import PASSWORD, still_signed_in
from tests.support.inputs import each
from tests.support.pages import OTHERS, text
from tests.support.step_up import make_stale, row

pytestmark = pytest.mark.any_database

PAGE = "/account/reauthenticate/"
WHY = "Enter your password to show that it is you."


@pytest.fixture(autouse=True)
def _host(settings):
    settings.ROOT_URLCONF = "tests.host.step_up_urls"
    settings.LOGIN_REDIRECT_URL = "/after-login/"


@pytest.fixture
def asks_for_a_code(settings):
    settings.ROOT_URLCONF = "tests.host.step_up_code_urls"
    CodeMixin.asked = []


@pytest.fixture
def passwordless(ada):
    ada.set_unusable_password()
    get_user_model().objects.filter(pk=ada.pk).update(password=ada.password)
    browser = Browser()
    browser.client.force_login(ada)
    browser.session_id = browser.page("/which/").json()["session"]
    return make_stale(browser)


def test_it_asks_and_leads_on(office_browser):
    make_stale(office_browser)
    path = f"{PAGE}?next=/plain/"
    page = text(office_browser.page(path))
    assert "Is it you?" in page
    assert WHY in page
    assert "Enter your password." in text(office_browser.submit(path))
    assert "This password was not accepted. Try again." in text(office_browser.submit(path, {"password": "wrong"}))
    assert office_browser.submit(path, {"password": PASSWORD}).url == "/plain/"
    assert timezone.now() - row(office_browser).authenticated_at < timedelta(minutes=1)
    assert office_browser.page(path).url == "/plain/"


@each(
    "target",
    [
        "https://evil.example.org/",
        "//evil.example.org/",
        "///evil.example.org/",
        "http:evil.example.org",
        r"\\evil.example.org",
        "javascript:alert(1)",
        "",
    ],
)
def test_it_leads_to_no_other_site(office_browser, target):
    make_stale(office_browser)
    response = office_browser.client.post(f"{PAGE}?{_query(next=target)}", {"password": PASSWORD})
    assert response.url == "/after-login/"
    assert office_browser.client.get(f"{PAGE}?{_query(next=target)}").url == "/after-login/"


def _query(**values):
    query = QueryDict(mutable=True)
    query.update(values)
    return query.urlencode()


@each("max_age", ["", "0", "-1", "x", "9" * 400, "1e3", "\0", "600"])
def test_what_is_required_is_in_the_query(office_browser, max_age):
    """What cannot be read is the usual age."""
    make_stale(office_browser, timedelta(minutes=5))
    assert office_browser.client.get(f"{PAGE}?{_query(next='/plain/', max_age=max_age)}").url == "/plain/"
    make_stale(office_browser)
    assert WHY in text(office_browser.client.get(f"{PAGE}?{_query(next='/plain/', max_age=max_age)}"))


def test_another_age(office_browser):
    make_stale(office_browser, timedelta(minutes=5))
    assert WHY in text(office_browser.page(f"{PAGE}?next=/plain/&max_age=60"))
    make_stale(office_browser, timedelta(minutes=30))
    assert office_browser.page(f"{PAGE}?next=/plain/&max_age=3600").url == "/plain/"


def test_a_second_factor_that_nobody_has(office_browser):
    path = f"{PAGE}?next=/plain/mfa/&max_age=600&acr_values=mfa"
    assert WHY in text(office_browser.page(path))
    assert office_browser.submit(path, {"password": PASSWORD}).status_code == 403
    assert office_browser.is_signed_in()


@pytest.mark.usefixtures("asks_for_a_code")
class TestASecondFactor:
    PATH = f"{PAGE}?next=/plain/mfa/&max_age=600&acr_values=mfa"

    def test_it_is_asked_after_the_password(self, office_browser, login_failures):
        assert "second factor" not in text(office_browser.page(self.PATH))
        assert "second factor" not in text(office_browser.submit(self.PATH, {"password": "wrong"}))
        assert CodeMixin.asked == []
        page = text(office_browser.submit(self.PATH, {"password": PASSWORD}))
        assert "Enter the code of your second factor." in page
        assert len(login_failures) == 1
        assert "This code was not accepted." in text(
            office_browser.submit(self.PATH, {"password": PASSWORD, "otp": "000000"})
        )
        assert len(login_failures) == 2
        assert office_browser.submit(self.PATH, {"password": PASSWORD, "otp": CODE}).url == "/plain/mfa/"
        assert row(office_browser).amr[-2:] == ["otp", "mfa"]
        assert office_browser.page("/plain/mfa/").status_code == 200

    @each("otp", ["\0", "x" * 129])
    def test_junk(self, office_browser, otp):
        response = office_browser.submit(self.PATH, {"password": PASSWORD, "otp": otp})
        assert 'name="otp"' in response.content.decode()
        assert response.status_code == 200


class TestWithoutAPassword:
    def test_they_sign_in_again(self, ada, passwordless):
        path = f"{PAGE}?next=/plain/"
        assert "Sign in again to show that it is you" in text(passwordless.page(path))
        assert passwordless.submit(path).url == path
        assert not Session.objects.exists()
        passwordless.submit("/login/remember/", {"username": ada.get_username()})
        assert passwordless.page(path).url == "/plain/"

    @each("path", [f"{PAGE}?next=/plain/", OTHERS])
    def test_the_projects_own_page(self, ada, passwordless, settings, path):
        create_session(ada)
        settings.AUTH_SESSIONS_REAUTHENTICATION_URL = "own-proof"
        make_stale(passwordless)
        page = text(passwordless.page(path))
        assert "Show first that it is you: you come back" in page
        assert "Continue" in page
        own = passwordless.submit(path)
        assert own.url.startswith("/own/prove/?next=")
        assert passwordless.page(own.url).json()["next"] == path
        api.mark_reauthenticated(row(passwordless), amr=["hwk"])
        after = passwordless.page(path)
        assert after.status_code == (302 if path.startswith(PAGE) else 200)
        assert still_signed_in(here=passwordless) == {"here"}


@each("path", [f"{PAGE}?next=/plain/", OTHERS])
def test_the_projects_own_page_asks_everybody(ada, office_browser, settings, path):
    create_session(ada)
    settings.AUTH_SESSIONS_REAUTHENTICATION_URL = "/own/prove/"
    make_stale(office_browser)
    assert "Enter your password" not in text(office_browser.page(path))
    assert office_browser.submit(path, {"password": PASSWORD}).url.startswith("/own/prove/?next=")
    assert Session.objects.count() >= 2


def test_nobody_is_signed_in(db):
    assert Browser().page(f"{PAGE}?next=/plain/").url.startswith("/accounts/login/?next=/account/reauthenticate/")


def test_a_sign_out_while_the_password_is_verified(office_browser, settings):
    make_stale(office_browser)
    usual = settings.AUTHENTICATION_BACKENDS
    settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.SignsOutEverywhere", *usual]
    path = f"{PAGE}?next=/plain/"
    assert office_browser.submit(path, {"password": PASSWORD}).url == path
    assert not Session.objects.exists()
    assert office_browser.page(path).url.startswith("/accounts/login/")
