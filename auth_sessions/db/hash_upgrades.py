"""Recognises a save that only stores the same password by another hasher."""

from collections.abc import Collection
from typing import Any

SAVED_ATTRIBUTE = "_auth_sessions_has_saved_password"


def is_hash_upgrade(user: Any, update_fields: Collection[str] | None) -> bool:
    """Whether a user is about to be saved because ``check_password()`` has hashed the password anew.

    Django's ``AbstractBaseUser._password`` holds a raw password from ``set_password()`` until it is saved. When the
    hasher is upgraded, ``check_password()`` calls ``set_password()``, clears ``_password`` and saves that one field. An
    instance that has saved a password has a cleared ``_password``, too: :func:`mark_saved` it, so that a later save of
    it is not treated as an upgrade.
    """
    attributes = vars(user)
    is_cleared = attributes.get("_password", "never set") is None and SAVED_ATTRIBUTE not in attributes
    return is_cleared and "password" in (update_fields or ())


def has_new_password(user: Any) -> bool:
    """Whether a user has just been saved with a new password; after the save, before Django clears the raw password."""
    return vars(user).get("_password") is not None


def mark_saved(user: Any) -> None:
    """Mark a user whose password has been saved: see :func:`is_hash_upgrade`."""
    setattr(user, SAVED_ATTRIBUTE, True)
