"""Validation of a new password, with the errors of Supabase Auth."""

from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables

from auth_sessions.supabase.errors import SupabaseError, weak_password

REASONS = {"password_too_short": "length", "password_too_common": "pwned"}
"""The reason of Supabase Auth for each of Django's codes; ``characters`` for any other."""


@sensitive_variables("password")
def check_strength(password: str, user: AbstractBaseUser) -> None:
    """Validate by ``AUTH_PASSWORD_VALIDATORS``. Raises 422 ``weak_password``, always for an empty password."""
    if not password:
        raise weak_password("Password should not be empty.", ["length"])
    try:
        validate_password(password, cast("Any", user))
    except ValidationError as error:
        reasons = {REASONS.get(str(each.code), "characters") for each in error.error_list}
        raise weak_password(" ".join(error.messages), sorted(reasons)) from error


@sensitive_variables("password", "current")
def check_change(password: str, user: AbstractBaseUser, *, current: str | None) -> None:
    """Validate a new password, which must differ from the present one. ``current`` is compared if it is given.

    Raises 422 ``weak_password`` or ``same_password``, and 400 ``current_password_invalid``.
    """
    check_strength(password, user)
    if current is not None and not check_password(current, user.password):
        raise SupabaseError(400, "current_password_invalid", "The current password is not correct")
    if check_password(password, user.password):
        raise SupabaseError(422, "same_password", "New password should be different from the old password.")
