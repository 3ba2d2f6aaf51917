"""Row locks, taken in primary-key order on every database."""

from typing import Any, TypeVar

from django.db import connections, router
from django.db.models import F, Model, QuerySet

M = TypeVar("M", bound=Model)


def write_alias_of(rows: QuerySet[Any]) -> str:
    """The alias of the database that a queryset writes to: that of ``using()``, otherwise that of the router."""
    alias: str | None = rows._db  # type: ignore[attr-defined]
    return alias or router.db_for_write(rows.model)


def locks_in_order(using: str) -> bool:
    """Whether one SELECT reads rows and locks them in the order of its ORDER BY."""
    connection = connections[using]
    return connection.features.has_select_for_update and connection.vendor != "mysql"


def lock(rows: QuerySet[M], *, skip_locked: bool = False) -> list[M]:
    """Read the rows, and lock them in primary-key order until the end of the transaction.

    ``skip_locked`` leaves out the rows that another transaction has locked; a database that cannot skip them waits.
    SQLite has no row locks: an UPDATE that changes nothing takes the database's write lock, and waits for it as a later
    write, after a read in the same transaction, would not.
    """
    features = connections[rows.db].features
    if not features.has_select_for_update:
        key = rows.model._meta.pk.attname
        rows.update(**{key: F(key)})
    skip_locked = skip_locked and features.has_select_for_update_skip_locked
    return list(rows.select_for_update(skip_locked=skip_locked).order_by("pk"))


def lock_by_key(rows: QuerySet[M], using: str) -> list[M]:
    """Read the rows of any queryset, even an ordered, sliced or joined one, and lock them in primary-key order.

    InnoDB locks the entries of the index that it reads before the rows. On MariaDB and MySQL the keys are therefore
    read first, so that every transaction locks by primary key, in one order (MySQL also has no LIMIT in a subquery).
    """
    keys: Any = rows.using(using).values("pk")
    if connections[using].vendor == "mysql":
        keys = [row["pk"] for row in keys]
    return lock(rows.model._base_manager.using(using).filter(pk__in=keys))
