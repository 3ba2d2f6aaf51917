"""What happens to sessions when something happens to their user."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import is_password_usable
from django.db import transaction
from django.db.models.signals import post_save, pre_delete, pre_save

from auth_sessions import lifecycle

JUDGED_FIELDS = {"password", "is_active"}
SAVED_MARK = "_auth_sessions_saved_password"


def connect() -> None:
    """Listen to the user model, and to its proxies and children, which send signals under their own names."""
    for model in apps.get_models():
        if issubclass(model, get_user_model()):
            name = model._meta.label_lower
            pre_delete.connect(end_sessions_of_deleted_user, model, dispatch_uid=f"auth_sessions.pre_delete.{name}")
            pre_save.connect(notice_hash_upgrade, model, dispatch_uid=f"auth_sessions.pre_save.{name}")
            post_save.connect(judge_sessions_again, model, dispatch_uid=f"auth_sessions.post_save.{name}")


def end_sessions_of_deleted_user(instance: AbstractBaseUser, **kwargs: Any) -> None:
    lifecycle.end_before_deletion(instance)


def notice_hash_upgrade(instance: AbstractBaseUser, update_fields: frozenset[str] | None, **kwargs: Any) -> None:
    """Sessions stay when only the hasher changed.

    ``check_password()`` then calls ``set_password()``, clears the raw password it left behind, and saves that field. An
    instance that once saved a password carries a cleared one, too: it is marked, and not mistaken a second time.
    """
    traces = vars(instance)
    cleared_by_upgrade = traces.get("_password", "never set") is None and SAVED_MARK not in traces
    if cleared_by_upgrade and "password" in (update_fields or ()) and is_password_usable(instance.password):
        setattr(instance, SAVED_MARK, True)
        lifecycle.upgrade_hash(instance)


def judge_sessions_again(
    instance: AbstractBaseUser,
    created: bool,
    raw: bool,
    using: str,
    update_fields: frozenset[str] | None,
    **kwargs: Any,
) -> None:
    """After a save that may have changed the password or switched the user off."""
    if vars(instance).get("_password") is not None:
        setattr(instance, SAVED_MARK, True)
    if created or raw or (update_fields is not None and JUDGED_FIELDS.isdisjoint(update_fields)):
        return
    user_id = instance.pk
    transaction.on_commit(lambda: lifecycle.end_outdated(user_id), using=using, robust=True)
