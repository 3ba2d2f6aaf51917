"""The rows that decisions are about, read and written where a replica's lag cannot mislead."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, router, transaction
from django.db.models import QuerySet
from django.dispatch import Signal

from auth_sessions import exceptions
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet, lock


def database() -> str:
    """The alias where decisions are read and written: a replica may lag behind a sign-out."""
    return router.db_for_write(Session)


def all_users(using: str | None = None) -> QuerySet[AbstractBaseUser]:
    """Everybody, where decisions are read and written; no manager of the project's hides anybody."""
    return get_user_model()._base_manager.using(using or database())


def row_of(user: AbstractBaseUser) -> QuerySet[AbstractBaseUser]:
    """The user's own row: what to lock, before any session, while something of theirs begins or ends."""
    return all_users().filter(pk=user.pk)


def all_sessions(using: str | None = None) -> SessionQuerySet:
    """All sessions, where decisions are read and written."""
    return Session.objects.using(using or database())


def in_batches(sessions: SessionQuerySet, *, size: int = 1000) -> Iterator[SessionQuerySet]:
    """The sessions in key order, ``size`` at a time, each batch read when the one before is done with."""
    keys = list(sessions.order_by("pk").values_list("pk", flat=True)[:size])
    while keys:
        yield all_sessions(sessions.db).filter(pk__in=keys)
        keys = list(sessions.filter(pk__gt=keys[-1]).order_by("pk").values_list("pk", flat=True)[:size])


@contextmanager
def user_may_vanish(user: AbstractBaseUser) -> Iterator[None]:
    """A user deleted by somebody else in this very moment is a refusal, not an error of the database."""
    try:
        yield
    except DatabaseError:
        with transaction.atomic(using=database()):
            if lock(row_of(user)):  # under REPEATABLE READ a plain read still sees who was deleted
                raise
        raise exceptions.UserNotFound from None


def send_on_commit(signal: Signal, *, using: str, **event: Any) -> None:
    transaction.on_commit(partial(signal.send_robust, sender=Session, **event), using=using)
