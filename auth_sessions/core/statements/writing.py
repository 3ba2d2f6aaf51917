"""Inserts the rows of a session, and issues the next generation of its refresh token."""

from contextlib import nullcontext
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connections, transaction
from django.db.models import Model, signals

from auth_sessions.core.database import write_alias
from auth_sessions.db.compiled import compile_insert, update_sql
from auth_sessions.db.transactions import retry_conflicts
from auth_sessions.masking import conceal
from auth_sessions.models import RefreshToken

SECRETS = {"secret", "password_fingerprint", "django_session_key"}
"""The columns whose values no error report shows."""


def insert(*rows: Model, using: str, unless_exists: bool = False) -> bool:
    """Insert new rows, all or none, as ``save(force_insert=True)`` of each would, with the same signals.

    On PostgreSQL it is one statement, which needs no transaction around it unless a receiver listens to these signals.
    ``unless_exists``, for a single row, returns False where another has the same unique value: an error, which
    PostgreSQL logs, would contain that value. MariaDB and MySQL then raise no error for a deleted user, either.
    """
    inserts = [_compiled_insert(using, type(row), unless_exists) for row in rows]
    if None in inserts:
        return _insert_by_orm(rows, using=using, unless_exists=unless_exists)
    models = [type(row) for row in rows]
    has_receivers = any(
        signal.has_listeners(model) for signal in (signals.pre_save, signals.post_save) for model in models
    )
    is_one_statement = connections[using].vendor == "postgresql"
    with nullcontext() if is_one_statement and not has_receivers else transaction.atomic(using=using):
        for row in rows:
            signals.pre_save.send(sender=type(row), instance=row, raw=False, using=using, update_fields=None)
        if not _execute_inserts(inserts, rows, using=using, as_one=is_one_statement):
            return False
        for row in rows:
            row._state.adding, row._state.db = False, using
            signals.post_save.send(
                sender=type(row), instance=row, created=True, raw=False, using=using, update_fields=None
            )
    return True


def _execute_inserts(inserts: list[str | None], rows: tuple[Model, ...], *, using: str, as_one: bool) -> bool:
    """Whether rows were inserted. Their values, secrets among them, are in no frame of the receivers that follow."""
    statements = [(str(sql), _column_values(row, using)) for sql, row in zip(inserts, rows, strict=True)]
    with connections[using].cursor() as cursor:
        for sql, values in [_as_one_statement(statements)] if as_one else statements:
            cursor.execute(sql, values)
        return bool(cursor.rowcount)


def _insert_by_orm(rows: tuple[Model, ...], *, using: str, unless_exists: bool) -> bool:
    if unless_exists:
        (row,) = rows
        manager = type(row)._base_manager.using(using)
        manager.bulk_create([row], ignore_conflicts=True)
        return manager.filter(pk=row.pk).exists()
    with transaction.atomic(using=using):
        for row in rows:
            row.save(force_insert=True, using=using)
    return True


@cache
def _compiled_insert(using: str, model: type[Model], unless_exists: bool) -> str | None:
    return compile_insert(model, using=using, unless_exists=unless_exists)


def _column_values(row: Model, using: str) -> list[Any]:
    fields, connection = row._meta.local_concrete_fields, connections[using]
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    return [conceal(value) if field.name in SECRETS else value for field, value in zip(fields, values, strict=True)]


def _as_one_statement(statements: list[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    """One statement with all the inserts: the earlier ones as common table expressions (PostgreSQL)."""
    *before, last = (sql for sql, _ in statements)
    named = ", ".join(f"row_{number} AS ({sql})" for number, sql in enumerate(before))
    return f"WITH {named} {last}" if before else last, [value for _, values in statements for value in values]


def update_generation(token: RefreshToken, *, rotated_at: datetime) -> bool:
    """Issue the next generation of a refresh token. False if another request has done so, or the session has ended.

    A conditional UPDATE decides: of many requests that present the same generation, one changes the row.
    """
    using = token._state.db or write_alias()
    connection = connections[using]
    fields = zip(UPDATED_FIELDS, (token.generation + 1, rotated_at, token.pk, token.generation), strict=True)
    values = [field.get_db_prep_value(value, connection) for field, value in fields]

    def update() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(_generation_update(using), values)
            return bool(cursor.rowcount)

    has_changed = retry_conflicts(update, using=using)
    if has_changed:
        token.generation, token.rotated_at = token.generation + 1, rotated_at
    return has_changed


UPDATED_FIELDS: list[Any] = [
    RefreshToken._meta.get_field(name) for name in ("generation", "rotated_at", "session", "generation")
]
"""The columns of that UPDATE: two that are set, and two that must have the values that were read."""


@cache
def _generation_update(using: str) -> str:
    return update_sql(UPDATED_FIELDS[:2], UPDATED_FIELDS[2:], using=using)
