"""Tokens signed with HS256 are written and accepted exactly as by PyJWT."""

import json
import random
from datetime import UTC, datetime

import jwt
import pytest
from rest_framework_simplejwt.exceptions import TokenBackendError

from auth_sessions.tokens.keys import Backend

KEY = "k" * 40
SEED = 20261129


class PyJWTBackend(Backend):
    """The same backend, always by PyJWT."""

    hs256_key = None


def pair_of_backends(key=KEY, audience=None, issuer=None):
    return [backend("HS256", key, "", audience, issuer) for backend in (Backend, PyJWTBackend)]


def outcome(function, value):
    """The result; for an error its class."""
    try:
        return function(value)
    except (TokenBackendError, TypeError, jwt.PyJWTError) as error:
        return type(error)


def signed(claims, key=KEY, **header):
    return jwt.encode(claims, key, algorithm="HS256", headers=header or None)


def signed_text(text):
    return jwt.PyJWS().encode(text.encode(errors="surrogatepass"), KEY, algorithm="HS256")


CLAIMS = [
    {},
    {"exp": 1, "iat": 2, "jti": "a" * 32, "user_id": "1", "generation": 0, "rotated_at": 1.5},
    {"name": "Zoë 日本 \ud83d\ude00", "nested": {"a": [1, None, True, {"b": "c"}]}},
    {"sub": "1", "aud": "other", "iss": "https://example.com"},
    {"sub": None},
    {"sub": 1},
    {"jti": None},
    {"jti": 7},
    {"aud": []},
    {"aud": ["api"]},
    {"aud": ["api", 1]},
    {"aud": ["admin", "api"]},
    {"aud": None, "iss": None},
    {"aud": "api", "iss": "https://issuer.example"},
    {"iss": ["https://issuer.example"]},
    {"iss": ""},
    {"exp": "soon", "nbf": 99999999999, "iat": "x"},
    {"nbf": datetime(2026, 1, 1, tzinfo=UTC)},
]

USUAL_SETTINGS = [
    {},
    {"audience": "api"},
    {"audience": ("api", "admin")},
    {"issuer": "https://issuer.example"},
    {"audience": "api", "issuer": "https://issuer.example"},
]

SETTINGS = [
    *USUAL_SETTINGS,
    {"audience": ()},
    {"audience": ""},
    {"audience": ("api", 1)},
    {"issuer": ""},
    {"key": "short"},
]


@pytest.mark.any_database
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_tokens_are_the_same_by_bytes():
    for values in SETTINGS:
        ours, reference = pair_of_backends(**values)
        for claims in CLAIMS:
            assert outcome(ours.encode, claims) == outcome(reference.encode, claims), claims


@pytest.mark.any_database
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_signed_claims_are_judged_as_by_pyjwt():
    texts = ["[]", "1", "null", "", "{", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 5000, "{}\ud83d", " {} "]
    for values in SETTINGS:
        ours, reference = pair_of_backends(**values)
        # Also what jwt.encode() would refuse to write.
        by_claims = [signed_text(json.dumps(claims, default=str)) for claims in CLAIMS]
        for token in [
            *by_claims,
            *map(signed_text, texts),
            *(signed(CLAIMS[1], kid="x", typ=typ) for typ in ("a", "")),
        ]:
            for form in (token, token.encode()):
                assert outcome(ours.decode, form) == outcome(reference.decode, form), form


@pytest.mark.any_database
def test_times_are_written_as_seconds():
    ours, _ = pair_of_backends()
    claims = {"iat": 1, "nbf": datetime(2026, 1, 1, tzinfo=UTC)}
    assert ours.decode(ours.encode(claims)) == {"iat": 1, "nbf": 1767225600}


@pytest.mark.any_database
def test_the_usual_token_is_verified_without_pyjwt(monkeypatch):
    """With whatever audience and issuer, whatever its length, and by the shortest key."""
    monkeypatch.setattr(jwt, "decode", None)
    for values in [*USUAL_SETTINGS, {"key": KEY[:32]}]:
        ours, _ = pair_of_backends(**values)
        for length in range(8):
            claims = {"jti": length * "x"}
            assert ours.decode(ours.encode(claims)).items() >= claims.items()


@pytest.mark.any_database
def test_a_shorter_key_is_left_to_pyjwt():
    """It warns of one."""
    ours, _ = pair_of_backends(key=KEY[:31])
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        ours.encode({})


@pytest.mark.any_database
def test_a_backend_verifies_unless_it_is_told_not_to():
    ours, _ = pair_of_backends()
    forged = signed({"exp": 1}, key="another key of thirty-two bytes.")
    assert ours.decode(forged, verify=False) == {"exp": 1}
    with pytest.raises(TokenBackendError):
        ours.decode(forged)


def mutations(number):
    """Tokens that differ a little from good ones, and good ones, in turn."""
    chosen = random.Random(SEED)
    good = [signed(claims) for claims in CLAIMS[:4]] + [signed({"iat": 1}, key="another key of thirty-two bytes.")]
    alphabet = "ABCXYZabcxyz019-_=+/. \n\0é\ud83d"
    for _ in range(number):
        token = list(chosen.choice(good))
        for _ in range(chosen.choice((0, 1, 1, 1, 2, 3))):
            at = chosen.randrange(len(token))
            match chosen.randrange(7):
                case 0:
                    token[at] = chosen.choice(alphabet)
                case 1:
                    del token[at]
                case 2:
                    token.insert(at, chosen.choice(alphabet))
                case 3:  # other bits in the last character, which base64 ignores
                    token[-1] = chosen.choice(alphabet[:20])
                case 4:
                    token.extend("=" * chosen.randrange(3))
                case 5:
                    parts = "".join(token).split(".")
                    chosen.shuffle(parts)
                    token = list(".".join(parts))
                case 6:
                    other = chosen.choice(good).split(".")
                    parts = "".join(token).split(".")
                    at = chosen.randrange(len(parts))
                    parts[at] = other[at % len(other)]
                    token = list(".".join(parts))
        yield "".join(token)


def assert_judged_alike(number):
    ours, reference = pair_of_backends()
    accepted = 0
    for token in mutations(number):
        found = outcome(ours.decode, token)
        assert found == outcome(reference.decode, token), token
        accepted += isinstance(found, dict)
    assert 0 < accepted < number


@pytest.mark.any_database
def test_mutated_tokens_are_judged_as_by_pyjwt():
    assert_judged_alike(5_000)


@pytest.mark.slow
@pytest.mark.any_database
def test_many_mutated_tokens_are_judged_as_by_pyjwt():
    assert_judged_alike(50_000)
