"""``POST reauthenticate/``: a later proof of identity renews the session, and gives a fresh access token."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions import api, exceptions
from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from auth_sessions.signals import access_token_issuing, sessions_ended
from auth_sessions.tokens import SessionAccessToken, parse
from tests.host.second_factor import CODE, CodeMixin
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device, code
from tests.support.inputs import NOT_AN_OBJECT, NOT_JSON, each
from tests.support.races import together
from tests.support.rest import refusal, send, wrong_fields
from tests.support.single_page_app import SinglePageApp
from tests.support.statements import LOCKED, statements
from tests.support.step_up import STALE, challenge, make_stale, row

pytestmark = pytest.mark.any_database

FAILED = (401, "reauthentication_failed")
UNAVAILABLE = (403, "reauthentication_unavailable")


@pytest.fixture(autouse=True)
def _host(settings):
    settings.ROOT_URLCONF = "tests.host.step_up_urls"


@pytest.fixture
def asks_for_a_code(settings):
    settings.ROOT_URLCONF = "tests.host.step_up_code_urls"
    CodeMixin.asked = []


def prove(device, **body):
    return device.post("reauthenticate/", body or {"password": PASSWORD})


def claims_of(access):
    return parse(SessionAccessToken, access).payload


@pytest.fixture
def passwordless(ada):
    """A device of somebody who has no password, as after a social login."""
    ada.set_unusable_password()
    get_user_model().objects.filter(pk=ada.pk).update(password=ada.password)
    return make_stale(sign_in_without_password(ada))


def sign_in_without_password(user):
    pair = api.sign_in_user(user)
    return Device().take(pair.access, pair.refresh)


class TestWithTokens:
    def test_it_renews(self, clock, laptop, phone):
        clock.shift(timedelta(minutes=4))
        make_stale(laptop)
        challenge(laptop.client.get("/guarded/", **laptop.headers))
        before, refresh_token = claims_of(laptop.access), laptop.refresh_token
        response = prove(laptop)
        assert response.status_code == 200
        assert response.json().keys() == {"access", "session"}
        assert response["Cache-Control"] == "no-store, private"
        assert response.json()["session"] == laptop.get("sessions/current/").json()
        claims = claims_of(response.json()["access"])
        now = int(timezone.now().timestamp())
        assert (claims["auth_time"], claims["iat"], claims["exp"]) == (now, now, now + 300)
        same = ("session_id", "generation", "rotated_at", "user_id")
        assert [claims[name] for name in same] == [before[name] for name in same]
        assert row(laptop).authenticated_at == timezone.now()
        laptop.access = response.json()["access"]
        assert laptop.client.get("/guarded/", **laptop.headers).status_code == 200
        assert row(phone).authenticated_at < timezone.now()
        assert laptop.refresh_token == refresh_token
        assert laptop.refresh().status_code == 200

    def test_the_access_token_before_is_still_good(self, laptop):
        make_stale(laptop)
        prove(laptop)
        assert laptop.client.get("/guarded/", **laptop.headers).status_code == 200

    def test_a_wrong_password(self, laptop, login_failures):
        make_stale(laptop)
        for attempt, wrong in enumerate(("wrong", PASSWORD.strip(), "x" * 5000), start=1):
            assert refusal(prove(laptop, password=wrong)) == FAILED
            assert len(login_failures) == attempt
        assert login_failures[0]["request"].path == "/api/auth/reauthenticate/"
        assert "wrong" not in str(login_failures[0]["credentials"])
        challenge(laptop.client.get("/guarded/", **laptop.headers))
        assert laptop.is_signed_in()
        assert laptop.refresh().status_code == 200

    def test_somebody_elses_password(self, laptop, bob):
        bob.set_password("bobs")
        bob.save()
        body = {"password": "bobs", bob.USERNAME_FIELD: bob.get_username()}
        assert refusal(prove(laptop, **body)) == FAILED

    def test_nobody_is_signed_in(self):
        assert refusal(prove(Device())) == (401, "not_authenticated")

    def test_a_session_that_has_ended(self, laptop, phone):
        phone.sign_out("others")
        assert refusal(prove(laptop)) == (401, "session_not_found")

    def test_acting_in_another_persons_name(self, help_device):
        response = prove(help_device)
        assert response.status_code == 403
        assert response.json()["detail"].startswith("You act in another person’s name")
        assert row(help_device).authenticated_at is None

    def test_what_it_costs(self, laptop, rest_only):
        make_stale(laptop)
        person, token, renewal = ["SELECT"] * 2, ["SELECT"], [*LOCKED, "UPDATE"]
        with CaptureQueriesContext(connection) as queries:
            assert prove(laptop).status_code == 200
        assert statements(queries) == [*person, *renewal, *token]

    @pytest.mark.usefixtures("any_transaction_mode")
    def test_in_any_transaction_mode(self, laptop, axes):
        make_stale(laptop)
        assert refusal(prove(laptop, password="wrong")) == FAILED
        assert prove(laptop).status_code == 200
        assert row(laptop).authenticated_at > timezone.now() - STALE

    def test_an_upgraded_hash_signs_out_nobody(self, laptop, office_browser, settings):
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
            "django.contrib.auth.hashers.MD5PasswordHasher",
        ]
        laptop.access = prove(laptop).json()["access"]
        assert laptop.is_signed_in()
        assert laptop.refresh().status_code == 200


class TestByCookie:
    def test_it_renews(self, office_browser):
        make_stale(office_browser)
        challenge(office_browser.client.get("/guarded/"))
        response = prove(office_browser)
        assert response.status_code == 200
        assert response.json().keys() == {"session"}
        assert response.json()["session"]["id"] == office_browser.session_id
        assert office_browser.client.get("/guarded/").status_code == 200
        assert office_browser.is_signed_in()

    def test_a_wrong_password(self, office_browser):
        make_stale(office_browser)
        assert refusal(prove(office_browser, password="wrong")) == FAILED
        assert office_browser.is_signed_in()

    @pytest.mark.parametrize("server", ["wsgi", "asgi"])
    def test_the_csrf_token_is_needed(self, ada, server):
        page = make_stale(SinglePageApp(server).sign_in(ada))
        response = page.post("reauthenticate/", {"password": PASSWORD}, **{"X-CSRFToken": None})
        assert response.status_code == 403
        assert row(page).authenticated_at < timezone.now() - timedelta(minutes=10)
        assert prove(page).status_code == 200
        assert page.page("/guarded/").status_code == 200

    def test_an_upgraded_hash_does_not_sign_out_here(self, office_browser, settings):
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
            "django.contrib.auth.hashers.MD5PasswordHasher",
        ]
        assert prove(office_browser).status_code == 200
        assert office_browser.is_signed_in()


class TestLimits:
    def test_a_lock_out_counts_passwords(self, laptop, axes):
        for _ in range(3):
            assert refusal(prove(laptop, password="wrong")) == FAILED
        assert refusal(prove(laptop)) == FAILED
        assert laptop.is_signed_in()

    def test_guesses_are_throttled_as_the_sign_in(self, ada, laptop, settings):
        rates = {"auth_sessions_token": "3/hour"}
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
        Device().post("token/", {})
        assert [prove(laptop, password="wrong").status_code for _ in range(3)] == [401, 401, 429]


class TestSecondFactors:
    pytestmark = pytest.mark.usefixtures("asks_for_a_code")

    def test_both_are_needed(self, laptop, login_failures):
        make_stale(laptop)
        assert refusal(prove(laptop)) == (401, "second_factor_required")
        assert login_failures == []
        assert refusal(prove(laptop, password=PASSWORD, otp="000000")) == (401, "second_factor_invalid")
        (failure,) = login_failures
        assert failure["credentials"] == {get_user_model().USERNAME_FIELD: row(laptop).user.get_username()}
        assert (failure["code"], failure["reauthenticated_user"]) == ("second_factor_invalid", row(laptop).user)
        assert wrong_fields(prove(laptop, otp=CODE)) == {"password"}
        assert row(laptop).authenticated_at < timezone.now() - timedelta(minutes=10)
        response = prove(laptop, password=PASSWORD, otp=CODE)
        assert response.status_code == 200
        assert row(laptop).amr == ["pwd", "otp", "mfa"]
        laptop.access = response.json()["access"]
        assert laptop.client.get("/guarded/mfa/", **laptop.headers).status_code == 200

    def test_a_wrong_password_is_not_asked_for_a_code(self, laptop):
        assert refusal(prove(laptop, password="wrong", otp=CODE)) == FAILED
        assert CodeMixin.asked == []

    def test_without_a_password_the_code_is_enough(self, passwordless):
        assert refusal(prove(passwordless, otp="")) == (401, "second_factor_required")
        assert refusal(prove(passwordless, otp="1")) == (401, "second_factor_invalid")
        assert prove(passwordless, otp=CODE).status_code == 200
        assert row(passwordless).amr == ["otp", "mfa"]


def test_neither_password_nor_second_factor(passwordless):
    for body in ({}, {"password": PASSWORD}, {"otp": "123456"}):
        response = passwordless.post("reauthenticate/", body)
        assert code(response) == UNAVAILABLE
        assert set(response.json()) == {"detail", "code"}
    assert passwordless.is_signed_in()


def test_a_proof_of_the_projects_own(passwordless, rest_only):
    path = "/passkeys/reauthenticate/"
    for sent, expected in (("x", FAILED), ("signed by the passkey", (200, None))):
        response = passwordless.client.post(path, {"signature": sent}, format="json", **passwordless.headers)
        assert code(response) == expected
    assert claims_of(response.json()["access"])["amr"] == ["hwk"]
    assert row(passwordless).amr == ["hwk"]
    assert passwordless.client.get("/guarded/mfa/", **passwordless.headers).status_code == 200


class TestBodies:
    def test_junk(self, laptop):
        for body in NOT_JSON.values():
            assert send(laptop, "POST", "reauthenticate/", body).status_code in {400, 401}
        for body in NOT_AN_OBJECT.values():
            assert send(laptop, "POST", "reauthenticate/", body).status_code == 400

    @each("password", ["", None, [], {}, True, "\0"])
    def test_no_password(self, laptop, password):
        assert wrong_fields(laptop.post("reauthenticate/", {"password": password})) == {"password"}

    def test_nothing(self, laptop):
        assert wrong_fields(laptop.post("reauthenticate/")) == {"password"}

    def test_a_password_that_is_too_long(self, make_user, settings):
        pytest.importorskip("bcrypt", minversion="5", reason="bcrypt 5 refuses long passwords")
        settings.PASSWORD_HASHERS = ["tests.host.hashers.QuickBCryptPasswordHasher", *settings.PASSWORD_HASHERS]
        laptop = Device().sign_in(make_user())
        response = laptop.post("reauthenticate/", {"password": "x" * 73})
        assert (response.status_code, response.json()) == (400, {"password": ["This password is too long."]})

    def test_other_methods(self, laptop):
        assert laptop.get("reauthenticate/").status_code == 405


class TestTheFreshToken:
    def test_from_python(self, clock, laptop):
        session = row(laptop)
        clock.shift(60)
        api.mark_reauthenticated(session, amr=["hwk"])
        access = api.issue_access_token(session)
        claims = claims_of(access)
        assert claims["auth_time"] == int(timezone.now().timestamp())
        assert repr(access) == "********"
        if not apps.is_installed("auth_sessions.supabase"):
            assert claims["amr"] == ["pwd", "hwk"]

    def test_claims_that_receivers_add(self, laptop, rest_only):
        def add(token, session, **kwargs):
            token["auth_time"], token["amr"], token["tenant"] = 0, ["made-up"], "north"

        access_token_issuing.connect(add)
        try:
            claims = claims_of(prove(laptop).json()["access"])
            unknown = make_stale(laptop, None)
            without = claims_of(api.issue_access_token(row(unknown)))
        finally:
            access_token_issuing.disconnect(add)
        assert claims["auth_time"] > 0
        assert (claims["amr"], claims["tenant"]) == (["made-up"], "north")
        assert "auth_time" not in without

    def test_of_somebody_who_acts(self, help_device):
        assert "auth_time" not in claims_of(help_device.access)

    def test_what_has_no_token(self, ada, laptop, office_browser):
        with pytest.raises(ValueError, match="browser session"):
            api.issue_access_token(row(office_browser))
        session = row(laptop)
        session.delete()
        with pytest.raises(exceptions.SessionNotFound):
            api.issue_access_token(session)

    def test_it_names_the_newest_generation_that_the_client_holds_for_certain(self, clock, laptop):
        for _ in range(3):
            clock.shift(60)
            laptop.refresh()
        assert claims_of(api.issue_access_token(row(laptop)))["generation"] == 2
        clock.shift(60)
        laptop.me()
        assert claims_of(api.issue_access_token(row(laptop)))["generation"] == 3

    def test_a_pair_that_was_lost_on_the_way(self, clock, laptop):
        """The fresh token confirms no refresh token that the client may never have got: it is no thief."""
        for _ in range(2):
            clock.shift(60)
            laptop.refresh()
        clock.shift(60)
        laptop.try_refresh()  # whose answer is lost
        laptop.access = prove(laptop).json()["access"]
        clock.shift(60)
        assert laptop.is_signed_in()
        clock.shift(60)
        assert laptop.refresh().status_code == 200


def test_a_sign_out_while_the_password_is_verified(laptop, phone, settings):
    """Nothing renews, or brings back, a session that has ended meanwhile."""
    settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.SignsOutEverywhere"]
    assert refusal(prove(laptop)) == (401, "session_not_found")
    assert not Session.objects.exists()


@pytest.mark.parametrize("make", [lambda user: Device().sign_in(user), lambda user: Browser().sign_in(user)])
def test_races_with_a_sign_out(ada, make):
    ended = []

    def listen(sessions, **event):
        ended.extend(str(session.pk) for session in sessions)

    sessions_ended.connect(listen)
    try:
        for _ in range(4):
            device = make_stale(make(ada))
            renewed, _ = together(
                lambda device=device: prove(device),
                lambda: api.sign_out(create_session(ada)),
                jitter=0.02,
            )
            assert renewed.status_code == 200 or code(renewed) in {
                (401, "session_not_found"),
                (401, "not_authenticated"),
            }
            assert not Session.objects.exists()
            assert device.session_id in ended
            assert not device.is_signed_in()
    finally:
        sessions_ended.disconnect(listen)
