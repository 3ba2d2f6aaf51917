"""Tokens that are none, and claims of any kind under the right key."""

import uuid

import jwt
import pytest
from django.conf import settings as project

from tests.support.inputs import NOT_A_TOKEN, each, headed
from tests.support.keys import signed
from tests.support.supabase import EMAIL, SIGNED_IN, needs_email, refused, written

pytestmark = [pytest.mark.slow, pytest.mark.any_database, needs_email, pytest.mark.django_db]


BAD_JSON, NOT_VALID, BAD_JWT = (400, "bad_json"), (400, "validation_failed"), (403, "bad_jwt")
CREDENTIALS, NO_TOKEN = (400, "invalid_credentials"), (400, "refresh_token_not_found")
MISSING = object()
HS256 = {"alg": "HS256", "typ": "JWT"}


@each("raw", NOT_A_TOKEN)
def test_garbage_for_a_token(laptop, raw):
    for method, path in SIGNED_IN:
        assert refused(laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}")) == BAD_JWT
    answer = laptop.send("POST", "token?grant_type=refresh_token", {"refresh_token": raw})
    assert refused(answer) == NO_TOKEN


@each("header", [{"alg": "none"}, {"alg": "HS512"}, {"alg": None}, {"alg": []}, {}, {"crit": ["exp"]}])
def test_headers_of_a_token(laptop, header):
    claims = laptop.claims
    for raw in (signed({**header}, claims, project.SECRET_KEY), f"{headed(header).partition('.')[0]}.e30."):
        for method, path in SIGNED_IN:
            assert refused(laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}")) == BAD_JWT


NOT_A_UUID = {
    "missing": MISSING,
    "null": None,
    "array": [],
    "array_of_ids": ["0"],
    "object": {"a": 1},
    "true": True,
    "number": 7,
    "huge": 10**40,
    "infinity": float("inf"),
    "empty": "",
    "text": "junk",
    "nul": "\0",
    "surrogate": "\ud800",
    "long": "9" * 5000,
}


@each("value", NOT_A_UUID)
@each("claim", ["sub", "session_id", "user_id"])
def test_claims_under_the_right_key(laptop, claim, value):
    """Nobody but the project can sign them, and still none may break anything."""
    claims = {name: each for name, each in {**laptop.claims, claim: value}.items() if each is not MISSING}
    raw = signed(HS256, claims, project.SECRET_KEY)
    for method, path in [*SIGNED_IN, ("POST", "logout?scope=local")]:
        status, error_code = refused(laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}"))
        assert (status, error_code) == BAD_JWT or (claim, status, error_code) == ("sub", 400, "bad_jwt")


@each("value", {name: value for name, value in NOT_A_UUID.items() if value is not MISSING})
def test_the_user_of_no_session(laptop, value):
    """Where the session is gone, the user is looked up by the claim."""
    claims = {**laptop.claims, "session_id": str(uuid.uuid4()), "user_id": value}
    raw = signed(HS256, claims, project.SECRET_KEY)
    for method, path in SIGNED_IN:
        answer = laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}")
        assert refused(answer) in {BAD_JWT, (403, "user_not_found")}


@each("value", [[], {}, "x", 7, None, True, ["a", 7], "\0"])
@each("claim", ["aud", "role", "email", "app_metadata", "user_metadata", "amr", "aal", "iss"])
def test_claims_that_nobody_here_reads(laptop, claim, value):
    """They are for other services: this one asks its own rows."""
    raw = jwt.encode({**laptop.claims, claim: value}, project.SECRET_KEY) if claim != "iss" else None
    raw = raw or signed(HS256, {**laptop.claims, claim: value}, project.SECRET_KEY)
    answer = laptop.user(HTTP_AUTHORIZATION=f"Bearer {raw}")
    if answer.status_code == 200:
        assert answer.json()["email"] == EMAIL
        assert written(answer.json()) == {}
    else:
        assert refused(answer) == BAD_JWT
    answer = laptop.user(HTTP_AUTHORIZATION=f"Bearer {raw}", HTTP_X_JWT_AUD="authenticated")
    assert answer.status_code == 200 or refused(answer) in {BAD_JWT, NOT_VALID}


@each("kind", ["anon", "service_role", "authenticated"])
def test_a_role_gives_no_rights(laptop, kind):
    laptop.bend(role=kind)
    assert refused(laptop.update(app_metadata={"role": "admin"})) == (403, "not_admin")
    assert refused(laptop.send("GET", "admin/users")) == (404, "not_supported")
