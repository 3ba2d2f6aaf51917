"""Many rows of one model, in few statements."""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.models import Model

from auth_sessions.db.batches import KEYS_PER_STATEMENT, as_array, batches
from auth_sessions.db.compiled import compile_insert, update_sql
from auth_sessions.db.locking import is_mariadb, join_by_key


def insert_rows(rows: list[Any], *, using: str) -> None:
    """Insert rows that have their keys, all or none, without ``pre_save`` and ``post_save``. No rows cost nothing.

    One statement, unless the database takes no more parameters. Django's ``bulk_create()`` passes PostgreSQL one array
    for each column, but SQLite no more than 999 parameters in a statement.
    """
    if not rows:
        return
    model: Any = type(rows[0])
    sql = None if connections[using].vendor == "postgresql" else _compiled_insert(using, model)
    if sql is None:
        model._base_manager.using(using).bulk_create(rows)
        return
    connection, fields = connections[using], model._meta.local_concrete_fields
    head, group = sql[: sql.index("VALUES")], sql[sql.index("VALUES") + len("VALUES") :]
    with transaction.atomic(using=using, savepoint=False), connection.cursor() as cursor:
        for batch in batches(rows, size=KEYS_PER_STATEMENT // len(fields)):
            values = [
                field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in batch for field in fields
            ]
            cursor.execute(f"{head}VALUES {', '.join([group] * len(batch))}", values)
    for row in rows:
        row._state.adding, row._state.db = False, using


def update_rows(rows: list[Any], names: Iterable[str], *, using: str) -> None:
    """Write the fields ``names`` of rows, each to values of its own: one UPDATE, executed for each row.

    Django's ``bulk_update()`` writes a CASE for each field and row, which takes far longer to build than to execute.
    MariaDB, to which each execution is a round trip, gets all values in one.
    """
    connection, meta = connections[using], rows[0]._meta
    changed = [meta.get_field(name) for name in names]
    fields = [*changed, meta.pk]
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with transaction.atomic(using=using, savepoint=False), connection.cursor() as cursor:
        if not is_mariadb(using):
            cursor.executemany(update_sql(changed, [meta.pk], using=using), values)
            return
        for batch in batches(values, size=KEYS_PER_STATEMENT // len(fields)):
            sql = _update_joined(meta.model, changed, len(batch), using=using)
            cursor.execute(sql, [value for sent in batch for value in sent])


def _update_joined(model: type[Model], changed: list[Any], count: int, *, using: str) -> str:
    """One UPDATE of so many rows, with the values of each: those of the fields ``changed``, and the key (MariaDB)."""
    quote, names = connections[using].ops.quote_name, [f"value{number}" for number in range(len(changed))]
    columns, group = ", ".join([*names, "id"]), f"({', '.join(['%s'] * (len(changed) + 1))})"
    assignments = [f"found.{quote(field.column)} = new.{name}" for field, name in zip(changed, names, strict=True)]
    sent, join = f"VALUES {', '.join([group] * count)}", join_by_key(model, "new.id", using=using)
    new = f"WITH sent ({columns}) AS ({sent}) SELECT * FROM sent"  # noqa: S608 - names of ours
    return f"UPDATE ({new}) AS new {join} SET {', '.join(assignments)}"  # noqa: S608 - names of models


def can_insert_selected(using: str) -> bool:
    """Whether :func:`insert_selected` knows the database: not MySQL, which writes rows of values in another way."""
    return connections[using].vendor in {"postgresql", "sqlite"} or is_mariadb(using)


def insert_selected(
    model: Any,
    source: Any,
    *,
    keys: dict[UUID, UUID],
    copied: dict[str, str],
    exists: dict[str, str],
    constant: dict[str, Any],
    using: str,
) -> None:
    """Insert rows from the rows of another model: the database copies what it has, and little is sent.

    One statement, unless the database takes no more parameters. ``keys`` has the key of each new row, with that of the
    row it comes from. ``copied`` names the fields that have the value of a field of the source, ``exists`` those that
    say whether one is not NULL. ``constant`` has the values of the other fields, by name or column.
    """
    connection = connections[using]
    quote, is_typed = connection.ops.quote_name, connection.vendor == "postgresql"
    columns, values, parameters = [quote(model._meta.pk.column)], ["new.id"], []
    for names, form in ((copied, "found.{}"), (exists, "found.{} IS NOT NULL")):
        for name, of in names.items():
            columns.append(quote(model._meta.get_field(name).column))
            values.append(form.format(quote(source._meta.get_field(of).column)))
    for name, value in constant.items():
        field = model._meta.get_field(name)
        columns.append(quote(field.column))
        values.append(f"%s::{field.db_type(connection)}" if is_typed else "%s")
        parameters.append(field.get_db_prep_save(value, connection))
    join, pairs = join_by_key(source, "new.source", using=using), list(keys.items())
    with transaction.atomic(using=using, savepoint=False), connection.cursor() as cursor:
        for batch in batches(pairs, size=len(pairs) if is_typed else KEYS_PER_STATEMENT // 3):
            new, sent = _as_rows(batch, source._meta.pk, connection)
            sql = (
                f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(columns)}) "  # noqa: S608 - names of models
                f"WITH new (id, source) AS ({new}) SELECT {', '.join(values)} FROM new {join}"
            )
            cursor.execute(sql, [*sent, *parameters])


def _as_rows(pairs: list[tuple[UUID, UUID]], key: Any, connection: Any) -> tuple[str, list[Any]]:
    """Pairs of keys as a table in SQL: PostgreSQL takes arrays."""
    if connection.vendor == "postgresql":
        return "SELECT * FROM unnest(%s::uuid[], %s::uuid[])", [as_array(keys) for keys in zip(*pairs, strict=True)]
    sent = [key.get_db_prep_save(each, connection) for pair in pairs for each in pair]
    return f"VALUES {', '.join(['(%s, %s)'] * len(pairs))}", sent


@cache
def _compiled_insert(using: str, model: type[Model]) -> str | None:
    return compile_insert(model, using=using)
