"""By what a person is known: the user name, the e-mail address, and the one of them that people read."""

import re
import unicodedata
from functools import reduce
from operator import or_
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Q, QuerySet

from auth_sessions.core.database import all_users
from auth_sessions.db.encoding import find_text

EMAIL_LENGTH = 254
"""The maximum length of an address (RFC 5321)."""

FORMS: tuple[Literal["NFC", "NFD", "NFKC"], ...] = ("NFC", "NFD", "NFKC")
"""The Unicode forms that a stored address may have."""

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
    """The user with this user name, else all users with this e-mail address, compared without regard to case.

    Either may be in another Unicode form than the stored one.
    """
    user_model, users = get_user_model(), all_users()
    names = {name, user_model.normalize_username(name)}
    found = _read(users.filter(**{f"{user_model.USERNAME_FIELD}__in": names}))
    email_field = user_model.get_email_field_name()
    if found or not name or not _has_field(user_model, email_field):
        return found
    # A database may also treat accents as equal.
    return [user for user in _read(users.filter(has_email(name))) if is_same_email(email_of(user), name)]


def has_email(email: str) -> Q:
    """The users with this e-mail address, compared without regard to case; the stored one may be in another form."""
    forms = {email}
    if not email.isascii():  # SQLite knows the case of ASCII letters only
        forms |= {unicodedata.normalize(form, text) for form in FORMS for text in (email, email.lower())}
    field = get_user_model().get_email_field_name()
    return reduce(or_, (Q(**{f"{field}__iexact": form}) for form in sorted(forms)))


def is_same_email(one: str, other: str) -> bool:
    """Whether two e-mail addresses are the same, compared without regard to case."""
    return normalized_email(one) == normalized_email(other)


def normalized_email(email: str) -> str:
    """An address in lower case and in Unicode's form NFKC, as Django stores user names. One too long is unchanged."""
    email = email.strip()
    if len(email) > EMAIL_LENGTH:
        return email
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).lower())


def _read(users: QuerySet[AbstractBaseUser]) -> list[AbstractBaseUser]:
    """The users; none where the name is of another type, or has characters that no stored name can have."""
    try:
        return find_text(lambda: list(users), default=[])
    except (ValueError, ValidationError):
        return []


def _has_field(model: Any, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
