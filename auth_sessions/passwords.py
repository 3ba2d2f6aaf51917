"""The fingerprint of a password hash, which shows whether a session was authenticated with the present password."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.crypto import constant_time_compare, salted_hmac


def fingerprint(password_hash: str, *, secret: str | bytes | None = None) -> str:
    """HMAC-SHA256 of a stored password hash, keyed with ``SECRET_KEY`` as Django's session hash is; 64 hex digits."""
    return salted_hmac(
        "auth_sessions.passwords.fingerprint", password_hash, secret=secret, algorithm="sha256"
    ).hexdigest()


def fingerprints(password_hash: str) -> list[str]:
    """Every fingerprint that matches this hash: keyed with ``SECRET_KEY`` first, then with ``SECRET_KEY_FALLBACKS``."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [fingerprint(password_hash, secret=secret) for secret in secrets]


def matches(stored_fingerprint: str, user: AbstractBaseUser) -> bool:
    """Whether a session with this fingerprint was authenticated with the password of the user object."""
    return constant_time_compare(stored_fingerprint, fingerprint(user.password)) or any(
        constant_time_compare(stored_fingerprint, old) for old in fingerprints(user.password)[1:]
    )
