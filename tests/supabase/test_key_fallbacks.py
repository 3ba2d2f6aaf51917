"""``AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS``: a public text is never taken for a secret."""

import base64
import hashlib
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.checks import findings
from tests.support.keys import b64, signed
from tests.support.signing_keys import ACCEPTED, ES256, ES256_LATER, HS256, RS256, RS256_LATER, answers_of_every_api
from tests.support.supabase import SupabaseDevice, needs_email

pytestmark = [pytest.mark.slow, needs_email, pytest.mark.any_database]


def test_what_is_left_of_a_public_key_is_no_secret(ada, sign_with):
    """A slip while copying, and everybody could sign."""
    rest = RS256.public.replace("-----END PUBLIC KEY-----", "")
    sign_with(ES256, rest)
    device = SupabaseDevice().sign_in()
    device.access = signed({"alg": "HS256", "typ": "JWT"}, device.claims, rest)
    assert device.user().status_code >= 400


def der(key):
    return key.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def point(key):
    return key.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def jwk_text(key):
    return jwt.get_algorithm_by_name(key.algorithm).to_jwk(key.key.public_key())


PUBLIC_TEXTS = {
    "the body of the PEM": lambda key: "".join(key.public.splitlines()[1:-1]),
    "the body in lines": lambda key: "\n".join(key.public.splitlines()[1:-1]),
    "in quotes": lambda key: f'"{key.public}"',
    "with escaped line ends": lambda key: key.public.replace("\n", "\\n"),
    "without its last line": lambda key: key.public.rpartition("-----END")[0],
    "base64url": lambda key: base64.urlsafe_b64encode(der(key)).decode().rstrip("="),
    "hex": lambda key: der(key).hex(),
    "the numbers of the JWK": lambda key: json.dumps(
        jwt.get_algorithm_by_name(key.algorithm).to_jwk(key.key.public_key())
    ),
    "a raw number": lambda key: b64(point(key)) if key.algorithm == "ES256" else b64(der(key)[32:]),
    "a fingerprint": lambda key: "SHA256:" + b64(hashlib.sha256(der(key)).digest()),
    "a path": lambda key: "/etc/keys/of-the-access-tokens/old.pub",
    "an address": lambda key: "https://example.org/auth/v1/.well-known/jwks.json",
    "another kind of SSH key": lambda key: "sk-ssh-ed25519@openssh.com " + base64.b64encode(der(key)).decode(),
    "blank": lambda key: " " * 40,
    "the body of an Ed25519 key": lambda key: ED25519_BODY,
    "the body of PKCS #1": lambda key: PKCS1_BODY,
}

ED25519_BODY = base64.b64encode(
    Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
PKCS1_BODY = base64.b64encode(RS256_LATER.key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()


@pytest.mark.parametrize("today", [ES256, RS256, HS256], ids=["ES256", "RS256", "HS256"])
@pytest.mark.parametrize("spelling", PUBLIC_TEXTS)
def test_a_public_text_is_never_a_secret(ada, sign_with, today, spelling):
    """Whatever is left of a public key is known to everybody: nothing is guessed to be a secret."""
    for old in (RS256_LATER, ES256_LATER):
        text = PUBLIC_TEXTS[spelling](old)
        sign_with(today)
        device = SupabaseDevice().sign_in()
        assert findings(SIMPLE_JWT=today.settings, AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS=[text]) in (
            [], ["auth_sessions.E001"]
        )  # fmt: skip
        sign_with(today, text)
        device.access = signed({"alg": "HS256", "typ": "JWT"}, device.claims, text)
        assert device.me().status_code >= 400, spelling


@pytest.mark.parametrize(
    "fallback",
    [
        "a text that may well be a secret, and is long enough",
        ("HS256", "short"),
        ("HS256", "x" * 31),
        ("HS384", "x" * 47),
        ("HS512", "x" * 63),
        ("HS256", ES256.public),
        ("ES256", ES256.public),
        ("none", "x" * 40),
        ("HS256",),
        ("HS256", "x" * 40, "more"),
        (None, "x" * 40),
        ("HS256", None),
        ("HS256", 7),
    ],
    ids=lambda fallback: repr(fallback)[:32],
)
def test_what_is_no_fallback(fallback):
    assert findings(AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS=[fallback]) == ["auth_sessions.E001"]


def test_a_secret_says_so(ada, sign_with):
    sign_with(HS256)
    device = SupabaseDevice().sign_in()
    sign_with(ES256, HS256.public, ["HS384", "x" * 64])
    assert answers_of_every_api(device) == ACCEPTED
