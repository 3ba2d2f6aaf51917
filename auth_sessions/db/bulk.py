"""Many new rows of one model, in one statement."""

from functools import cache
from typing import Any

from django.db import connections, transaction
from django.db.models import Model

from auth_sessions.db.compiled import compile_insert
from auth_sessions.db.deletion import KEYS_PER_STATEMENT


def insert_rows(rows: list[Any], *, using: str) -> None:
    """Insert rows that have their keys, all or none, without ``pre_save`` and ``post_save``.

    One statement, unless the database takes no more parameters. Django's ``bulk_create()`` passes PostgreSQL one array
    for each column, but SQLite no more than 999 parameters in a statement.
    """
    model = type(rows[0])
    sql = None if connections[using].vendor == "postgresql" else _compiled(using, model)
    if sql is None:
        model._base_manager.using(using).bulk_create(rows)
        return
    connection, fields = connections[using], model._meta.local_concrete_fields
    head, group = sql[: sql.index("VALUES")], sql[sql.index("VALUES") + len("VALUES") :]
    size = KEYS_PER_STATEMENT // len(fields)
    with transaction.atomic(using=using, savepoint=False), connection.cursor() as cursor:
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            values = [
                field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in batch for field in fields
            ]
            cursor.execute(f"{head}VALUES {', '.join([group] * len(batch))}", values)
    for row in rows:
        row._state.adding, row._state.db = False, using


@cache
def _compiled(using: str, model: type[Model]) -> str | None:
    return compile_insert(model, using=using)
