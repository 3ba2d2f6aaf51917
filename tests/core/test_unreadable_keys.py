"""A key that is none: a system check says which setting it is, and neither that nor an error report shows the key."""

import json
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from jwt.algorithms import RSAAlgorithm

from tests.support import error_reports
from tests.support.checks import messages
from tests.support.device import PASSWORD, Device
from tests.support.inputs import each
from tests.support.keys import new_key, pem_pair, unknown_private_key

pytestmark = [pytest.mark.slow, pytest.mark.any_database]

MATERIAL = "MATERIALOFTHEKEY"

RSA = new_key("RS256")
PRIVATE, PUBLIC = pem_pair(RSA)
EC_PRIVATE, EC_PUBLIC = pem_pair(new_key("ES256"))
_, ED_PUBLIC = pem_pair(Ed25519PrivateKey.generate())
JWK = RSAAlgorithm.to_jwk(RSA)
ENCRYPTED = RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()

GARBAGE = {
    "bytes that are no UTF-8": b"\xff\xfe" + MATERIAL.encode() * 4,
    "half a surrogate pair": "\udcff" + MATERIAL * 4,
    "PEM with garbage": f"-----BEGIN PRIVATE KEY-----\n{MATERIAL * 4}\n-----END PRIVATE KEY-----\n",
    "PEM with a wrong character": f"-----BEGIN PRIVATE KEY-----\n{MATERIAL}!?\n-----END PRIVATE KEY-----\n",
    "public PEM with garbage": f"-----BEGIN PUBLIC KEY-----\n{MATERIAL * 4}\n-----END PUBLIC KEY-----\n",
    "PEM that is no UTF-8": b"-----BEGIN PRIVATE KEY-----\n\xff" + MATERIAL.encode() + b"\n-----END PRIVATE KEY-----\n",
    "a certificate": f"-----BEGIN CERTIFICATE-----\n{MATERIAL * 4}\n-----END CERTIFICATE-----\n",
    "of OpenSSH": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{MATERIAL * 4}\n-----END OPENSSH PRIVATE KEY-----\n",
    "SSH": f"ssh-rsa {MATERIAL * 4}",
    "SSH with half a surrogate pair": f"ssh-ed25519 {MATERIAL}\udcff",
    "encrypted": ENCRYPTED,
    "of an unknown kind": unknown_private_key(),
    "empty": "",
    "no bytes": b"",
    "None": None,
    "a number": 7,
    "a list": [MATERIAL],
    "a dictionary": {MATERIAL: MATERIAL},
    "a tuple": (MATERIAL,),
    "a bytearray": bytearray(MATERIAL.encode() * 4),
    "a JWK": JWK,
    "a JWK, read": json.loads(JWK),
}

OF_THE_LIBRARIES = ("arguments", "generator object", "attribute", "unhashable", "0x")
"""What their messages say of themselves, and not of the key."""


PARTS = [MATERIAL, PRIVATE[60:90], EC_PRIVATE[60:90], ENCRYPTED[60:90], json.loads(JWK)["d"][:30]]
"""Texts that no message may contain: of the garbage, and of the real keys."""


def assert_shows_no_key(text):
    assert not [part for part in PARTS if part in text]


@each(("algorithm", "verifying_key"), [("RS256", PUBLIC), ("ES256", EC_PUBLIC), ("EdDSA", ED_PUBLIC), ("HS256", "")])
@each("key", GARBAGE)
def test_a_signing_key(algorithm, verifying_key, key):
    if algorithm == "HS256" and key == GARBAGE["bytes that are no UTF-8"]:
        return  # a good secret
    (found,) = of_signing(ALGORITHM=algorithm, SIGNING_KEY=key, VERIFYING_KEY=verifying_key)
    assert 'SIMPLE_JWT["SIGNING_KEY"]' in found.msg
    assert f"{algorithm} needs a {'secret' if algorithm == 'HS256' else 'private key'}" in found.msg
    assert not any(word in found.msg for word in OF_THE_LIBRARIES), found.msg
    assert_shows_no_key(found.msg)


@each(("algorithm", "signing_key"), [("RS256", PRIVATE), ("ES256", EC_PRIVATE)])
@each("key", GARBAGE)
def test_a_verifying_key(algorithm, signing_key, key):
    (found,) = of_signing(ALGORITHM=algorithm, SIGNING_KEY=signing_key, VERIFYING_KEY=key)
    assert 'SIMPLE_JWT["VERIFYING_KEY"]' in found.msg
    assert not any(word in found.msg for word in OF_THE_LIBRARIES), found.msg
    assert_shows_no_key(found.msg)


@each(("algorithm", "key"), [("RS256", PUBLIC), ("ES256", EC_PUBLIC), ("RS256", EC_PRIVATE), ("ES256", PRIVATE)])
def test_a_good_key_that_cannot_sign_with_the_algorithm(algorithm, key):
    (found,) = of_signing(ALGORITHM=algorithm, SIGNING_KEY=key, VERIFYING_KEY=key)
    assert 'SIMPLE_JWT["SIGNING_KEY"]' in found.msg
    assert not any(word in found.msg for word in OF_THE_LIBRARIES), found.msg


def of_signing(**simple_jwt):
    return [message for message in messages(SIMPLE_JWT=simple_jwt) if message.id == "auth_sessions.E006"]


@pytest.fixture
def reports():
    reports = error_reports.start()
    yield reports
    error_reports.stop()


@each(
    "simple_jwt",
    [
        *({"ALGORITHM": "RS256", "SIGNING_KEY": key, "VERIFYING_KEY": PUBLIC} for key in GARBAGE.values()),
        *({"ALGORITHM": "RS256", "SIGNING_KEY": PRIVATE, name: value} for name, value in [
            ("ALGORITHM", "none"), ("JSON_ENCODER", "no.such.Encoder"), ("ISSUER", 5),
        ]),
    ],
)  # fmt: skip
def test_an_error_report(ada, settings, reports, simple_jwt):
    settings.SIMPLE_JWT = simple_jwt
    body = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}
    status, _ = error_reports.send("POST", "/api/auth/token/", body)
    assert status == 500
    text = "\n".join(reports.sent).replace("\\n", "\n")
    assert_shows_no_key(text)


@each("key", GARBAGE)
def test_a_verifying_key_at_a_request(laptop, settings, reports, key):
    """The server cannot tell whether a token is good: that is no refusal of the token."""
    settings.SIMPLE_JWT = {"ALGORITHM": "RS256", "SIGNING_KEY": PRIVATE, "VERIFYING_KEY": key}
    status, _ = error_reports.send("GET", "/api/auth/sessions/", access=laptop.access)
    assert status == 500
    assert_shows_no_key("\n".join(reports.sent).replace("\\n", "\n"))


@each("key", GARBAGE)
def test_a_fallback(laptop, settings, reports, key):
    of_a_secret = ("HS256", key)
    is_good_secret = key == GARBAGE["bytes that are no UTF-8"]
    for fallback in (key, of_a_secret, ("RS256", key), (key, key)):
        settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [fallback]
        found = [message for message in messages() if message.id == "auth_sessions.E001"]
        assert len(found) == (0 if fallback is of_a_secret and is_good_secret else 1), fallback
        assert_shows_no_key(str(found))
        assert error_reports.send("GET", "/api/auth/sessions/", access="x.y.z")[0] == 401
        assert error_reports.send("GET", "/api/auth/sessions/", access=laptop.access)[0] == 200
    assert reports.sent == []


def test_an_earlier_secret_of_random_bytes(ada, settings):
    """RFC 7518, section 3.2: a key of HMAC is any octets, as simplejwt accepts them."""
    old = b"\xff" + secrets.token_bytes(47)
    settings.SIMPLE_JWT = {"SIGNING_KEY": old}
    device = Device().sign_in(ada)
    settings.SIMPLE_JWT = {"SIGNING_KEY": secrets.token_bytes(48)}
    assert device.get("sessions/").status_code == 401
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [("HS256", old)]
    assert device.get("sessions/").status_code == 200
    assert messages() == []
