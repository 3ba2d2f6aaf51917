"""System checks of the Supabase API, in one sequence of numbers with those of ``auth_sessions.checks``."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import checks
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import DatabaseError, transaction
from django.db.models import CharField, Model, TextField, UUIDField

from auth_sessions.core.checks import check_tables
from auth_sessions.core.database import write_alias
from auth_sessions.supabase import users
from auth_sessions.supabase.models import Profile
from auth_sessions.tokens.keys import simple_jwt

CLAIMS = ("iss", "sub", "role", "email", "phone", "app_metadata", "user_metadata", "is_anonymous", "aal", "amr")


def register() -> None:
    checks.register(check_project, checks.Tags.security)
    checks.register(check_users, checks.Tags.database)


def check_project(**kwargs: object) -> list[checks.CheckMessage]:
    return [message for concern in (_database(), _user_model(), _claims()) for message in concern]


def check_users(databases: Sequence[str] | None = None, **kwargs: object) -> list[checks.CheckMessage]:
    """W025: users share an e-mail address, so that none of them can sign in.

    It groups all users by address, in one statement, and is therefore tagged ``database``: Django runs it for
    ``check --database`` and ``migrate`` only.
    """
    if write_alias() not in (databases or ()) or not issubclass(get_user_model(), AbstractBaseUser):
        return []
    try:
        with transaction.atomic(using=write_alias()):
            sharing = users.sharing_an_address()
    except (DatabaseError, FieldError):  # before the migrations of the user model, and with E012
        return []
    if not sharing:
        return []
    keys = ", ".join(map(str, sharing))
    return [
        checks.Warning(
            f"Users share an e-mail address, so that the Supabase API signs none of them in: those with the keys {keys}"
            " are an example.",
            hint='Give each an address of their own, and require it by UniqueConstraint(Upper("email"), ...).',
            id="auth_sessions.W025",
        )
    ]


def _database() -> list[checks.CheckMessage]:
    """E040: profiles cannot be written in the database of the sessions and users."""
    return check_tables(Profile, consequence="every sign-in by the Supabase API would fail.")


def _user_model() -> Iterator[checks.CheckMessage]:
    """E012: users cannot be found by e-mail address."""
    user_model = get_user_model()
    if not issubclass(user_model, AbstractBaseUser):
        return  # E004 reports it
    for name in (user_model.get_email_field_name(), user_model.USERNAME_FIELD):
        if not isinstance(_field(user_model, name), (CharField, TextField)):
            yield checks.Error(
                f"{settings.AUTH_USER_MODEL}.{name} must be a text field for sign-ins by e-mail address.",
                hint="Set EMAIL_FIELD of the user model, or do not install auth_sessions.supabase.",
                id="auth_sessions.E012",
            )


def _claims() -> Iterator[checks.CheckMessage]:
    """E013: SIMPLE_JWT gives another meaning to a claim of Supabase's."""
    for name in ("USER_ID_CLAIM", "JTI_CLAIM", "TOKEN_TYPE_CLAIM"):
        claim = simple_jwt(name)
        if claim in CLAIMS and not (claim == "sub" and name == "USER_ID_CLAIM" and _user_id_is_the_uuid()):
            yield checks.Error(
                f'SIMPLE_JWT["{name}"] must not be {claim!r}, to which Supabase\'s clients give another meaning.',
                hint='"sub" is the user\'s UUID.' if claim == "sub" else None,
                id="auth_sessions.E013",
            )


def _user_id_is_the_uuid() -> bool:
    key = get_user_model()._meta.pk
    return isinstance(key, UUIDField) and simple_jwt("USER_ID_FIELD") in ("pk", key.name, key.attname)


def _field(model: type[Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
