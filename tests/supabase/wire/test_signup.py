"""``POST signup``."""

import pytest
from django.contrib.auth import get_user_model

from auth_sessions.models import Session
from tests.support.device import PASSWORD
from tests.support.inputs import each
from tests.support.supabase import (
    EMAIL,
    VALIDATORS,
    SupabaseDevice,
    code,
    emails_are_usernames,
    needs_email,
    refusal,
    written,
)

pytestmark = [needs_email, pytest.mark.any_database]


def test_signup_is_off(nobody):
    expected = (422, "signup_disabled", "Signups not allowed for this instance")
    assert refusal(nobody.signup()) == refusal(nobody.send("POST", "signup", b"junk")) == expected
    assert not get_user_model().objects.exists()


class TestSignup:
    @pytest.fixture(autouse=True)
    def _signup(self, settings):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        settings.AUTH_PASSWORD_VALIDATORS = VALIDATORS

    @pytest.mark.usefixtures("any_transaction_mode")
    def test_it_signs_in_at_once(self, nobody):
        answer = nobody.signup(data={"name": "Ada", "gone": None})
        assert answer.status_code == 200
        assert set(answer.json()) == {
            "access_token",
            "token_type",
            "expires_in",
            "expires_at",
            "refresh_token",
            "user",
        }
        nobody.keep(answer)
        assert written(nobody.user().json()) == {"name": "Ada"}
        assert written(nobody.claims) == {"name": "Ada"}
        assert nobody.me().status_code == nobody.refresh().status_code == 200
        user = get_user_model().objects.get()
        assert (user.email, user.check_password(PASSWORD)) == (EMAIL, True)
        assert user.last_login is not None
        assert SupabaseDevice().try_sign_in().status_code == 200

    @each("email", ["o'brien@example.org", "a/b@example.org", f"{'x' * 60}@{'y' * 60}.{'z' * 60}.org"])
    def test_an_address_that_is_no_user_name(self, nobody, email):
        """The name is made up: who signs in knows the address only."""
        assert nobody.signup(email).json()["user"]["email"] == email
        assert nobody.try_sign_in(email).status_code == 200
        assert refusal(nobody.signup(email)) == (422, "user_already_exists", "User already registered")

    def test_the_address_is_kept_in_lower_case(self, nobody):
        assert nobody.signup(" Ada@Example.ORG ").json()["user"]["email"] == EMAIL

    @each(
        ("body", "expected"),
        [
            (
                {"password": PASSWORD},
                (422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled"),
            ),
            ({}, (422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")),
            ({"email": EMAIL}, (400, "validation_failed", "Signup requires a valid password")),
            ({"email": EMAIL, "password": ""}, (400, "validation_failed", "Signup requires a valid password")),
            (
                {"phone": "447700900000", "password": PASSWORD},
                (400, "phone_provider_disabled", "Phone signups are disabled"),
            ),
        ],
    )
    def test_incomplete(self, nobody, body, expected):
        assert refusal(nobody.send("POST", "signup", body)) == expected
        assert not get_user_model().objects.exists()

    @each("email", ["ada", "ada@", "@example.org", "a b@example.org", "ada@example.org\r\nCc: x@y.z"])
    def test_no_address(self, nobody, email):
        expected = (400, "validation_failed", "Unable to validate email address: invalid format")
        assert refusal(nobody.signup(email)) == expected
        assert not get_user_model().objects.exists()

    @each(
        ("password", "reasons"),
        [("tiny", ["length"]), ("12345", ["characters", "length", "pwned"])],
    )
    def test_weak(self, nobody, password, reasons):
        answer = nobody.signup(password=password)
        assert refusal(answer)[:2] == (422, "weak_password")
        assert answer.json()["weak_password"] == {"reasons": reasons}
        assert not get_user_model().objects.exists()

    @each("email", [EMAIL, EMAIL.upper()])
    def test_taken(self, ada, nobody, email):
        for password in (PASSWORD, "another-password-7"):
            answer = nobody.signup(email, password)
            assert refusal(answer) == (422, "user_already_exists", "User already registered")
        assert get_user_model().objects.count() == 1
        assert nobody.try_sign_in().status_code == 200

    @pytest.mark.skipif(emails_are_usernames(), reason="Here the user name is the e-mail address.")
    def test_taken_as_a_user_name(self, make_user, nobody):
        make_user(EMAIL)
        assert refusal(nobody.signup()) == (422, "user_already_exists", "User already registered")

    @pytest.mark.parametrize("data", [{"a": "x" * 5000}, {"a": "\0"}])
    def test_data_that_cannot_be_kept(self, nobody, data):
        assert code(nobody.signup(data=data)) == (400, "validation_failed")
        assert not get_user_model().objects.exists()
        assert nobody.signup().status_code == 200

    def test_it_makes_nobody_more_than_a_user(self, nobody):
        nobody.signup(is_staff=True, is_superuser=True, app_metadata={"role": "admin"}, data={"is_staff": True})
        user = get_user_model().objects.get()
        assert (user.is_staff, user.is_superuser) == (False, False)
        assert nobody.try_sign_in().json()["user"]["app_metadata"] == {"provider": "email", "providers": ["email"]}

    def test_where_the_backends_do_not_let_the_user_in_yet(self, nobody, settings):
        """The user object alone: clients wait for a confirmation."""
        settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.LetsNobodyIn"]
        answer = nobody.signup()
        assert (answer.status_code, answer.json()["email"]) == (200, EMAIL)
        assert "access_token" not in answer.json()
        assert not Session.objects.exists()
