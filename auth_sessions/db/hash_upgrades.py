"""How a save is recognised that only stores the same password by another hasher."""

from collections.abc import Collection
from typing import Any

SAVED_ATTRIBUTE = "_auth_sessions_has_saved_password"


def is_hash_upgrade(user: Any, update_fields: Collection[str] | None) -> bool:
    """Whether a user is saved because ``check_password()`` has hashed the password anew; before the save.

    Django's ``AbstractBaseUser._password`` holds a raw password from ``set_password()`` until it is saved. When the
    hasher is upgraded, ``check_password()`` calls ``set_password()``, clears ``_password`` and saves that one field. An
    instance that has saved a password before carries a cleared one, too: it is marked by :func:`note_saved_password`,
    and not mistaken a second time.
    """
    attributes = vars(user)
    is_cleared = attributes.get("_password", "never set") is None and SAVED_ATTRIBUTE not in attributes
    if not is_cleared or "password" not in (update_fields or ()):
        return False
    setattr(user, SAVED_ATTRIBUTE, True)
    return True


def note_saved_password(user: Any) -> None:
    """After a save, before the raw password is cleared."""
    if vars(user).get("_password") is not None:
        setattr(user, SAVED_ATTRIBUTE, True)
