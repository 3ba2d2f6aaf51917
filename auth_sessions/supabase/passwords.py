"""Validation of a new password, with the errors of Supabase Auth."""

from contextlib import suppress
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from auth_sessions.core.password_length import check_length, refusing_long_passwords
from auth_sessions.exceptions import PasswordTooLong
from auth_sessions.masking import secret_arguments
from auth_sessions.supabase.errors import SupabaseError, weak_password

REASONS = {"password_too_short": "length", "password_too_common": "pwned"}
"""The reason of Supabase Auth for each of Django's codes; ``characters`` for any other."""


@secret_arguments("password")
def check_new(password: str, user: AbstractBaseUser) -> None:
    """Validate by ``AUTH_PASSWORD_VALIDATORS``. Raises 422 ``weak_password``, always for an empty password.

    Raises :class:`~auth_sessions.exceptions.PasswordTooLong` for one that cannot be hashed.
    """
    if not password:
        raise weak_password("Password should not be empty.", ["length"])
    try:
        validate_password(password, cast("Any", user))
    except ValidationError as error:
        reasons = {REASONS.get(str(each.code), "characters") for each in error.error_list}
        raise weak_password(" ".join(error.messages), sorted(reasons)) from error
    check_length(password)


@secret_arguments("password", "present_hash")
def check_differs(password: str, present_hash: str) -> None:
    """Raise 422 ``same_password`` for the password of this hash.

    Call it last, where nothing else can refuse the change: otherwise it would answer guesses that change nothing.
    """
    with suppress(PasswordTooLong), refusing_long_passwords(password):  # the present one cannot be as long
        if check_password(password, present_hash):
            raise SupabaseError(422, "same_password", "New password should be different from the old password.")
