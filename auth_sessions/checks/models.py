"""E004, E005, E008, W009, W020, E022: the user model, its database, and models that reference sessions."""

from collections.abc import Iterator
from typing import Any, cast

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import checks
from django.db import models, router
from django.db.models import CASCADE, PROTECT, RESTRICT, ForeignKey, Model
from django.db.models.signals import post_delete, pre_delete

from auth_sessions.db.signal_receivers import receivers_of
from auth_sessions.models import RefreshToken, Session
from auth_sessions.tokens.keys import simple_jwt

DATABASE_ON_DELETE = [getattr(models, name) for name in ("DB_CASCADE", "DB_SET_NULL") if hasattr(models, name)]
"""New in Django 6.1."""


def check() -> Iterator[checks.CheckMessage]:
    yield from _user_model()
    yield from _related_models()
    yield from _database_on_delete()
    yield from _delete_receivers()
    yield from _databases()


def _user_model() -> Iterator[checks.CheckMessage]:
    """E004: the user model has no password hash. E005: it has no field that identifies the user in a token."""
    user_model: type[Model] = get_user_model()
    if not issubclass(user_model, AbstractBaseUser):
        yield checks.Error(
            f"{settings.AUTH_USER_MODEL} must be a subclass of AbstractBaseUser.",
            id="auth_sessions.E004",
        )
    names = ["pk", *(field.attname for field in user_model._meta.concrete_fields)]
    if simple_jwt("USER_ID_FIELD") not in names:
        yield checks.Error(
            f"{settings.AUTH_USER_MODEL} has no field {simple_jwt('USER_ID_FIELD')!r}.",
            hint='Set SIMPLE_JWT["USER_ID_FIELD"] to a unique field.',
            id="auth_sessions.E005",
        )


def _related_models() -> Iterator[checks.CheckMessage]:
    """E008: a foreign key to a session, or to a row that cascades from it, would make a sign-out fail."""
    keys = _foreign_keys()
    cascading = _cascading_to({Session, RefreshToken}, keys)
    for key in keys:
        if _target(key) in cascading and key.remote_field.on_delete in (PROTECT, RESTRICT):
            yield checks.Error(
                f"{key.model._meta.label}.{key.name} protects {_target(key)._meta.label}, so that signing out fails.",
                hint="Use on_delete=CASCADE or SET_NULL.",
                obj=key,
                id="auth_sessions.E008",
            )


def _database_on_delete() -> Iterator[checks.CheckMessage]:
    """W020: a foreign key to a session leaves ``on_delete`` to the database; Django's own check is fields.E323."""
    for key in _foreign_keys():
        if _target(key) in (Session, RefreshToken) and key.remote_field.on_delete in DATABASE_ON_DELETE:
            yield checks.Warning(
                f"{key.model._meta.label}.{key.name} leaves on_delete to the database, which "
                "Django does not support together with the CASCADE of Session.user.",
                hint="Use on_delete=CASCADE or SET_NULL.",
                obj=key,
                id="auth_sessions.W020",
            )


def _foreign_keys() -> list[ForeignKey[Any, Any]]:
    return [
        field
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if isinstance(field, ForeignKey)
    ]


def _cascading_to(found: set[type[Model]], keys: list[ForeignKey[Any, Any]]) -> set[type[Model]]:
    """These models, and all models that ``CASCADE`` to them, directly or indirectly."""
    more = {key.model for key in keys if _target(key) in found and key.remote_field.on_delete is CASCADE}
    return found if more <= found else _cascading_to(found | more, keys)


def _target(key: ForeignKey[Any, Any]) -> type[Model]:
    return cast("type[Model]", key.remote_field.model._meta.concrete_model)


def _delete_receivers() -> Iterator[checks.CheckMessage]:
    """W009: a delete receiver, which is not called for sessions, and makes Django delete tokens row by row."""
    signals = {"pre_delete": pre_delete, "post_delete": post_delete}
    connected: dict[str, list[str]] = {}
    for model in (Session, RefreshToken):
        for name, signal in signals.items():
            for receiver in receivers_of(signal, model):
                connected.setdefault(receiver, []).append(f"{name} of {model._meta.label}")
    for receiver, events in connected.items():
        yield checks.Warning(
            f"{receiver} listens to {', '.join(events)}: it is not called for sessions, and for refresh tokens it "
            "makes the cost of a sign-out grow with their number.",
            hint="Listen to auth_sessions.signals.sessions_ending and sessions_ended.",
            id="auth_sessions.W009",
        )


def _databases() -> Iterator[checks.CheckMessage]:
    """E022: the router writes users, sessions and refresh tokens to different databases."""
    aliases = {model._meta.label: router.db_for_write(model) for model in (get_user_model(), Session, RefreshToken)}
    if len(set(aliases.values())) > 1:
        written = ", ".join(f"{label} to {alias!r}" for label, alias in aliases.items())
        yield checks.Error(
            f"The database router writes {written}: they are joined by foreign keys, and nobody could sign in or stay "
            "signed in.",
            hint="Let the router send the user model and the app auth_sessions to one database.",
            id="auth_sessions.E022",
        )
