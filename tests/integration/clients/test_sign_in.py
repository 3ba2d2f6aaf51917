"""The published clients of Supabase Auth against a live server: signing in and up, and the user."""

import uuid

import pytest
from django.contrib.auth import get_user_model

from tests.support.device import PASSWORD
from tests.support.keys import read_claims
from tests.support.supabase import needs_email, written
from tests.support.supabase_clients import (
    ADA,
    NEW_CLIENT_PASSWORD,
    assert_signed_in,
    assert_signed_out,
    http,
    session_id,
)

pytestmark = [needs_email, pytest.mark.integration]


def test_sign_in(open_client, ada, live_server):
    client = open_client()
    answer = client.sign_in("Ada@EXAMPLE.org")
    assert answer.ok
    session = client.session()
    assert session["user"]["email"] == ADA
    claims = read_claims(session["access_token"])
    assert str(uuid.UUID(session["user"]["id"])) == claims["sub"]
    assert claims["exp"] - claims["iat"] == 300 >= session["expires_in"] > 0  # clients count down
    assert "SIGNED_IN" in client.events()
    assert client.get_user().data["user"]["id"] == session["user"]["id"]
    # The same token is good on the project's views and on the REST API.
    assert http("GET", f"{live_server.url}/api/me/", bearer=session["access_token"])[0] == 200
    status, body = http("GET", f"{live_server.url}/api/auth/sessions/current/", bearer=session["access_token"])
    assert (status, body["id"]) == (200, session_id(client))


def test_wrong_password(open_client, ada):
    client = open_client()
    for email in (ADA, "nobody@example.org"):
        answer = client.sign_in(email, "wrong")
        assert (answer.status, answer.code) == (400, "invalid_credentials")
    assert client.storage() == {}
    assert "SIGNED_IN" not in client.events()


def test_sign_up(open_client, transactional_db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    client = open_client()
    assert client.sign_up(ADA, colour="green").ok
    user = client.get_user().data["user"]
    assert user["email"] == ADA
    assert user["user_metadata"]["colour"] == "green"
    assert_signed_in(client)
    assert open_client().sign_in(ADA).ok
    assert open_client().sign_up(ADA).code == "user_already_exists"


def test_sign_up_is_off(open_client, transactional_db):
    client = open_client()
    for answer in (client.sign_up(ADA), client.call("sign_in_anonymously")):
        assert (answer.status, answer.code) == (422, "signup_disabled")
    assert client.storage() == {}
    assert not get_user_model().objects.exists()


def test_a_weak_password(open_client, transactional_db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
    answer = open_client().sign_up(ADA, "short")
    assert (answer.name, answer.status, answer.reasons) == ("AuthWeakPasswordError", 422, ("length",))


def test_a_new_password(open_client, laptop, phone):
    assert laptop.update_user(password=NEW_CLIENT_PASSWORD).ok
    assert "USER_UPDATED" in laptop.events()
    assert_signed_in(laptop)
    assert_signed_out(phone)
    assert open_client().sign_in(ADA).code == "invalid_credentials"
    assert open_client().sign_in(ADA, NEW_CLIENT_PASSWORD).ok


def test_the_same_password_again(laptop, phone):
    answer = laptop.update_user(password=PASSWORD)
    assert (answer.status, answer.code) == (422, "same_password")
    assert_signed_in(laptop)
    assert_signed_in(phone)


def test_metadata(laptop, phone):
    assert laptop.update_user(data={"colour": "green", "size": 7}).ok
    assert written(laptop.update_user(data={"size": None}).data["user"]) == {"colour": "green"}
    assert written(phone.get_user().data["user"]) == {"colour": "green"}
    assert phone.refresh().ok
    assert written(read_claims(phone.session()["access_token"])) == {"colour": "green"}


def test_another_address_is_refused(laptop):
    answer = laptop.update_user(email="lovelace@example.org")
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert laptop.get_user().data["user"]["email"] == ADA


FACTOR = {"factor_id": str(uuid.UUID(int=0)), "factorId": str(uuid.UUID(int=0))}

UNSUPPORTED = {
    "reset_password_for_email": [ADA],
    "sign_in_with_otp": [{"email": ADA}],
    "verify_otp": [{"email": ADA, "token": "123456", "type": "email"}],
    "resend": [{"email": ADA, "type": "signup"}],
    "sign_in_with_sso": [{"domain": "example.org"}],
    "reauthenticate": [],
    "link_identity": [{"provider": "github"}],
    "mfa.enroll": [{"factor_type": "totp", "factorType": "totp"}],
    "mfa.challenge": [FACTOR],
    "mfa.verify": [{**FACTOR, "challenge_id": "0", "challengeId": "0", "code": "123456"}],
    "mfa.unenroll": [FACTOR],
    "admin.list_users": [],
}


def test_unsupported(laptop):
    answers = {method: laptop.call(method, *arguments) for method, arguments in UNSUPPORTED.items()}
    expected = ("AuthApiError", 404, "not_supported")
    assert {method: (answer.name, answer.status, answer.code) for method, answer in answers.items()} == dict.fromkeys(
        UNSUPPORTED, expected
    )
    assert laptop.call("mfa.list_factors").data["all"] == []
    assert_signed_in(laptop)


def test_other_ways_to_sign_in(open_client, transactional_db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    client = open_client()
    by_phone = {"phone": "+441815", "password": PASSWORD}
    assert client.call("sign_in_anonymously").code == "anonymous_provider_disabled"
    assert client.call("sign_in_with_password", by_phone).code == "phone_provider_disabled"
    assert client.call("sign_up", by_phone).code == "phone_provider_disabled"
    by_id_token = {"provider": "google", "token": "a.b.c"}
    assert client.call("sign_in_with_id_token", by_id_token).code == "invalid_credentials"
    assert client.storage() == {}
