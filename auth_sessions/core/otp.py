"""One-time passwords: the devices of django-otp (and django-two-factor-auth) as a second factor, where installed."""

import logging
from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser

from auth_sessions import exceptions
from auth_sessions.core.database import user_row, write_alias
from auth_sessions.core.login_methods import OTP_METHODS
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.masking import secret_arguments

BACKUP = "StaticDevice"
"""The model of backup codes."""

ACCEPTED = "_auth_sessions_otp_device"
"""The attribute of a user with the device whose code was accepted last."""

logger = logging.getLogger("auth_sessions")


def is_installed() -> bool:
    return apps.is_installed("django_otp")


@secret_arguments("token")
def verify(user: AbstractBaseUser, token: str) -> tuple[str, ...]:
    """Verify a code by the confirmed devices of a user. Returns the methods, none for a user without a device.

    Each device counts and throttles wrong codes by itself, and takes no code twice. Raises
    :class:`~auth_sessions.exceptions.SecondFactorRequired` without a code; where all devices need to be asked for one
    (e-mail, SMS), the first is. Raises :class:`~auth_sessions.exceptions.SecondFactorInvalid`.
    """
    if not is_installed():
        return ()
    from django_otp import devices_for_user  # noqa: PLC0415 - has models

    devices = list(devices_for_user(user))
    if not devices:
        return ()
    if not token:
        _challenge([device for device in devices if type(device).__name__ != BACKUP])
        raise exceptions.SecondFactorRequired

    def is_accepted() -> bool:
        lock_by_primary_key(user_row(user))  # SQLite does not lock the devices
        locked = devices_for_user(user, for_verify=True)
        vars(user)[ACCEPTED] = next((device for device in locked if _accepts(device, token)), None)
        return vars(user)[ACCEPTED] is not None

    if not in_transaction(is_accepted, using=write_alias()):
        raise exceptions.SecondFactorInvalid
    return OTP_METHODS


@secret_arguments("token")
def _accepts(device: Any, token: str) -> bool:
    """Whether a device that is locked accepts a code.

    Backup codes are rows of their own, which django-otp reads without a lock. In a transaction of the project it may
    read an older snapshot (MariaDB, MySQL), and accept a code that another request has used up.
    """
    is_left = type(device).__name__ != BACKUP or bool(device.token_set.filter(token=token).select_for_update())
    return bool(device.verify_token(token)) and is_left


def has_no_codes(user: AbstractBaseUser) -> bool:
    """Whether a user has confirmed devices, and none of them takes a code: passkeys alone (django-otp-webauthn)."""
    if not is_installed():
        return False
    from django_otp import devices_for_user  # noqa: PLC0415 - has models
    from django_otp.models import Device  # noqa: PLC0415

    devices = list(devices_for_user(user))
    return bool(devices) and all(type(device).verify_token is Device.verify_token for device in devices)


def announce(user: AbstractBaseUser) -> None:
    """Let Django's ``login()`` note the device, as after a form of django-otp: ``user.is_verified()`` is then True."""
    if device := vars(user).pop(ACCEPTED, None):
        vars(user)["otp_device"] = device


def _challenge(devices: list[Any]) -> None:
    """Send a code to the first device, which django-two-factor-auth calls "default", unless one has codes itself."""
    if not devices or not all(device.is_interactive() for device in devices):
        return
    device = next((device for device in devices if device.name == "default"), devices[0])
    try:
        if device.generate_is_allowed()[0]:
            device.generate_challenge()
    except Exception:
        logger.exception("A code could not be sent to %s", device.persistent_id)
