"""The rows that decisions are about, read and written on one database: a replica may lag behind a sign-out."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, router, transaction
from django.db.models import QuerySet
from django.dispatch import Signal

from auth_sessions import exceptions
from auth_sessions.db.locking import lock
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet


def write_alias() -> str:
    """The database that sessions are written to."""
    return router.db_for_write(Session)


def all_users(using: str | None = None) -> QuerySet[AbstractBaseUser]:
    """All users, also those that a manager of the project's hides."""
    return get_user_model()._base_manager.using(using or write_alias())


def user_models() -> list[Any]:
    """The user model, its proxies and children: saving or deleting one sends signals under its own name only."""
    return [model for model in apps.get_models() if issubclass(model, get_user_model())]


def user_row(user: AbstractBaseUser) -> QuerySet[AbstractBaseUser]:
    """The user's own row: to be locked before any session while sessions of theirs are created or ended."""
    return all_users().filter(pk=user.pk)


def all_sessions(using: str | None = None) -> SessionQuerySet:
    return Session.objects.using(using or write_alias())


def in_batches(sessions: SessionQuerySet, *, size: int = 1000) -> Iterator[SessionQuerySet]:
    """The sessions in key order, ``size`` at a time; each batch is read when the one before it is done with."""
    keys = list(sessions.order_by("pk").values_list("pk", flat=True)[:size])
    while keys:
        yield all_sessions(sessions.db).filter(pk__in=keys)
        keys = list(sessions.filter(pk__gt=keys[-1]).order_by("pk").values_list("pk", flat=True)[:size])


@contextmanager
def translate_missing_user(user: AbstractBaseUser) -> Iterator[None]:
    """Raise ``UserNotFound`` for a database error that comes of the user having just been deleted."""
    try:
        yield
    except DatabaseError:
        with transaction.atomic(using=write_alias()):
            if lock(user_row(user)):  # under REPEATABLE READ a plain read still sees who was deleted
                raise
        raise exceptions.UserNotFound from None


def send_on_commit(signal: Signal, *, using: str, **event: Any) -> None:
    transaction.on_commit(partial(signal.send_robust, sender=Session, **event), using=using)
