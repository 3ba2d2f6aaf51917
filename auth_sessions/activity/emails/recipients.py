"""Who gets an e-mail, and how they read: the app's configuration decides, of which a project may name a subclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

if TYPE_CHECKING:
    from datetime import tzinfo

    from django.contrib.auth.base_user import AbstractBaseUser

    from auth_sessions.activity.apps import ActivityConfig


class InvalidAddressError(Exception):
    """What the project takes for an address is none."""


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """The address of a person, and the language and time zone of what they are sent."""

    address: str
    language: str
    time_zone: tzinfo


def find(user: AbstractBaseUser) -> Recipient | None:
    """The recipient of e-mails about a user; None without an address. Raises :class:`InvalidAddressError`."""
    config = cast("ActivityConfig", apps.get_app_config("auth_sessions_activity"))
    address: object = config.get_email(user)
    if not address:
        return None
    if not isinstance(address, str):
        raise InvalidAddressError
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidAddressError from None
    return Recipient(address=address, language=config.get_language(user), time_zone=config.get_time_zone(user))
