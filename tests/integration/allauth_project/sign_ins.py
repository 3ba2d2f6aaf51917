"""django-allauth as the sign-in of a host: by its pages, and by its API for browsers and for apps."""

import re

import pytest
from django.contrib.sessions.models import Session as StoreEntry
from django.core import mail

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import Device, code

OLD = "lovelace-1815"  # without spaces at its ends: allauth's API strips them
NEW = "analytical-1843"


class Pages(Browser):
    def sign_in(self, user):
        response = self.submit("/accounts/login/", {"login": user.get_username(), "password": OLD})
        assert (response.status_code, response.headers["Location"]) == (302, "/who/")
        return self

    def sign_up(self, name):
        fields = {"username": name, "password1": NEW, "password2": NEW}
        assert self.submit("/accounts/signup/", fields).status_code == 302
        return self

    def log_out(self):
        assert self.submit("/accounts/logout/").status_code == 302

    def change_password(self):
        fields = {"oldpassword": OLD, "password1": NEW, "password2": NEW}
        assert self.submit("/accounts/password/change/", fields).status_code == 302


class BrowserAPI(Browser):
    """A page of the host's own, over ``allauth.headless``."""

    client_kind = "browser"

    def sign_in(self, user):
        return self.start("auth/login", {"username": user.get_username(), "password": OLD})

    def sign_up(self, name):
        return self.start("auth/signup", {"username": name, "password": NEW})

    def start(self, path, data):
        response = self.ask("post", path, data)
        assert response.status_code == 200, response.content
        return self

    def is_signed_in(self):
        response = self.ask("get", "auth/session")
        assert response.status_code in {200, 401, 410}
        return response.status_code == 200

    def log_out(self):
        assert self.ask("delete", "auth/session").status_code == 401

    def change_password(self):
        data = {"current_password": OLD, "new_password": NEW}
        assert self.ask("post", "account/password/change", data).status_code == 200

    def ask(self, method, path, data=None):
        path = f"/_allauth/{self.client_kind}/v1/{path}"
        return getattr(self.client, method)(path, data, format="json", **self.headers)


class AppAPI(BrowserAPI):
    """An app without cookies: it shows the key of Django's session in a header."""

    client_kind = "app"
    key = None

    def ask(self, method, path, data=None):
        response = super().ask(method, path, data)
        self.key = response.json()["meta"].get("session_token", self.key)
        return response

    @property
    def headers(self):
        return {"HTTP_X_SESSION_TOKEN": self.key} if self.key else {}


@pytest.fixture
def ada(transactional_db, django_user_model):
    return django_user_model.objects.create_user("ada", "ada@example.org", OLD)


@pytest.fixture
def phone(ada):
    return Device().sign_in(ada, OLD)


@pytest.fixture(params=[Pages, BrowserAPI, AppAPI])
def way(request):
    return request.param


@pytest.fixture
def office_browser(way, ada, phone):
    return way().sign_in(ada)


def test_its_pages_are_shown(db):
    for name in ("login", "signup"):
        assert Browser().page(f"/accounts/{name}/").status_code == 200


def test_a_login_is_in_the_list(office_browser, phone):
    assert office_browser.is_signed_in()
    listed = phone.sessions()
    assert sorted(row["kind"] for row in listed) == ["browser", "token"]
    assert {row["device"]["label"] for row in listed} == {"Firefox on macOS"}


def test_its_logout_ends_that_one(office_browser, way, ada, phone):
    library_browser = way().sign_in(ada)
    office_browser.log_out()
    assert not office_browser.is_signed_in()
    assert library_browser.is_signed_in()
    assert phone.me().status_code == 200
    assert [row["kind"] for row in phone.sessions()] == ["token", "browser"]
    assert StoreEntry.objects.count() == 1


def test_others_from_a_token(office_browser, phone):
    assert phone.sign_out("others").status_code == 204
    assert not office_browser.is_signed_in()
    assert [row["kind"] for row in phone.sessions()] == ["token"]
    assert not StoreEntry.objects.exists()


@pytest.mark.parametrize(("scope", "left"), [("local", [False, True, 200]), ("others", [True, False, 401])])
@pytest.mark.parametrize("way", [Pages, BrowserAPI])
def test_a_scope_from_its_cookie(way, ada, phone, scope, left):
    office_browser, library_browser = way().sign_in(ada), way().sign_in(ada)
    assert office_browser.sign_out(scope).status_code == 204
    assert [office_browser.is_signed_in(), library_browser.is_signed_in(), phone.me().status_code] == left


def test_a_new_password(office_browser, way, ada, phone):
    """Where it was changed stays; the others and the tokens go."""
    library_browser = way().sign_in(ada)
    office_browser.change_password()
    assert office_browser.is_signed_in()
    assert not library_browser.is_signed_in()
    assert code(phone.me()) == (401, "session_not_found")
    assert phone.refresh().status_code == 401
    assert Session.objects.get().kind == "browser"


def test_a_sign_up_is_a_login(transactional_db, way):
    office_browser = way().sign_up("grace")
    assert office_browser.is_signed_in()
    session = Session.objects.get()
    assert (session.kind, session.user.get_username()) == ("browser", "grace")
    session.delete()
    assert not office_browser.is_signed_in()


def test_a_login_by_mail_counts_when_it_is_complete(ada):
    office_browser = Pages()
    assert office_browser.submit("/accounts/login/code/", {"email": ada.email}).status_code == 302
    assert not Session.objects.exists()
    sent = re.search(r"^([A-Z0-9-]+)$", mail.outbox[0].body, re.MULTILINE)[1]
    assert office_browser.submit("/accounts/login/code/confirm/", {"code": sent}).status_code == 302
    assert office_browser.is_signed_in()
    assert Session.objects.get().user == ada
    Device().sign_in(ada, OLD).sign_out("others")
    assert not office_browser.is_signed_in()
