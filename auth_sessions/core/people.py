"""By what a person is known: the user name, the e-mail address, and the one of them that people read."""

import re
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ValidationError

from auth_sessions.core.database import all_users

MADE_BY_A_PROGRAM = re.compile(r"(?=.*\d)(?=.*[a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f-]{4,24}", re.IGNORECASE)
"""A user name that is a UUID, with or without dashes, or the beginning of one."""


def email_of(user: AbstractBaseUser) -> str:
    """The e-mail address of a user, "" if there is none."""
    return getattr(user, user.get_email_field_name(), None) or ""


def known_name(user: AbstractBaseUser) -> str:
    """The user name, or the e-mail address or full name where the user name is a UUID, which nobody knows."""
    name = str(user.get_username())
    if not MADE_BY_A_PROGRAM.fullmatch(name):
        return name
    full_name = getattr(user, "get_full_name", None)
    return email_of(user) or (full_name() if callable(full_name) else "") or name


def find_people(name: str) -> list[AbstractBaseUser]:
    """The user with this user name, else all users with this e-mail address, compared without regard to case."""
    user_model, users = get_user_model(), all_users()
    try:
        found = list(users.filter(**{user_model.USERNAME_FIELD: name}))
    except (ValueError, ValidationError):  # a user name of another type
        found = []
    email_field = user_model.get_email_field_name()
    if found or not name or not _has_field(user_model, email_field):
        return found
    with_address = users.filter(**{f"{email_field}__iexact": name})
    # A database may also treat accents as equal.
    return [user for user in with_address if email_of(user).casefold() == name.casefold()]


def _has_field(model: Any, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
