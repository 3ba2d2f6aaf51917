"""``GET user`` and ``PUT user``: the audience, a new password, metadata, another address."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory
from rest_framework.exceptions import APIException

from auth_sessions.signals import sessions_ending
from auth_sessions.supabase.models import Profile
from auth_sessions.supabase.views import UserView
from tests.support.device import PASSWORD
from tests.support.inputs import each
from tests.support.supabase import (
    CREDENTIALS,
    EMAIL,
    NEW_PASSWORD,
    NO_SESSION,
    NO_TOKEN,
    VALIDATORS,
    SupabaseDevice,
    code,
    needs_email,
    refusal,
    written,
)

pytestmark = [needs_email, pytest.mark.any_database]


def own_view(view, device, method, body=b""):
    """The answer of a view that a project put before the include."""
    headers = {"HTTP_AUTHORIZATION": f"Bearer {device.access}", **device.headers}
    request = RequestFactory().generic(method, "/auth/v1/user", body, content_type="application/json", **headers)
    return view.as_view()(request)


class TestAudience:
    def test_the_tokens_own(self, laptop):
        assert laptop.user(HTTP_X_JWT_AUD="authenticated").status_code == 200
        assert laptop.user(HTTP_X_JWT_AUD="").status_code == 200

    @each("audience", ["anon", "Authenticated", "authenticated ,x", "é"])
    def test_another(self, laptop, audience):
        expected = (400, "validation_failed", "Token audience doesn't match request audience")
        assert refusal(laptop.user(HTTP_X_JWT_AUD=audience)) == expected

    def test_the_projects(self, ada, settings):
        settings.SIMPLE_JWT = {"AUDIENCE": "shop"}
        device = SupabaseDevice().sign_in()
        assert device.claims["aud"] == "shop"
        assert device.user(HTTP_X_JWT_AUD="shop").status_code == 200
        assert code(device.user(HTTP_X_JWT_AUD="authenticated")) == (400, "validation_failed")

    def test_one_of_the_projects(self, ada, settings):
        settings.SIMPLE_JWT = {"AUDIENCE": ["shop", "till"]}
        device = SupabaseDevice().sign_in()
        assert device.user().status_code == 200
        assert device.user(HTTP_X_JWT_AUD="till").status_code == 200
        assert code(device.user(HTTP_X_JWT_AUD="shoptill")) == (400, "validation_failed")


class TestPassword:
    @pytest.fixture(autouse=True)
    def _validators(self, settings):
        settings.AUTH_PASSWORD_VALIDATORS = VALIDATORS

    @pytest.mark.usefixtures("any_transaction_mode")
    def test_the_others_end_and_this_one_stays(self, laptop, phone):
        answer = laptop.update(password=NEW_PASSWORD)
        assert (answer.status_code, answer.json()["id"]) == (200, laptop.user_id)
        assert refusal(phone.user()) == NO_SESSION
        assert refusal(phone.refresh()) == NO_TOKEN
        assert laptop.user().status_code == laptop.me().status_code == 200
        for _ in range(2):
            assert laptop.refresh().status_code == 200
            assert laptop.user().status_code == 200
        assert refusal(phone.try_sign_in()) == CREDENTIALS
        assert phone.try_sign_in(password=NEW_PASSWORD).status_code == 200

    @each(
        ("password", "reasons"),
        [
            ("", ["length"]),
            ("tiny", ["length"]),
            ("password123", ["pwned"]),
            ("918273645546", ["characters"]),
            ("12345", ["characters", "length", "pwned"]),
        ],
    )
    def test_weak(self, laptop, phone, password, reasons):
        answer = laptop.update(password=password)
        assert refusal(answer)[:2] == (422, "weak_password")
        assert answer.json()["weak_password"] == {"reasons": reasons}
        assert phone.user().status_code == phone.try_sign_in().status_code == 200

    def test_the_same(self, laptop, phone):
        expected = (422, "same_password", "New password should be different from the old password.")
        assert refusal(laptop.update(password=PASSWORD)) == expected
        assert phone.user().status_code == 200

    @each("current", ["wrong", "", PASSWORD.strip()])
    def test_a_wrong_current_one(self, laptop, phone, current):
        assert code(laptop.update(password=NEW_PASSWORD, current_password=current)) == (400, "current_password_invalid")
        assert phone.user().status_code == phone.try_sign_in().status_code == 200

    @pytest.mark.parametrize("current", [PASSWORD, None])
    def test_the_current_one(self, laptop, current):
        assert laptop.update(password=NEW_PASSWORD, current_password=current).status_code == 200

    def test_null_is_none(self, laptop, phone):
        assert laptop.update(password=None, nonce="", channel="sms").status_code == 200
        assert phone.user().status_code == 200

    def test_spaces_belong_to_it(self, laptop, phone):
        assert laptop.update(password=f" {NEW_PASSWORD} ").status_code == 200
        assert code(phone.try_sign_in(password=NEW_PASSWORD)) == (400, "invalid_credentials")
        assert phone.try_sign_in(password=f" {NEW_PASSWORD} ").status_code == 200

    def test_all_or_nothing(self, laptop, phone):
        """Data that cannot be stored keeps the password as it was."""
        assert code(laptop.update(password=NEW_PASSWORD, data={"a": "x" * 5000})) == (400, "validation_failed")
        assert phone.user().status_code == phone.try_sign_in().status_code == 200
        assert written(laptop.user().json()) == {}

    def test_all_or_nothing_where_an_end_fails(self, laptop, phone):
        def fail(**event):
            raise RuntimeError

        sessions_ending.connect(fail)
        assert code(laptop.update(password=NEW_PASSWORD, data={"a": 1})) == (500, "unexpected_failure")
        sessions_ending.disconnect(fail)
        assert written(phone.user().json()) == {}
        assert phone.try_sign_in().status_code == 200


def nested(depth, value=1):
    for _ in range(depth):
        value = {"a": value}
    return value


class TestData:
    def test_merged_key_by_key(self, laptop):
        laptop.update(data={"name": "Ada", "theme": {"dark": True, "size": 2}, "born": 1815})
        laptop.update(data={"theme": {"dark": False}, "née": "Byron"})
        expected = {"name": "Ada", "theme": {"dark": False}, "born": 1815, "née": "Byron"}
        assert written(laptop.user().json()) == expected
        laptop.refresh()
        assert written(laptop.claims) == expected

    def test_null_deletes_a_key(self, laptop):
        laptop.update(data={"name": "Ada", "born": 1815, "keep": {"inner": None}})
        answer = laptop.update(data={"name": None, "never": None, "died": 1852})
        assert written(answer.json()) == {"born": 1815, "keep": {"inner": None}, "died": 1852}
        assert written(laptop.user().json()) == written(answer.json())

    @each("data", [None, {}])
    def test_nothing(self, laptop, data):
        laptop.update(data={"name": "Ada"})
        assert written(laptop.update(data=data).json()) == {"name": "Ada"}

    @each("data", [[], [1], "text", 7, True, False, 0, ""])
    def test_no_object(self, laptop, data):
        assert code(laptop.update(data=data)) == (400, "bad_json")

    @each(
        "data",
        [
            {"a": "\0"},
            {"a": ["x\0y"]},
            {"\0": 1},
            {"a": {"\0": 1}},
            {"a": "\ud800"},
            {"\udfff": 1},
            {"a": "x" * 4100},
            {"x" * 4100: 1},
            {"a": "é" * 1000},
            nested(25),
            nested(500),
            nested(20, [[[[[]]]]]),
        ],
    )
    def test_what_cannot_be_kept(self, laptop, data):
        laptop.update(data={"name": "Ada"})
        assert code(laptop.update(data=data)) == (400, "validation_failed")
        assert written(laptop.user().json()) == {"name": "Ada"}

    def test_a_number_beyond_all_numbers(self, laptop):
        assert code(laptop.send("PUT", "user", b'{"data": {"a": 1e999}}')) == (400, "validation_failed")

    def test_too_much_bit_by_bit(self, laptop):
        """The sum is limited, not each step."""
        assert laptop.update(data={"a": "x" * 2500}).status_code == 200
        assert code(laptop.update(data={"b": "x" * 2500})) == (400, "validation_failed")
        assert laptop.update(data={"a": None, "b": "x" * 2500}).status_code == 200

    @pytest.mark.parametrize("data", [nested(10), {"": ""}, {"a": 10**300, "b": -1.5e-300, "c": "\U0001f600\u202e"}])
    def test_what_can(self, laptop, data):
        assert laptop.update(data=data).status_code == 200
        assert written(laptop.user().json()) == data
        assert laptop.refresh().status_code == 200

    @each("value", [{}, {"role": "admin"}, [], "x", 0])
    def test_app_metadata_is_the_projects(self, laptop, value):
        answer = laptop.update(app_metadata=value, data={"name": "Eve"})
        assert refusal(answer) == (403, "not_admin", "Updating app_metadata requires admin privileges")
        assert written(laptop.user().json()) == {}

    def test_app_metadata_null_is_none(self, laptop):
        assert laptop.update(app_metadata=None).status_code == 200

    def test_what_the_project_writes_is_shown(self, laptop):
        Profile.objects.update(app_metadata={"provider": "email", "providers": ["email"], "role": "editor"})
        assert laptop.user().json()["app_metadata"]["role"] == "editor"
        laptop.refresh()
        assert laptop.claims["app_metadata"]["role"] == "editor"


class TakingAddresses(UserView):
    def change_email(self, user, email):
        user.email = email
        user.save(update_fields=["email"])


class Raising(UserView):
    error = None

    def change_email(self, user, email):
        raise self.error


class TestEmail:
    def test_another_is_refused(self, ada, laptop):
        answer = laptop.update(email="new@example.org", data={"name": "Eve"})
        assert refusal(answer)[:2] == (400, "validation_failed")
        ada.refresh_from_db()
        assert ada.email == EMAIL
        assert written(laptop.user().json()) == {}

    @each("email", [EMAIL, EMAIL.upper(), f" {EMAIL} ", "", None])
    def test_the_same_is_none(self, ada, laptop, email):
        answer = laptop.update(email=email, data={"name": "Ada"})
        assert (answer.status_code, written(answer.json())) == (200, {"name": "Ada"})
        ada.refresh_from_db()
        assert ada.email == EMAIL

    def test_refused_with_a_new_password_keeps_the_old_one(self, laptop, phone):
        assert code(laptop.update(email="new@example.org", password=NEW_PASSWORD)) == (400, "validation_failed")
        assert phone.user().status_code == phone.try_sign_in().status_code == 200

    def test_a_project_takes_it(self, laptop):
        answer = own_view(TakingAddresses, laptop, "PUT", b'{"email": "new@example.org"}')
        assert (answer.status_code, answer.data["email"]) == (200, "new@example.org")
        assert laptop.user().json()["email"] == "new@example.org"
        assert SupabaseDevice().try_sign_in("NEW@example.org").status_code == 200

    @each(
        ("error", "status"),
        [(PermissionDenied("Ask us."), 403), (Http404("Ask us."), 404), (APIException("Ask us."), 500)],
    )
    def test_a_refusal_without_a_code(self, laptop, monkeypatch, error, status):
        """``unknown`` and no ``x-sb-error-code``: there is nothing to act on."""
        monkeypatch.setattr(Raising, "error", error)
        answer = own_view(Raising, laptop, "PUT", b'{"email": "new@example.org"}')
        body = answer.data
        assert answer.status_code == status
        assert (body["error_code"], body["msg"]) == ("unexpected_failure" if status == 500 else "unknown", "Ask us.")
        assert not answer.has_header("x-sb-error-code")

    @each("phone_number", ["447700900000", "x"])
    def test_phones_are_not_supported(self, laptop, phone_number):
        assert code(laptop.update(phone=phone_number)) == (400, "validation_failed")
        assert laptop.update(phone="").status_code == 200
