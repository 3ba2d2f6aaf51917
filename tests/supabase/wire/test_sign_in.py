"""``POST token?grant_type=password``."""

import pytest

from auth_sessions.models import Session
from tests.support.device import PASSWORD
from tests.support.inputs import each
from tests.support.supabase import (
    CREDENTIALS,
    EMAIL,
    needs_email,
    refusal,
)

pytestmark = [needs_email, pytest.mark.any_database]


@each(
    ("body", "expected"),
    [
        (
            {"email": EMAIL, "phone": "447700900000", "password": PASSWORD},
            (400, "validation_failed", "Only an email address or phone number should be provided on login."),
        ),
        (
            {"phone": "447700900000", "password": PASSWORD},
            (422, "phone_provider_disabled", "Phone logins are disabled"),
        ),
        ({"password": PASSWORD}, (400, "validation_failed", "missing email or phone")),
        ({"email": "", "password": PASSWORD}, (400, "validation_failed", "missing email or phone")),
        ({"email": None, "phone": None}, (400, "validation_failed", "missing email or phone")),
        ({"email": EMAIL, "password": "wrong"}, CREDENTIALS),
        ({"email": EMAIL, "password": PASSWORD.strip()}, CREDENTIALS),
        ({"email": EMAIL, "password": ""}, CREDENTIALS),
        ({"email": EMAIL, "password": None}, CREDENTIALS),
        ({"email": EMAIL}, CREDENTIALS),
        ({"email": "eve@example.org", "password": PASSWORD}, CREDENTIALS),
        ({"email": "ada", "password": PASSWORD}, CREDENTIALS),
        ({"email": "%", "password": PASSWORD}, CREDENTIALS),
        ({"email": "ada@example_org", "password": PASSWORD}, CREDENTIALS),
    ],
)
def test_refused_sign_ins(ada, nobody, body, expected):
    assert refusal(nobody.send("POST", "token?grant_type=password", body)) == expected
    assert not Session.objects.exists()


@each("query", ["", "?grant_type=", "?grant_type=id_token", "?grant_type=PASSWORD", "?grant=password"])
def test_other_grants(ada, nobody, query):
    body = {"email": EMAIL, "password": PASSWORD}
    answer = nobody.send("POST", f"token{query}", body)
    assert refusal(answer) == (400, "invalid_credentials", "unsupported_grant_type")


@each("email", ["Ada@Example.Org", "ADA@EXAMPLE.ORG", " ada@example.org\n"])
def test_the_address_is_found_in_upper_and_lower_case(ada, nobody, email):
    assert nobody.try_sign_in(email).status_code == 200


def test_unknown_members_are_ignored(ada, nobody):
    more = {"data": {}, "code_challenge": None, "gotrue_meta_security": {"captcha_token": ["x"]}, "x": [1, {"y": None}]}
    assert nobody.try_sign_in(**more).status_code == 200


def test_an_inactive_user_is_answered_as_an_unknown_one(ada, nobody):
    ada.is_active = False
    ada.save()
    assert refusal(nobody.try_sign_in()) == CREDENTIALS
