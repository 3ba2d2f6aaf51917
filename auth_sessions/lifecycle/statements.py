"""The statements of every request, refresh and sign-in, which the ORM would write anew each time."""

import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from django.db import connections, transaction
from django.db.models import Model, signals
from django.db.models.sql import InsertQuery

from auth_sessions.lifecycle.rows import all_sessions, database
from auth_sessions.models import RefreshToken, Session

ROTATED: list[Any] = [RefreshToken._meta.get_field(name) for name in ("counter", "rotated_at", "session", "counter")]
"""The columns of :func:`rotate`: two that are set, two that must be as they were read."""


@dataclass(frozen=True)
class Part:
    """The columns of one model in a row, and what ties its instance to the session and back."""

    model: type[Model]
    columns: slice
    names: list[str]
    ties: tuple[Callable[[Any, Any], None], ...]


@dataclass(frozen=True)
class Plan:
    sql: str
    converters: list[tuple[int, list[Callable[..., Any] | str], Any]]
    """For a column: functions, or names of methods of the connection's operations, and what they are told of it."""
    parts: list[Part]
    """The session's own, then those of the related rows."""


def find(session_id: uuid.UUID, *related: str) -> Session | None:
    """The row of a session, dead or alive, with ``related`` ("user", "refresh_token") rows of its own, in one SELECT.

    Equal to ``select_related(*related).filter(pk=session_id).first()``, whose SQL Django would write anew each time,
    and longer than the database takes to answer. A session that lacks one of the related rows is not found.
    """
    using = database()
    connection = connections[using]
    plan = _plan(using, related)
    with connection.cursor() as cursor:
        cursor.execute(plan.sql, [Session._meta.pk.get_db_prep_value(session_id, connection)])
        found = cursor.fetchone()
    if found is None:
        return None
    row = list(found)
    for column, converters, expression in plan.converters:
        for convert in converters:
            call = getattr(connection.ops, convert) if isinstance(convert, str) else convert
            row[column] = call(row[column], expression, connection)
    session, *others = (part.model.from_db(using, part.names, row[part.columns]) for part in plan.parts)
    for part, other in zip(plan.parts[1:], others, strict=True):
        tie, tie_back = part.ties
        tie(session, other)
        tie_back(other, session)
    return cast("Session", session)


def rotate(token: RefreshToken, *, rotated_at: datetime) -> bool:
    """Issue the next generation of a refresh token; False if somebody else did, or the session ended.

    This one UPDATE decides: of many that present the same generation, one changes the row.
    """
    using = token._state.db or database()
    connection = connections[using]
    values = (token.counter + 1, rotated_at, token.pk, token.counter)
    with connection.cursor() as cursor:
        written = [field.get_db_prep_value(value, connection) for field, value in zip(ROTATED, values, strict=True)]
        cursor.execute(_rotation(using), written)
        won = bool(cursor.rowcount)
    if won:
        token.counter, token.rotated_at = token.counter + 1, rotated_at
    return won


def insert(*rows: Model, using: str) -> None:
    """Write new rows, all or none, as ``save(force_insert=True)`` of each would, with the same signals.

    On PostgreSQL they go in one statement, which needs no transaction around it unless somebody hears those signals.
    """
    models = [type(row) for row in rows]
    is_heard = any(signal.has_listeners(each) for signal in (signals.pre_save, signals.post_save) for each in models)
    is_one = connections[using].vendor == "postgresql"
    with nullcontext() if is_one and not is_heard else transaction.atomic(using=using):
        for row in rows:
            signals.pre_save.send(sender=type(row), instance=row, raw=False, using=using, update_fields=None)
        _execute(rows, using=using, is_one=is_one)
        for row in rows:
            row._state.adding, row._state.db = False, using
            signals.post_save.send(
                sender=type(row), instance=row, created=True, raw=False, using=using, update_fields=None
            )


def _execute(rows: tuple[Model, ...], *, using: str, is_one: bool) -> None:
    connection = connections[using]
    statements = [(_insertion(using, type(row)), _written(row, connection)) for row in rows]
    with connection.cursor() as cursor:
        for sql, values in [_joined(statements)] if is_one else statements:
            cursor.execute(sql, values)


def _written(row: Model, connection: Any) -> list[Any]:
    fields = row._meta.local_concrete_fields
    return [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]


def _joined(statements: list[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    *before, last = (sql for sql, _ in statements)
    named = ", ".join(f"row_{number} AS ({sql})" for number, sql in enumerate(before))
    return f"WITH {named} {last}" if before else last, [value for _, values in statements for value in values]


@cache
def _insertion(using: str, model: type[Model]) -> str:
    query = InsertQuery(model)
    query.insert_values(model._meta.local_concrete_fields, [model()])
    ((sql, _),) = query.get_compiler(using).as_sql()
    return cast("str", sql)


@cache
def _rotation(using: str) -> str:
    quote = connections[using].ops.quote_name
    counter, rotated_at, key, presented = (f"{quote(field.column)} = %s" for field in ROTATED)
    table = quote(RefreshToken._meta.db_table)
    return f"UPDATE {table} SET {counter}, {rotated_at} WHERE {key} AND {presented}"  # noqa: S608 - names of our own


@cache
def _plan(using: str, related: tuple[str, ...]) -> Plan:
    there = {f"{name}__isnull": False for name in related}
    rows = all_sessions(using).select_related(*related or (None,)).filter(pk=uuid.UUID(int=0), **there)
    compiler: Any = rows.query.get_compiler(using)
    sql, _ = compiler.as_sql()
    expressions = [column[0] for column in compiler.select]
    converters = compiler.get_converters(expressions)
    classes = [compiler.klass_info, *compiler.klass_info.get("related_klass_infos", ())]
    return Plan(
        sql=sql,
        converters=[
            (column, [_apart_from(compiler.connection, function) for function in functions], expression)
            for column, (functions, expression) in converters.items()
        ],
        parts=[_part(info, expressions) for info in classes],
    )


def _apart_from(connection: Any, function: Any) -> Any:
    """Plans outlive connections, and are used with others: a method of this one is kept by its name."""
    return function.__name__ if getattr(function, "__self__", None) is connection.ops else function


def _part(info: dict[str, Any], expressions: list[Any]) -> Part:
    columns = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
    return Part(
        model=info["model"],
        columns=columns,
        names=[expression.target.attname for expression in expressions[columns]],
        ties=tuple(info[name] for name in ("local_setter", "remote_setter") if name in info),
    )
