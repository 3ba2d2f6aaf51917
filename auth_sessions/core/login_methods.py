"""How a Django login was made, as django-allauth and django-otp note it in the data of Django's session."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

OTP_DEVICE_KEY = "otp_device_id"
"""Where ``django_otp.login()`` writes the device."""

OTP_METHODS = ("otp", "mfa")
"""RFC 8176: a one-time password, as one of several factors."""

ALLAUTH_KEY = "account_authentication_methods"
"""Where allauth writes one record for each step of a login and for each re-authentication."""

ALLAUTH_USER_KEY = "account_authentication_methods_user"

METHODS = {
    "password": ("pwd",),
    "code": ("otp",),
    "mfa": ("otp", "mfa"),
    "webauthn": ("hwk", "mfa"),
    "passkey": ("hwk",),
}
"""Authentication method references (RFC 8176) by allauth's names; all other names are kept as they are."""


def methods_of_login(request: HttpRequest, user: AbstractBaseUser) -> list[str]:
    """The methods of the login that has just been made; empty where nothing is known of them."""
    data = request.session
    owner = data.get(ALLAUTH_USER_KEY)
    records = data.get(ALLAUTH_KEY) if owner in {None, user._meta.pk.value_to_string(user)} else None
    found = [method for record in _records(records) for method in methods_of_step(record)]
    if data.get(OTP_DEVICE_KEY) or getattr(user, "otp_device", None) is not None:
        found += OTP_METHODS
    return list(dict.fromkeys(found))


def methods_of_step(step: Mapping[str, Any]) -> tuple[str, ...]:
    """The methods of one record of allauth's, or of the arguments of its signal ``authentication_step_completed``."""
    method = str(step.get("method", ""))
    if method == "mfa" and step.get("type") == "webauthn":
        method = "passkey" if step.get("passwordless") else "webauthn"
    return METHODS.get(method, (method,) if method else ())


def _records(value: object) -> Iterable[Mapping[str, Any]]:
    return [record for record in value if isinstance(record, dict)] if isinstance(value, list) else ()


class OTPMark(NamedTuple):
    """The device that ``django_otp.login()`` has written into the data of Django's session, at one moment."""

    device: Any = None
    session_hash: Any = None
    """A value that a request does not write: the same object as before, unless the data has been read again."""

    @classmethod
    def of(cls, django_session: SessionBase) -> Self:
        return cls(django_session.get(OTP_DEVICE_KEY), django_session.get(HASH_SESSION_KEY))

    def is_followed_by(self, later: Self) -> bool:
        """Whether ``django_otp.login()`` was called in between, perhaps for the same device: it writes a new string."""
        if later.device is None or later.device is self.device:
            return False
        return later.device != self.device or later.session_hash is self.session_hash


def checked(methods: Iterable[str]) -> tuple[str, ...]:
    """The methods of a proof. Raises ``TypeError`` for what is no list of texts: a text would be one of letters."""
    found = tuple(methods)
    if isinstance(methods, str) or not all(isinstance(method, str) for method in found):
        raise TypeError(f"The methods must be a list of texts, not {methods!r}.")
    return found
