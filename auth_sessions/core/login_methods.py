"""How a Django login was made, as django-allauth and django-otp note it in the data of Django's session."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

OTP_DEVICE_KEY = "otp_device_id"
"""Where ``django_otp.login()`` writes the device."""

OTP_METHODS = ("otp", "mfa")

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


def otp_device(django_session: SessionBase) -> Any:
    """What ``django_otp.login()`` has written; compare it by identity, since each call writes another string."""
    return django_session.get(OTP_DEVICE_KEY)
