"""django-allauth as the sign-in of a host: by its pages, and by its API for browsers and for apps."""

import inspect
import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.sessions.models import Session as StoreEntry
from django.core import mail
from django.test import override_settings
from django.utils import timezone

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.integration.allauth_project.urls import BrowserSignIn, MFAMixin, SignIn
from tests.support.browser import Browser
from tests.support.checks import messages
from tests.support.device import Device, code
from tests.support.paths import ROOT

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


# Second factors, and how a login was made


@pytest.fixture
def totp(ada):
    secret = generate_totp_secret()
    TOTP.activate(ada, secret)
    RecoveryCodes.activate(ada)
    return lambda: format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def try_token(user, **more):
    return Device().post("token/", {"username": user.get_username(), "password": OLD, **more})


class TestMFA:
    """By the override of the documentation."""

    def test_the_documentation_shows_it(self):
        page = (ROOT / "docs" / "second-factors.md").read_text()
        assert [each for each in (MFAMixin, SignIn, BrowserSignIn) if inspect.getsource(each) not in page] == []

    def test_a_person_without_one(self, ada):
        assert try_token(ada).status_code == 200
        assert Session.objects.get().amr == ["pwd"]

    def test_the_code_is_asked_for(self, ada, totp):
        assert code(try_token(ada)) == (401, "second_factor_required")
        otp = totp()
        assert try_token(ada, otp=otp).status_code == 200
        assert Session.objects.get().amr == ["pwd", "otp", "mfa"]
        assert code(try_token(ada, otp=otp)) == (401, "second_factor_invalid")

    def test_a_recovery_code(self, ada, totp):
        recovery = RecoveryCodes(Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES))
        otp = recovery.generate_codes()[0]
        assert try_token(ada, otp=otp).status_code == 200
        assert code(try_token(ada, otp=otp)) == (401, "second_factor_invalid")

    def test_guesses_are_counted(self, ada, totp, login_failures):
        codes = [code(try_token(ada, otp="000000")) for _ in range(12)]
        assert codes == [(401, "second_factor_invalid")] * 12
        assert len(login_failures) == 12
        assert code(try_token(ada, otp=totp())) == (401, "second_factor_invalid")  # allauth's own limit

    def test_the_check_knows_which_sign_in_asks(self):
        warned = [each.msg for each in messages() if each.id == "auth_sessions.W023"]
        assert ["SignInView" in text for text in warned] == [False] * len(warned)
        warned = [each.msg for each in messages(ROOT_URLCONF="tests.urls") if each.id == "auth_sessions.W023"]
        assert "SignInView" in warned[0]


class TestMethods:
    def test_a_password(self, way, ada):
        way().sign_in(ada)
        assert Session.objects.get().amr == ["pwd"]

    def test_a_code_by_mail(self, ada):
        browser = Pages()
        browser.submit("/accounts/login/code/", {"email": ada.email})
        sent = re.search(r"^([A-Z0-9-]+)$", mail.outbox[0].body, re.MULTILINE)[1]
        browser.submit("/accounts/login/code/confirm/", {"code": sent})
        assert Session.objects.get().amr == ["otp"]

    def test_two_factors(self, ada, totp):
        browser = Pages()
        browser.submit("/accounts/login/", {"login": "ada", "password": OLD})
        assert not Session.objects.exists()
        assert browser.submit("/accounts/2fa/authenticate/", {"code": totp()}).status_code == 302
        assert Session.objects.get().amr == ["pwd", "otp", "mfa"]

    def test_a_step_of_another_person_is_not_counted(self, ada, totp, django_user_model):
        bob = django_user_model.objects.create_user("bob", "bob@example.org", OLD)
        browser = Pages()
        browser.submit("/accounts/login/", {"login": "ada", "password": OLD})
        Browser.sign_in(browser, bob, OLD)
        assert Session.objects.get().amr == []

    def test_a_later_proof(self, clock, way, ada):
        browser = way().sign_in(ada)
        clock.shift(timedelta(hours=1))
        if way is Pages:
            assert browser.submit("/accounts/reauthenticate/", {"password": OLD}).status_code == 302
        else:
            assert browser.ask("post", "auth/reauthenticate", {"password": OLD}).status_code == 200
        session = Session.objects.get()
        assert (session.authenticated_at, session.amr) == (timezone.now(), ["pwd"])

    def test_a_later_proof_by_another_method(self, clock, ada):
        browser = Pages().sign_in(ada)
        secret = generate_totp_secret()
        TOTP.activate(ada, secret)
        clock.shift(timedelta(hours=1))
        before = Session.objects.get().authenticated_at
        browser.submit("/accounts/2fa/reauthenticate/", {"code": "000000"})
        assert Session.objects.get().authenticated_at == before
        answer = browser.submit(
            "/accounts/2fa/reauthenticate/", {"code": format_hotp_value(hotp_value(secret, int(time.time()) // 30))}
        )
        assert answer.status_code == 302
        session = Session.objects.get()
        assert (session.authenticated_at, session.amr) == (timezone.now(), ["pwd", "otp", "mfa"])


@override_settings(ACCOUNT_LOGIN_METHODS={"email"}, ACCOUNT_SIGNUP_FIELDS=["email*", "password1*"])
def test_the_password_is_asked_for_by_what_signs_in(clock, ada):
    """Where people sign in by address alone."""
    browser = Pages()
    assert browser.submit("/accounts/login/", {"login": ada.email, "password": OLD}).status_code == 302
    create_session(ada)
    clock.shift(timedelta(hours=1))
    assert browser.submit("/account/devices/others/sign-out/", {"password": "wrong"}).status_code == 200
    assert Session.objects.count() == 2
    assert browser.submit("/account/devices/others/sign-out/", {"password": OLD}).status_code == 302
    assert Session.objects.count() == 1


@override_settings(AUTH_SESSIONS_REAUTHENTICATION_URL="account_reauthenticate", LOGIN_URL="/accounts/login/")
@pytest.mark.parametrize("path", ["/guarded/", "/account/devices/others/sign-out/"])
def test_its_page_asks_where_a_recent_proof_is_required(clock, ada, path):
    """As docs/step-up.md has it: there, and back."""
    browser = Pages().sign_in(ada)
    create_session(ada)
    clock.shift(timedelta(hours=1))
    if path == "/guarded/":
        asking = browser.client.get(path, HTTP_ACCEPT="text/html")
    else:
        assert "Enter your password" not in browser.page(path).content.decode()
        asking = browser.submit(path)
    assert asking.url.startswith(f"/accounts/reauthenticate/?next={path}&max_age=600")
    assert browser.page(asking.url).status_code == 200
    assert browser.submit(asking.url, {"password": "wrong", "next": path}).status_code == 200
    answer = browser.submit(asking.url, {"password": OLD, "next": path})
    assert (answer.status_code, answer.url) == (302, path)
    assert browser.page(path).status_code == 200
    assert Session.objects.filter(authenticated_at=timezone.now()).count() == 1
