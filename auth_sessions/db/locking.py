"""Row locks, taken in primary-key order on every database.

InnoDB locks the entries of the index that it reads by before the rows. On MariaDB and MySQL the keys are therefore read
first, without a lock, and the rows are locked by primary key: so every transaction takes the locks in one order.
"""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar, cast, overload

from django.db import connections, router
from django.db.models import F, Model, QuerySet

M = TypeVar("M", bound=Model)

READ_COMMITTED = ("read committed", "read uncommitted")
"""The isolation levels at which a later SELECT of a transaction reads what others have committed meanwhile."""


def write_alias_of(rows: QuerySet[Any]) -> str:
    """The alias of the database that a queryset writes to: that of ``using()``, otherwise that of the router."""
    alias: str | None = rows._db  # type: ignore[attr-defined]
    return alias or router.db_for_write(rows.model)


def locks_in_order(using: str) -> bool:
    """Whether one SELECT reads rows and locks them in the order of its ORDER BY."""
    connection = connections[using]
    return connection.features.has_select_for_update and connection.vendor != "mysql"


@overload
def lock(rows: QuerySet[M], *, also: Collection[Any] = ..., has_read: bool = ...) -> list[M]: ...
@overload
def lock(
    rows: QuerySet[Any], *, also: Collection[Any] = ..., has_read: bool = ..., record: type[Any] | None
) -> list[Any]: ...
def lock(
    rows: QuerySet[Any], *, also: Collection[Any] = (), has_read: bool = False, record: type[Any] | None = None
) -> list[Any]:
    """Read the rows of any queryset, even an ordered, sliced or joined one, and lock them in primary-key order.

    They stay locked until the end of the transaction. ``also`` are the keys of further rows. ``has_read`` says that the
    innermost ``atomic()`` has read before, and perhaps waited since: then, too, the latest rows are read. With a
    ``record``, a named tuple that has a constructor ``of(values)``, only its columns are read.
    """
    using = write_alias_of(rows)
    rows, by_key = rows.using(using), rows.model._base_manager.using(using)
    if connections[using].vendor != "mysql":
        chosen = by_key.filter(pk__in=rows.values("pk"))
        if also:  # a UNION, since PostgreSQL reads the whole table for an OR with a subquery
            chosen = by_key.filter(pk__in=chosen.values("pk").union(by_key.filter(pk__in=also).values("pk")))
        return lock_by_primary_key(chosen, record=record)
    keys = [*_keys(rows), *also]
    locked = lock_by_primary_key(by_key.filter(pk__in=keys), record=record)
    if _may_read_snapshot(using, has_read=has_read):
        latest = [*_keys(rows.select_for_update()), *also]
        if set(latest) - set(keys):
            locked = lock_by_primary_key(by_key.filter(pk__in=latest), record=record)
    return locked


def _keys(rows: QuerySet[Any]) -> list[Any]:
    return list(rows.values_list("pk", flat=True))


@overload
def lock_by_primary_key(rows: QuerySet[M], *, skip_locked: bool = ...) -> list[M]: ...
@overload
def lock_by_primary_key(rows: QuerySet[Any], *, skip_locked: bool = ..., record: type[Any] | None) -> list[Any]: ...
def lock_by_primary_key(
    rows: QuerySet[Any], *, skip_locked: bool = False, record: type[Any] | None = None
) -> list[Any]:
    """As :func:`lock`, in one statement, for rows that are filtered by primary key and by nothing else.

    ``skip_locked`` leaves out the rows that another transaction has locked; a database that cannot skip them waits.
    """
    features = connections[rows.db].features
    if not features.has_select_for_update:  # SQLite: a later write, after a read in the same transaction, would fail
        lock_by_update(rows)
    skip_locked = skip_locked and features.has_select_for_update_skip_locked
    locked = rows.select_for_update(skip_locked=skip_locked).order_by("pk")
    return list(locked) if record is None else [record.of(values) for values in locked.values_list(*record._fields)]


def lock_by_update(rows: QuerySet[Any]) -> int:
    """Lock rows by an UPDATE that changes nothing. Returns their number.

    Unlike after a SELECT with a lock, a transaction that waited for them, and reads an older snapshot on PostgreSQL,
    fails: it can be tried again (``db.transactions``). SQLite has no other lock.
    """
    key = rows.model._meta.pk.attname
    return rows.update(**{key: F(key)})


def is_mariadb(using: str) -> bool:
    """Whether the database is MariaDB, and not MySQL, which Django calls by the same name."""
    connection: Any = connections[using]
    return connection.vendor == "mysql" and bool(connection.mysql_is_mariadb)


def join_by_key(model: type[Model], keys: str, *, using: str) -> str:
    """The JOIN that looks up the row of a model, ``found``, for each of the keys in a column (not on MySQL).

    By primary key, whatever InnoDB's optimizer thinks: it reads a small table whole for an IN, and locks what it reads.
    The keys are ASCII, by which a column of any character set is compared by its index.
    """
    connection, meta = connections[using], cast("Any", model._meta)
    table, column = (connection.ops.quote_name(name) for name in (meta.db_table, meta.pk.column))
    if connection.vendor == "mysql":
        keys = f"CONVERT({keys} USING ascii)"
        return f"STRAIGHT_JOIN {table} AS found FORCE INDEX (PRIMARY) ON found.{column} = {keys}"
    join = "CROSS JOIN" if connection.vendor == "sqlite" else "JOIN"  # SQLite changes no order of a CROSS JOIN
    return f"{join} {table} AS found ON found.{column} = {keys}"


def read_keys(rows: QuerySet[Any]) -> list[Any]:
    """The keys of the rows as they are now, in the order of the queryset. Call it in a transaction.

    PostgreSQL reads no later rows in a transaction at REPEATABLE READ.
    """
    rows = rows.using(using := write_alias_of(rows))
    if _may_read_snapshot(using):
        lock(rows)
        rows = rows.select_for_update()
    return _keys(rows)


def _may_read_snapshot(using: str, *, has_read: bool = False) -> bool:
    """Whether a plain SELECT may read an older snapshot, and a SELECT with a lock the latest rows (MariaDB, MySQL).

    That is so at REPEATABLE READ in a transaction that began before the innermost ``atomic()``, or has read in it. The
    SELECT with a lock comes last, when the rows known so far are locked by primary key.
    """
    connection: Any = connections[using]
    is_older = has_read or bool(connection.savepoint_ids)
    return connection.vendor == "mysql" and is_older and connection.isolation_level not in READ_COMMITTED


def update_unless_locked(rows: QuerySet[Any], changes: Mapping[str, Any]) -> bool:
    """Write ``changes`` to one row, unless another transaction has locked it: never waits for it. Whether it did.

    One statement; a database that cannot skip locked rows waits.
    """
    using = write_alias_of(rows)
    connection, model = connections[using], rows.model
    if not connection.features.has_select_for_update_skip_locked:
        return bool(rows.using(using).update(**changes))
    compiler: Any = rows.using(using).values("pk").query.get_compiler(using)
    select, parameters = compiler.as_sql()
    select = f"{select} {connection.ops.for_update_sql(skip_locked=True)}"
    if connection.vendor == "mysql":  # which reads the table that it updates in a derived table only
        select = f"SELECT * FROM ({select}) AS unlocked"  # noqa: S608 - compiled by Django
    fields = [(model._meta.get_field(name), value) for name, value in changes.items()]
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(field.column)} = %s" for field, _ in fields)
    table, key = quote(model._meta.db_table), quote(model._meta.pk.column)
    values = [field.get_db_prep_save(value, connection) for field, value in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {assignments} WHERE {key} = ({select})", [*values, *parameters])  # noqa: S608 - names of models
        return bool(cursor.rowcount)
