"""The statements of every request, refresh, sign-in and sign-out, which the ORM would write anew each time."""

import uuid
from contextlib import nullcontext
from datetime import datetime
from functools import cache
from typing import Any, cast

from django.db import connections, transaction
from django.db.models import Model, signals
from django.db.models.sql import InsertQuery

from auth_sessions.choices import Scope
from auth_sessions.core.rows import all_sessions, database
from auth_sessions.db.compiled import Plan
from auth_sessions.models import RefreshToken, Session
from auth_sessions.querysets import SessionQuerySet, locks_as_it_reads

ROTATED: list[Any] = [RefreshToken._meta.get_field(name) for name in ("counter", "rotated_at", "session", "counter")]
"""The columns of :func:`rotate`: two that are set, two that must be as they were read."""


def find(session_id: uuid.UUID, *related: str) -> Session | None:
    """The row of a session, dead or alive, with ``related`` ("user", "refresh_token") rows of its own, in one SELECT.

    Equal to ``select_related(*related).filter(pk=session_id).first()``, whose SQL Django would write anew each time,
    and longer than the database takes to answer. A session that lacks one of the related rows is not found.
    """
    using = database()
    key = Session._meta.pk.get_db_prep_value(session_id, connections[using])
    found = _finding(using, related).read([key], using=using)
    return found[0] if found else None


def lock_reached(session: Session, scope: Scope, using: str) -> list[Session]:
    """The sessions that a sign-out from this one ends, locked in key order until the transaction ends."""
    if not locks_as_it_reads(using):
        return _reached(session, scope, using).locked(using)
    plan = _locking.get((using, scope))
    if plan is None:
        rows = _reached(session, scope, using).select_for_update().order_by("pk")
        plan = _locking[using, scope] = Plan.of(rows)
    connection = connections[using]
    user_id = Session._meta.get_field("user").get_db_prep_value(session.user_id, connection)
    key = [] if scope == Scope.GLOBAL else [Session._meta.pk.get_db_prep_value(session.pk, connection)]
    return plan.read([user_id, *key], using=using)


_locking: dict[tuple[str, Scope], Plan] = {}


def _reached(session: Session, scope: Scope, using: str) -> SessionQuerySet:
    reached = all_sessions(using).filter(user_id=session.user_id)
    if scope == Scope.LOCAL:
        return reached.filter(pk=session.pk)
    return reached.exclude(pk=session.pk) if scope == Scope.OTHERS else reached


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
def _finding(using: str, related: tuple[str, ...]) -> Plan:
    there = {f"{name}__isnull": False for name in related}
    return Plan.of(all_sessions(using).select_related(*related or (None,)).filter(pk=uuid.UUID(int=0), **there))
