"""Transactions of the app's own, which are tried again when the database has chosen them to fail.

A database ends one of two transactions that conflict: by a deadlock, or by a serialization failure at the isolation
levels REPEATABLE READ and SERIALIZABLE. The app's own transactions are then tried again. Inside a transaction of the
project, only the project can try again, and the error propagates.
"""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.db import OperationalError, connections, transaction

T = TypeVar("T")

V = TypeVar("V", bound=Callable[..., Any])

ATTEMPTS = 12
"""Of ten transactions that wait for one row at REPEATABLE READ on PostgreSQL, one succeeds and nine try again."""

PAUSE, LONGEST_PAUSE = 0.005, 0.25
"""Seconds before the second attempt, at most; doubled for each further one, up to the longest."""

SQLSTATES = {"40001", "40P01"}
"""PostgreSQL: serialization failure, deadlock."""

MYSQL_ERRORS = {1020, 1213}
"""MariaDB and MySQL: the row has changed since the snapshot, deadlock."""

IN_ERROR = 3
"""PostgreSQL's status of a transaction in which a statement has failed (libpq: ``PQTRANS_INERROR``)."""


class OwnAtomic(transaction.Atomic):
    """A transaction of the app's own, or a savepoint in another."""


def is_own(using: str) -> bool:
    """Whether the current transaction was begun by the app: what it does is rolled back by nobody else.

    In another one, savepoints may be rolled back by hand (``transaction.savepoint_rollback()``), and a test rolls back
    all. Django calls what waits for the commit nevertheless.
    """
    connection = connections[using]
    return connection.commit_on_exit and isinstance(connection.atomic_blocks[0], OwnAtomic)


def is_outermost(using: str) -> bool:
    """Whether a transaction that starts now is the app's own, and not a part of another."""
    connection = connections[using]
    return not connection.in_atomic_block and connection.get_autocommit()


def in_transaction(work: Callable[[], T], *, using: str) -> T:
    """The result of ``work()``, called in a transaction, and called again if that transaction conflicts with another.

    Receivers of signals that ``work`` sends may therefore be called more than once; what they wrote is rolled back.
    Raises ``TransactionManagementError`` where a receiver has caught an error of the database that it met outside a
    savepoint of its own: the transaction would be rolled back without a word.
    """
    committed: list[bool] = []

    def attempt() -> T:
        with OwnAtomic(using, savepoint=True, durable=False):
            connection: Any = connections[using]
            if not connection.needs_rollback:
                connection.rollback_exc = None  # of an earlier transaction
            transaction.on_commit(lambda: committed.append(True), using=using)
            result = work()
            refuse_broken(using)
            return result

    return retry_conflicts(attempt, using=using, is_final=lambda: bool(committed))


def refuse_broken(using: str) -> None:
    """Raise ``TransactionManagementError`` if nothing of the current transaction, or savepoint, can be committed.

    If that is for a conflict that a receiver has caught, raise the conflict, which is tried again.
    """
    connection: Any = connections[using]
    caught = connection.rollback_exc
    if connection.needs_rollback and caught is not None and is_conflict(caught):
        raise caught
    connection.validate_no_broken_transaction()
    # A failed statement of raw SQL, or a failed SELECT: PostgreSQL answers the COMMIT by a ROLLBACK.
    info = getattr(connection.connection, "info", None)
    if getattr(info, "transaction_status", None) == IN_ERROR:
        raise transaction.TransactionManagementError(
            "A statement has failed in this transaction, and its error was caught outside a savepoint."
        )


def retry_conflicts(work: Callable[[], T], *, using: str, is_final: Callable[[], bool] = lambda: False) -> T:
    """The result of ``work()``, called again after a conflict, unless that ``is_final``. In a transaction, once."""
    if is_outermost(using):
        for number in range(ATTEMPTS - 1):
            try:
                return work()
            except OperationalError as error:
                if not is_conflict(error) or is_final():
                    raise
                time.sleep(random.uniform(0, min(PAUSE * 2**number, LONGEST_PAUSE)))  # noqa: S311 - no secret
    return work()


def call_on_commit(work: Callable[[], object], *, using: str) -> None:
    """Call ``work()`` when the transaction is committed. An error in it is logged, and changes nothing.

    Django logs the name of a function, which a ``partial`` object has only if it is given that of its own.
    """

    @wraps(getattr(work, "func", work))
    def call() -> None:
        work()

    transaction.on_commit(call, using=using, robust=True)


def without_atomic_requests(view: V) -> V:
    """Mark a view, as ``View.as_view()`` returns it, not to run in a transaction under ``ATOMIC_REQUESTS``.

    The app's views change data in transactions of their own, which can be tried again and which see the latest rows.
    """
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


def is_conflict(error: object) -> bool:
    """Whether this is the error of a database that has rolled a transaction back because of another one."""
    if not isinstance(error, OperationalError):
        return False
    cause: Any = error.__cause__
    if SQLSTATES & {getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None)}:
        return True
    return bool(error.args) and error.args[0] in MYSQL_ERRORS
