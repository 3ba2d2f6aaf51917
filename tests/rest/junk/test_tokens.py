"""Tokens that are none; and claims of any kind under the right key, which nobody but the project can sign."""

import hashlib
import uuid
from datetime import timedelta

import pytest
from django.conf import settings as project
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, SlidingToken, UntypedToken

from auth_sessions.tokens import SessionRefreshToken
from tests.support.device import Device
from tests.support.inputs import NOT_A_TOKEN, each, nested
from tests.support.keys import b64, new_key, pem_pair, read_claims, signed
from tests.support.rest import NOT_VALID, refusal

pytestmark = [pytest.mark.slow, pytest.mark.any_database, pytest.mark.django_db]


HS256 = {"alg": "HS256", "typ": "JWT"}


def refresh_key():
    return SessionRefreshToken().get_token_backend().signing_key


KEYS = {"access": lambda: project.SECRET_KEY, "refresh": refresh_key}


def claims_of(device, kind):
    return read_claims(device.access if kind == "access" else device.refresh_token)


def show(device, kind, raw):
    """What the token is refused with, wherever a token of this kind may be shown."""
    other = device.copy()
    if kind == "access":
        other.access = raw
        asked = (other.get("sessions/"), other.post("sign-out/"), other.post("sign-out/", {"scope": "local"}))
    else:
        other.access, other.refresh_token = None, raw
        local = {"refresh": raw, "scope": "local"}
        asked = (other.try_refresh(), other.post("sign-out/", {"refresh": raw}), other.post("sign-out/", local))
    answers = {refusal(answer) for answer in asked}
    assert len(answers) == 1, answers
    return answers.pop()


@pytest.mark.parametrize("kind", KEYS)
class TestTokens:
    @each("raw", NOT_A_TOKEN)
    def test_garbage(self, laptop, kind, raw):
        assert show(laptop, kind, raw) == NOT_VALID

    @each(
        "change",
        {
            "cut": lambda raw: raw[:-1],
            "unsigned": lambda raw: raw.rpartition(".")[0] + ".",
            "two segments": lambda raw: raw.rpartition(".")[0],
            "four segments": lambda raw: raw + ".x",
            "twice": lambda raw: raw + raw,
            "quoted": lambda raw: f'"{raw}"',
            "other signature": lambda raw: raw.rpartition(".")[0] + "." + b64(bytes(32)),
        },
    )
    def test_a_genuine_one_bent(self, laptop, kind, change):
        genuine = laptop.access if kind == "access" else laptop.refresh_token
        assert show(laptop, kind, change(genuine)) == NOT_VALID

    @each("alg", ["none", "None", "NONE", "nOnE", "", None, [], ["HS256"], {"HS256": 1}, 7, "hs256"])
    def test_no_algorithm(self, laptop, kind, alg):
        unsigned = f"{b64({'alg': alg, 'typ': 'JWT'})}.{b64(claims_of(laptop, kind))}."
        assert show(laptop, kind, unsigned) == NOT_VALID
        assert show(laptop, kind, signed({"alg": alg}, claims_of(laptop, kind), KEYS[kind]())) == NOT_VALID

    def test_no_header_at_all(self, laptop, kind):
        assert show(laptop, kind, signed({}, claims_of(laptop, kind), KEYS[kind]())) == NOT_VALID

    @each(
        ("alg", "digest"),
        [("HS384", hashlib.sha384), ("HS512", hashlib.sha512), ("RS256", hashlib.sha256), ("EdDSA", hashlib.sha256)],
    )
    def test_another_algorithm(self, laptop, kind, alg, digest):
        assert show(laptop, kind, signed({"alg": alg}, claims_of(laptop, kind), KEYS[kind](), digest)) == NOT_VALID

    @each("key", ["", "secret", "None", "the other"])
    def test_another_key(self, laptop, kind, key):
        key = KEYS["refresh" if kind == "access" else "access"]() if key == "the other" else key
        assert show(laptop, kind, signed(HS256, claims_of(laptop, kind), key)) == NOT_VALID

    @each(
        "header",
        {
            "crit": {"crit": ["exp"]},
            "empty crit": {"crit": []},
            "text crit": {"crit": "b64"},
            "null crit": {"crit": None},
            "numbers crit": {"crit": [1]},
            "not encoded": {"b64": False},
            "not encoded crit": {"b64": False, "crit": ["b64"]},
            "number kid": {"kid": 7},
            "array kid": {"kid": ["a"]},
        },
    )
    def test_headers(self, laptop, kind, header):
        assert show(laptop, kind, signed({**HS256, **header}, claims_of(laptop, kind), KEYS[kind]())) == NOT_VALID

    @each("header", [{"jwk": {"kty": "oct", "k": "AA"}}, {"kid": "../../dev/null"}, {"jku": "x"}])
    def test_headers_that_bring_a_key(self, laptop, kind, header):
        assert show(laptop, kind, signed({**HS256, **header}, claims_of(laptop, kind), "\0")) == NOT_VALID

    @each(
        "payload",
        {
            "empty": {},
            "array": [],
            "text": "x",
            "null": None,
            "number": 7,
            "not json": b"junk",
            "not utf8": b"\xff",
            "deep array": nested(100_000),
            "deep object": nested(50_000, b'{"a":', b"}"),
        },
    )
    def test_payloads_under_the_right_key(self, laptop, kind, payload):
        assert show(laptop, kind, signed(HS256, payload, KEYS[kind]())) == NOT_VALID

    def test_the_other_kind(self, laptop, kind):
        assert show(laptop, kind, laptop.refresh_token if kind == "access" else laptop.access) == NOT_VALID

    @each("token_class", [AccessToken, RefreshToken, SlidingToken, UntypedToken])
    def test_simplejwts_own(self, laptop, ada, kind, token_class):
        token = token_class.for_user(ada)
        token.set_exp(lifetime=timedelta(hours=1))
        assert show(laptop, kind, str(token)) == NOT_VALID
        token.payload |= {**claims_of(laptop, kind), "token_type": token_class.token_type}
        if token_class.token_type != kind:
            assert show(laptop, kind, signed(HS256, token.payload, KEYS[kind]())) == NOT_VALID


@pytest.mark.parametrize("alg", ["HS256", "RS256"])
def test_the_public_key_is_no_secret(ada, settings, alg):
    private, public = pem_pair(new_key("RS256"))
    settings.SIMPLE_JWT = {"ALGORITHM": "RS256", "SIGNING_KEY": private, "VERIFYING_KEY": public}
    laptop = Device().sign_in(ada)
    assert laptop.me().status_code == 200
    for kind in KEYS:
        for key in (public, public.strip(), ""):
            assert show(laptop, kind, signed({"alg": alg}, claims_of(laptop, kind), key)) == NOT_VALID


NAN, INFINITY = float("nan"), float("inf")
MISSING = object()

NOT_A_NUMBER = {
    "missing": MISSING,
    "null": None,
    "array": [],
    "array_of_one": [1],
    "object": {},
    "text": "junk",
    "digits": "1",
    "true": True,
    "nan": NAN,
    "infinity": INFINITY,
    "minus_infinity": -INFINITY,
}
NOT_A_TIME = {
    **NOT_A_NUMBER,
    "huge": 10**40,
    "very_negative": -(10**40),
    "before_1970": -0.5,
    "too_late_to_add_to": 10**11,
    "beyond_the_calendar": 10**12,
    "beyond_the_clock": 10**17,
    "before_the_calendar": -(10**12),
}
NOT_AN_ID = {
    "missing": MISSING,
    "null": None,
    "array": [],
    "array_of_ids": ["0"],
    "object": {},
    "true": True,
    "number": 7,
    "huge": 10**40,
    "infinity": INFINITY,
    "empty": "",
    "text": "junk",
    "nul": "\0",
    "surrogate": "\ud800",
    "long": "9" * 5000,
}
CLAIMS = {
    "exp": {**NOT_A_NUMBER, "past": 0, "negative": -1, "very_negative": -(10**40)},
    "generation": {**NOT_A_NUMBER, "negative": -1, "fraction": 0.5, "huge": 10**40, "too_large_to_store": 2**31},
    "rotated_at": NOT_A_TIME,
    "iat": NOT_A_TIME,
    "session_id": NOT_AN_ID,
    "token_type": {**NOT_AN_ID, "upper_case": "ACCESS", "sliding": "sliding"},
    "user_id": {**NOT_AN_ID, "minus": "-1"},
    "jti": {**NOT_AN_ID, "not_ascii": "é"},
}


def ill_typed(*claims):
    return {f"{claim}, {name}": (claim, value) for claim in claims for name, value in CLAIMS[claim].items()}


def with_claim(device, kind, **changes):
    claims = {**claims_of(device, kind), **changes}
    claims = {name: value for name, value in claims.items() if value is not MISSING}
    return signed(HS256, claims, KEYS[kind]())


@each(("claim", "value"), ill_typed("exp", "generation", "rotated_at", "iat", "session_id", "token_type", "user_id"))
def test_claims_of_an_access_token(laptop, claim, value):
    assert show(laptop, "access", with_claim(laptop, "access", **{claim: value})) == NOT_VALID


@each(("claim", "value"), ill_typed("generation", "session_id", "token_type", "jti"))
def test_claims_of_a_refresh_token(laptop, claim, value):
    assert show(laptop, "refresh", with_claim(laptop, "refresh", **{claim: value})) == NOT_VALID


@pytest.mark.parametrize("is_key", [True, False])
@each("value", {name: value for name, value in NOT_AN_ID.items() if value is not MISSING})
def test_user_of_no_session(laptop, ada, settings, value, is_key):
    """Where the session is gone, the user is looked up by the claim."""
    settings.SIMPLE_JWT = {"USER_ID_FIELD": "pk" if is_key else ada.USERNAME_FIELD}
    laptop = laptop.copy()
    laptop.access = with_claim(laptop, "access", session_id=str(uuid.uuid4()), user_id=value)
    assert refusal(laptop.get("sessions/"))[1] in {"token_not_valid", "user_not_found"}


@each("value", [253402300799, 253402214400, 10**11 - 1, 4_000_000_000, 0, -62135596800, -1])
@each("claim", ["rotated_at", "iat", "exp"])
def test_times_at_the_ends_of_the_calendar(laptop, claim, value):
    """Numbers that are times: whatever they are good for, they are answered."""
    other = laptop.copy()
    other.access = with_claim(laptop, "access", **{claim: value})
    assert other.get("sessions/").status_code in {200, 401}


@each("generation", [1, 2**15, 2**31 - 1])
def test_a_generation_that_never_was(laptop, generation):
    """Another generation has another ``jti``, and this one was not issued yet."""
    assert show(laptop, "refresh", with_claim(laptop, "refresh", generation=generation)) == NOT_VALID
