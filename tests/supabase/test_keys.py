"""Keys of the access tokens: how they are named, listed, and replaced."""

import json

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.db.models import UUIDField
from django.test import override_settings
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from rest_framework_simplejwt.backends import TokenBackend

from auth_sessions.tokens.keys import thumbprint
from tests.support.checks import findings, messages
from tests.support.keys import signed
from tests.support.signing_keys import (
    ACCEPTED,
    ASYMMETRIC,
    ES256,
    ES256_LATER,
    ES384,
    HS256,
    HS256_LATER,
    REFUSED,
    RS256,
    RS256_LATER,
    Secret,
    answers_of_every_api,
)
from tests.support.supabase import SupabaseDevice, code, needs_email

pytestmark = [pytest.mark.slow, needs_email, pytest.mark.any_database]

KEY_IS_A_UUID = isinstance(get_user_model()._meta.pk, UUIDField)
SECRET_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
BAD_JWT = (403, "bad_jwt")


def key_set():
    answer = SupabaseDevice().send("GET", ".well-known/jwks.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer["Cache-Control"] == "public, max-age=600"
    assert set(answer.json()) == {"keys"}
    return answer.json()["keys"]


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_secret_is_listed_nowhere(ada, sign_with, algorithm):
    sign_with(
        Secret("k" * 64, algorithm), ("HS512", "f" * 64), ("HS256", "another of the earlier secrets, long enough")
    )
    assert key_set() == []
    device = SupabaseDevice().sign_in()
    assert "kid" not in jwt.get_unverified_header(device.access)
    assert answers_of_every_api(device) == ACCEPTED


@pytest.mark.parametrize("key", ASYMMETRIC.values(), ids=ASYMMETRIC)
class TestPublicKeys:
    def test_the_list(self, db, sign_with, key):
        sign_with(key)
        [listed] = key_set()
        parts = {"n", "e"} if key.algorithm == "RS256" else {"crv", "x", "y"}
        assert set(listed) == {"kty", "kid", "alg", "use", "key_ops", *parts}
        assert (listed["alg"], listed["use"], listed["key_ops"]) == (key.algorithm, "sig", ["verify"])
        assert listed["kty"] == ("RSA" if key.algorithm == "RS256" else "EC")
        assert listed["kid"] == key.kid

    def test_a_client_verifies_offline(self, ada, sign_with, key):
        sign_with(key)
        device = SupabaseDevice().sign_in()
        for _ in range(2):
            header = jwt.get_unverified_header(device.access)
            assert header == {"alg": key.algorithm, "typ": "JWT", "kid": key.kid}
            [listed] = [each for each in key_set() if each["kid"] == header["kid"]]
            claims = jwt.decode(device.access, jwt.PyJWK(listed), [listed["alg"]], audience="authenticated")
            assert claims["sub"] == device.user_id
            assert device.refresh().status_code == 200

    def test_simplejwts_own_classes_verify_it(self, ada, sign_with, monkeypatch, key):
        """As in a project that has this key from the start: they read it once, at import."""
        backend = TokenBackend(key.algorithm, key.private, key.public)
        monkeypatch.setattr("rest_framework_simplejwt.state.token_backend", backend)
        sign_with(key)
        device = SupabaseDevice().sign_in()
        assert device.edge().json() == {"user_id": str(ada.pk)}
        sign_with(ES256_LATER, key.public)
        assert device.edge().json() == {"user_id": str(ada.pk)}
        assert device.sign_in().edge().status_code == 401

    def test_another_token_is_not_verified_by_it(self, ada, sign_with, key):
        sign_with(ES256_LATER)
        device = SupabaseDevice().sign_in()
        sign_with(key)
        [listed] = key_set()
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(device.access, jwt.PyJWK(listed), ["ES256", listed["alg"]], audience="authenticated")
        assert answers_of_every_api(device) == REFUSED

    def test_the_refresh_token_is_nobody_elses(self, ada, sign_with, key):
        sign_with(key)
        device = SupabaseDevice().sign_in()
        assert jwt.get_unverified_header(device.refresh_token) == {"alg": "HS256", "typ": "JWT"}

    @pytest.mark.parametrize("place", ["VERIFYING_KEY", "fallback", "both"])
    def test_nothing_private_is_listed(self, ada, settings, key, place):
        """Also where a private key was put in the place of a public one."""
        settings.SIMPLE_JWT = {**key.settings, "VERIFYING_KEY": key.public if place == "fallback" else key.private}
        if place != "VERIFYING_KEY":
            settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [RS256_LATER.private, ES256_LATER.private, ES384.private]
        listed = key_set()
        assert len(listed) == (
            1 if place == "VERIFYING_KEY" else len({key.kid, RS256_LATER.kid, ES256_LATER.kid, ES384.kid})
        )
        assert not [SECRET_MEMBERS & set(each) for each in listed if SECRET_MEMBERS & set(each)]
        assert {each["kid"] for each in listed} >= {key.kid}
        device = SupabaseDevice().sign_in()
        assert answers_of_every_api(device) == ACCEPTED

    @pytest.mark.parametrize("spoil", [str, str.strip, lambda pem: pem + "\n", lambda pem: pem.replace("\n", "\r\n")])
    def test_the_public_key_is_no_secret(self, ada, sign_with, key, spoil):
        """The oldest forgery there is: everybody knows the public key, and may take its text for an HMAC secret."""
        sign_with(key, RS256_LATER.public, HS256.public)
        device = SupabaseDevice().sign_in()
        claims = device.claims
        for text in (spoil(key.public), spoil(RS256_LATER.public)):
            for header in ({}, {"kid": key.kid}, {"kid": RS256_LATER.kid}):
                device.access = signed({"alg": "HS256", "typ": "JWT", **header}, claims, text)
                assert answers_of_every_api(device) == REFUSED

    def test_a_public_key_among_the_fallbacks_of_a_secret_is_no_secret(self, ada, sign_with, key):
        sign_with(HS256, key.public)
        device = SupabaseDevice().sign_in()
        device.access = signed({"alg": "HS256", "typ": "JWT"}, device.claims, key.public)
        assert answers_of_every_api(device) == REFUSED
        device.access = jwt.encode(device.claims, key.private, algorithm=key.algorithm)
        assert answers_of_every_api(device) == ACCEPTED

    def test_one_key_under_another_name(self, ada, sign_with, key):
        """The header's ``kid`` is a help for clients, and decides nothing here."""
        sign_with(key)
        device = SupabaseDevice().sign_in()
        device.access = jwt.encode(device.claims, key.private, algorithm=key.algorithm, headers={"kid": "other"})
        assert device.user().status_code == 200
        device.access = jwt.encode(device.claims, ES256_LATER.private, algorithm="ES256", headers={"kid": key.kid})
        assert code(device.user()) == BAD_JWT

    def test_an_issuer_and_an_audience(self, ada, settings, key):
        settings.SIMPLE_JWT = {**key.settings, "ISSUER": "https://id.example/auth/v1", "AUDIENCE": "shop"}
        device = SupabaseDevice().sign_in()
        claims = jwt.decode(
            device.access, jwt.PyJWK(key_set()[0]), audience="shop", issuer="https://id.example/auth/v1"
        )
        assert claims["sub"] == device.user_id
        assert answers_of_every_api(device) == ACCEPTED


def test_the_thumbprint_of_the_rfc():
    """RFC 7638, section 3.1."""
    key = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc"
        "_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQ"
        "R0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bF"
        "TWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


# Rotation


ROTATIONS = {
    "RS256 to RS256": (RS256, RS256_LATER),
    "ES256 to ES256": (ES256, ES256_LATER),
    "RS256 to ES256": (RS256, ES256),
    "ES256 to RS256": (ES256, RS256),
    "ES256 to ES384": (ES256, ES384),
    "ES384 to ES256": (ES384, ES256),
    "HS256 to HS256": (HS256, HS256_LATER),
    "HS256 to ES256": (HS256, ES256),
    "HS256 to RS256": (HS256, RS256),
    "ES256 to HS256": (ES256, HS256),
    "RS256 to HS256": (RS256, HS256),
    "ES384 to HS256": (ES384, HS256),
}


@pytest.mark.parametrize(("earlier", "later"), ROTATIONS.values(), ids=ROTATIONS)
class TestRotation:
    def test_with_overlap(self, ada, sign_with, earlier, later):
        sign_with(earlier)
        old = SupabaseDevice().sign_in()
        assert answers_of_every_api(old) == ACCEPTED
        sign_with(later, earlier.public)
        new = SupabaseDevice().sign_in()
        assert answers_of_every_api(old) == answers_of_every_api(new) == ACCEPTED
        assert [each["kid"] for each in key_set()] == [key.kid for key in (later, earlier) if key.kid]
        sign_with(later)
        assert answers_of_every_api(old) == REFUSED
        assert answers_of_every_api(new) == ACCEPTED
        assert [each["kid"] for each in key_set()] == ([later.kid] if later.kid else [])

    def test_without_overlap_a_refresh_is_enough(self, ada, sign_with, earlier, later):
        """Refresh tokens have a key of their own: nobody is signed out."""
        sign_with(earlier)
        device = SupabaseDevice().sign_in()
        sign_with(later)
        assert code(device.user()) == BAD_JWT
        assert device.refresh().status_code == 200
        assert answers_of_every_api(device) == ACCEPTED
        assert jwt.get_unverified_header(device.access).get("kid") == later.kid

    def test_there_and_back(self, ada, sign_with, earlier, later):
        sign_with(earlier)
        first = SupabaseDevice().sign_in()
        sign_with(later, earlier.public)
        second = SupabaseDevice().sign_in()
        sign_with(earlier, later.public)
        for device in (first, second, SupabaseDevice().sign_in()):
            assert answers_of_every_api(device) == ACCEPTED

    def test_an_expired_token_of_the_earlier_key_is_expired(self, clock, ada, sign_with, earlier, later):
        sign_with(earlier)
        device = SupabaseDevice().sign_in()
        sign_with(later, earlier.public)
        clock.shift(301)
        answer = device.user()
        assert code(answer) == BAD_JWT
        assert "token is expired" in answer.json()["msg"]

    def test_no_finding(self, db, earlier, later):
        fallbacks = [earlier.public]
        assert findings(SIMPLE_JWT=later.settings, AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS=fallbacks) == []


def test_several_earlier_keys(ada, sign_with):
    devices = []
    earlier = []
    for key in (HS256, RS256, ES384, HS256_LATER, ES256):
        sign_with(key, *earlier)
        devices.append(SupabaseDevice().sign_in())
        earlier.insert(0, key.public)
    assert [answers_of_every_api(device) for device in devices] == [ACCEPTED] * 5
    assert [each["kid"] for each in key_set()] == [key.kid for key in (ES256, ES384, RS256)]


def test_keys_as_bytes(ada, sign_with):
    sign_with(RS256)
    old = SupabaseDevice().sign_in()
    sign_with(ES256, RS256.public.encode(), ("HS256", HS256.private.encode()))
    assert answers_of_every_api(old) == ACCEPTED
    assert [each["kid"] for each in key_set()] == [ES256.kid, RS256.kid]


def test_todays_key_listed_among_the_earlier_ones(ada, sign_with):
    """A client looks for one key by its ``kid``."""
    sign_with(ES256, ES256.public)
    assert answers_of_every_api(SupabaseDevice().sign_in()) == ACCEPTED
    assert {each["kid"] for each in key_set()} == {ES256.kid}


def test_a_key_set_costs_no_query(django_assert_num_queries, db, sign_with):
    sign_with(RS256, ES256.public)
    with django_assert_num_queries(0):
        assert len(key_set()) == 2


def test_a_key_is_read_once_and_not_at_each_request(sign_with, monkeypatch):
    """Reading an asymmetric key takes longer than signing with it."""
    sign_with(RS256, RS256_LATER.public, ES256.public, ES384.public)
    key_set()
    read = []
    for kind in (RSAAlgorithm, ECAlgorithm):
        monkeypatch.setattr(kind, "prepare_key", lambda self, key: read.append(key))
    for _ in range(50):
        assert len(key_set()) == 4
    assert read == []


# System checks


@pytest.mark.django_db
class TestChecks:
    @pytest.mark.parametrize("today", [HS256, ES256, RS256], ids=["HS256", "ES256", "RS256"])
    @pytest.mark.parametrize(
        "fallbacks",
        [
            None,
            "",
            "a key and not a list of them",
            b"bytes",
            7,
            {},
            {"key"},
            [None],
            [7],
            [""],
            [b""],
            [[]],
            [ES256.public, None],
            ["-----BEGIN PUBLIC KEY-----\njunk\n-----END PUBLIC KEY-----\n"],
            [b"\xff\xfe\x00\x01" * 20],
            [ES256.public[:80]],
            [RS256.public[:300]],
            [RS256.public.replace("-----END PUBLIC KEY-----", "")],
            [RS256.public.replace("MII", "III", 1)],
            [json.dumps({"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43})],
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_e001_fallbacks_that_cannot_be_read(self, today, fallbacks):
        """Nor may what is left of a public key be taken for a secret: everybody has that text."""
        found = findings(SIMPLE_JWT=today.settings, AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS=fallbacks)
        assert found == ["auth_sessions.E001"]

    @pytest.mark.parametrize(
        "fallbacks",
        [
            (),
            [],
            [ES256.public],
            (RS256.public, HS256.public),
            [ES384.public.encode()],
            [("HS256", "x" * 32), ("HS384", "x" * 48), ("HS512", "x" * 64)],
        ],
    )
    def test_fallbacks_that_can(self, fallbacks):
        assert findings(AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS=fallbacks) == []

    def test_e001_shows_no_key(self):
        [message] = messages(AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS=[RS256.private[:400], "swordfish" * 5, None])
        assert message.id == "auth_sessions.E001"
        assert "swordfish" not in message.msg
        assert "PRIVATE KEY" not in message.msg

    @pytest.mark.parametrize("value", [None, 0, 1, "", "yes", "False", [], {}])
    def test_e001_signup(self, value):
        assert findings(AUTH_SESSIONS_SUPABASE_SIGNUP=value) == ["auth_sessions.E001"]

    @pytest.mark.parametrize("value", [True, False])
    def test_w002_knows_the_settings_of_this_app(self, value):
        assert findings(AUTH_SESSIONS_SUPABASE_SIGNUP=value) == []

    def test_w002_a_slip(self):
        assert findings(AUTH_SESSIONS_SUPABASE_SIGN_UP=True) == ["auth_sessions.W002"]

    def test_e012_users_without_an_address(self):
        with override_settings(AUTH_USER_MODEL="people.CodeUser"):
            assert findings() == ["auth_sessions.E012"]

    def test_users_with_an_address(self):
        assert findings() == findings(AUTH_USER_MODEL="people.EmailUser") == []

    @pytest.mark.parametrize("name", ["USER_ID_CLAIM", "JTI_CLAIM", "TOKEN_TYPE_CLAIM"])
    @pytest.mark.parametrize("claim", ["role", "email", "phone", "app_metadata", "user_metadata", "aal", "amr"])
    def test_e013_a_claim_of_supabases(self, name, claim):
        assert findings(SIMPLE_JWT={name: claim}) == ["auth_sessions.E013"]

    @pytest.mark.skipif(KEY_IS_A_UUID, reason="The primary key is a UUID.")
    def test_e013_a_key_that_is_no_uuid_is_no_sub(self):
        assert findings(SIMPLE_JWT={"USER_ID_CLAIM": "sub"}) == ["auth_sessions.E013"]

    def test_e013_sub_is_the_uuid(self):
        with override_settings(AUTH_USER_MODEL="people.EmailUser"):
            assert findings(SIMPLE_JWT={"USER_ID_CLAIM": "sub"}) == []
            assert findings(SIMPLE_JWT={"JTI_CLAIM": "sub"}) == ["auth_sessions.E013"]
            names = {"USER_ID_CLAIM": "sub", "USER_ID_FIELD": "email"}
            assert findings(SIMPLE_JWT=names) == ["auth_sessions.E013"]

    @pytest.mark.parametrize("name", ["user_id", "uid", "person"])
    def test_another_name_is_nobodys(self, name):
        assert findings(SIMPLE_JWT={"USER_ID_CLAIM": name}) == []


@pytest.mark.skipif(not KEY_IS_A_UUID, reason="The primary key is no UUID.")
def test_sub_as_simplejwts_claim(ada, settings):
    """Where the key is the UUID, one claim does for both."""
    settings.SIMPLE_JWT = {"USER_ID_CLAIM": "sub"}
    device = SupabaseDevice().sign_in()
    assert device.claims["sub"] == str(ada.pk)
    assert "user_id" not in device.claims
    assert answers_of_every_api(device) == ACCEPTED


@pytest.mark.parametrize("key", [ES256, RS256], ids=["ES256", "RS256"])
def test_a_private_key_that_the_project_has_read_itself(ada, settings, key):
    settings.SIMPLE_JWT = {**key.settings, "SIGNING_KEY": key.key}
    assert answers_of_every_api(SupabaseDevice().sign_in()) == ACCEPTED


def test_a_fallback_that_is_todays_key_is_listed_once(settings):
    settings.SIMPLE_JWT = ES256_LATER.settings
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [ES256_LATER.public]
    assert len(key_set()) == 1
