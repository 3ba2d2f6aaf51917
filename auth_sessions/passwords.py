"""The fingerprint of a password hash, which shows whether a session was authenticated with the present password."""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.encoding import force_bytes

from auth_sessions.choices import SessionKind
from auth_sessions.conf import conf
from auth_sessions.masking import SecretBytes

LENGTH = 64
KEY_ID_LENGTH = 8


def fingerprint(password_hash: str, *, secret: str | bytes | None = None) -> str:
    """HMAC-SHA256 of a stored password hash, keyed with ``SECRET_KEY`` as Django's session hash is; 64 hex digits.

    The first eight are an id of the key, the others those of the HMAC.
    """
    secret = settings.SECRET_KEY if secret is None else secret
    digest = hmac.digest(_hmac_key(secret), force_bytes(password_hash), "sha256")
    return key_id(secret) + digest.hex()[: LENGTH - KEY_ID_LENGTH]


@lru_cache(maxsize=100)
def _hmac_key(secret: str | bytes) -> bytes:
    """The key that Django's ``salted_hmac()`` derives, which takes longer than the HMAC."""
    return SecretBytes(hashlib.sha256(b"auth_sessions.passwords.fingerprint" + force_bytes(secret)).digest())


def fingerprints(password_hash: str) -> list[str]:
    """Every fingerprint that matches this hash: keyed with ``SECRET_KEY`` first, then with ``SECRET_KEY_FALLBACKS``."""
    return [fingerprint(password_hash, secret=secret) for secret in _secrets()]


def matches(stored_fingerprint: str, user: AbstractBaseUser) -> bool:
    """Whether a session with this fingerprint was authenticated with the password of the user object."""
    return any(
        constant_time_compare(stored_fingerprint, fingerprint(user.password, secret=secret)) for secret in _secrets()
    )


@lru_cache(maxsize=100)
def key_id(secret: str | bytes) -> str:
    """The id of a secret key in the fingerprints that are keyed with it; 8 hex digits."""
    return salted_hmac("auth_sessions.passwords.key_id", "", secret=secret, algorithm="sha256").hexdigest()[
        :KEY_ID_LENGTH
    ]


def key_ids() -> list[str]:
    """The ids of ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS``."""
    return [key_id(secret) for secret in _secrets()]


def has_known_key(stored_fingerprint: str) -> bool:
    """Whether a fingerprint is keyed with a key of this process. Of another it cannot tell whether it matches."""
    return stored_fingerprint[:KEY_ID_LENGTH] in key_ids()


def has_present_key(stored_fingerprint: str) -> bool:
    """Whether a fingerprint is keyed with ``SECRET_KEY``."""
    return stored_fingerprint[:KEY_ID_LENGTH] == key_id(settings.SECRET_KEY)


def unbound_kinds() -> list[str]:
    """The kinds of sessions that a change of the password does not end."""
    return sorted(set(SessionKind) - set(conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS))


def _secrets() -> list[str | bytes]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
