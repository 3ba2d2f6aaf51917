"""Recognises a save that only stores the same password by another hasher."""

from collections.abc import Collection
from typing import Any

SAVED_ATTRIBUTE = "_auth_sessions_has_saved_password"


def is_hash_upgrade(user: Any, update_fields: Collection[str] | None) -> bool:
    """Whether a user is about to be saved because ``check_password()`` has hashed the password anew.

    Django's ``AbstractBaseUser._password`` holds a raw password from ``set_password()`` until it is saved. When the
    hasher is upgraded, ``check_password()`` calls ``set_password()``, clears ``_password`` and saves that one field. An
    instance that has saved a new password has a cleared ``_password``, too: :func:`note_saved_password` marks it, so
    that a later save of it is not treated as an upgrade.
    """
    attributes = vars(user)
    is_cleared = attributes.get("_password", "never set") is None and SAVED_ATTRIBUTE not in attributes
    if not is_cleared or "password" not in (update_fields or ()):
        return False
    setattr(user, SAVED_ATTRIBUTE, True)
    return True


def note_saved_password(user: Any) -> None:
    """Mark a user with a new password. To be called after the save, before Django clears the raw password."""
    if vars(user).get("_password") is not None:
        setattr(user, SAVED_ATTRIBUTE, True)
