"""The database and the managers by which sessions and users are read and written.

Rows that decide about a request are read from the database they are written to: a replica may lag behind a sign-out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, OperationalError, router, transaction
from django.db.models import QuerySet
from django.dispatch import Signal

from auth_sessions import exceptions
from auth_sessions.db.compiled import get_related, set_related
from auth_sessions.db.locking import lock, lock_by_primary_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet


def write_alias() -> str:
    """The database that sessions are written to."""
    return router.db_for_write(Session)


def all_users(using: str | None = None) -> QuerySet[AbstractBaseUser]:
    """All users, including those that a manager of the project's hides."""
    return get_user_model()._base_manager.using(using or write_alias())


def user_models() -> list[Any]:
    """The user model, its proxies and its children: signals have the class of the instance as sender, and no other."""
    return [model for model in apps.get_models() if issubclass(model, get_user_model())]


def user_row(user: AbstractBaseUser) -> QuerySet[AbstractBaseUser]:
    """The user's own row, which is locked before any session when sessions of the user are created or ended."""
    return all_users().filter(pk=user.pk)


def all_sessions(using: str | None = None) -> SessionQuerySet:
    """All sessions, by default on the database that they are written to."""
    return Session.objects.using(using or write_alias())


def lock_with_caller(
    chosen: SessionQuerySet, *, caller: Session | None, using: str, record: type[Any] | None = None
) -> list[Any]:
    """Read the sessions that are changed from another one, the caller's, and lock them in key order, together with it.

    Raises :class:`~auth_sessions.exceptions.SessionNotFound` if the caller's has ended: what has ended changes nothing.
    ``caller`` is None for somebody who is signed in by something else than a session. ``record`` is that of ``lock()``.
    """
    if caller is None:
        return lock(chosen.using(using), record=record)
    locked = lock(chosen.using(using), also=[caller.pk], record=record)
    if all(each.id != caller.pk for each in locked):
        raise exceptions.SessionNotFound
    return locked


def keys_in_batches(rows: QuerySet[Any], *, size: int = 1000) -> Iterator[list[Any]]:
    """The keys of the rows in order, ``size`` at a time. A batch is read when the one before has been processed."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:size])
    while keys:
        yield keys
        keys = list(rows.filter(pk__gt=keys[-1]).order_by("pk").values_list("pk", flat=True)[:size])


def in_batches(sessions: SessionQuerySet, *, size: int = 1000) -> Iterator[SessionQuerySet]:
    """The sessions in key order, ``size`` at a time: as :func:`keys_in_batches`."""
    for keys in keys_in_batches(sessions, size=size):
        yield all_sessions(sessions.db).filter(pk__in=keys)


@contextmanager
def translate_missing_user(user: AbstractBaseUser) -> Iterator[None]:
    """Raise ``UserNotFound`` for a database error if the user has just been deleted.

    An ``OperationalError``, such as a deadlock, says nothing about the user and propagates.
    """
    try:
        yield
    except OperationalError:
        raise
    except DatabaseError:
        # Under REPEATABLE READ a plain SELECT still finds a deleted row.
        if in_transaction(lambda: lock_by_primary_key(user_row(user)), using=write_alias()):
            raise
        raise exceptions.UserNotFound from None


def as_told(session: Session) -> Session:
    """A copy of a session for receivers: what they do to it, its people or its token changes nothing of the session."""
    told = copy(session)
    told.amr = list(session.amr)
    for name in ("user", "actor", "depends_on", "refresh_token"):
        if (related := get_related(session, name)) is not None:
            set_related(told, name, as_told(related) if name == "depends_on" else copy(related))
    if (user := get_related(session, "user")) is not None:
        told.user.pk = session.user_id  # a receiver of user_logged_in may have changed the user's own
        told.user._state = user._state  # what a receiver reads of the user is read once
    return told


def send_on_commit(signal: Signal, *, using: str, session: Session, **event: Any) -> None:
    """Send a signal of a session on commit, robustly: an error in a receiver is logged."""

    def send() -> None:
        if signal.has_listeners(Session):
            signal.send_robust(sender=Session, session=as_told(session), **event)

    transaction.on_commit(send, using=using)
