"""The statements of every request, refresh, sign-in and sign-out, compiled once for a process (:mod:`db.compiled`)."""

import uuid
from contextlib import nullcontext
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, transaction
from django.db.models import Model, signals
from django.utils import timezone

from auth_sessions import exceptions, moments, passwords
from auth_sessions.choices import Scope
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, all_users, write_alias
from auth_sessions.db.compiled import (
    CompiledQuery,
    CompiledValues,
    compile_insert,
    compile_query,
    compile_values,
    join_by_keys,
    set_related,
    update_sql,
)
from auth_sessions.db.ended_session import RECORDED, EndedSession
from auth_sessions.db.locking import lock, locks_in_order
from auth_sessions.db.managers import hides_nobody
from auth_sessions.db.transactions import retry_conflicts
from auth_sessions.masking import conceal
from auth_sessions.models import RefreshToken, Session
from auth_sessions.querysets import SessionQuerySet, live_at
from auth_sessions.registries import Registry

SECRETS = {"secret", "password_fingerprint", "django_session_key"}
"""The columns whose values no error report shows."""

PLACEHOLDER_KEY = uuid.UUID(int=0)
"""The key in a queryset that is compiled; each call passes another instead."""


read_for_tokens = Registry[str]()
"""What is read of a session whose token is presented or issued, so that receivers find it: "user__profile"."""


def select_session_for_tokens(session_id: uuid.UUID) -> Session | None:
    """As :func:`select_session`, with the user, the refresh token, and what apps have registered."""
    return select_session(session_id, "user", "refresh_token", optional=tuple(read_for_tokens))


def select_session(
    session_id: uuid.UUID, *related: str, optional: tuple[str, ...] = (), with_user_visibility: bool = False
) -> Session | None:
    """The row of a session, live or not, with its ``related`` rows ("user", "refresh_token"), in one SELECT.

    None if it does not exist, or one of the related rows does not; those that are ``optional`` ("user__profile") may be
    missing. ``with_user_visibility`` also asks the user model's default manager
    (``SessionQuerySet.with_user_visibility()``), by the ORM where that may hide somebody.
    """
    using = write_alias()
    if with_user_visibility and not hides_nobody(get_user_model()._default_manager):
        return _select(session_id, related, optional, using).with_user_visibility().first()
    compiled = _compiled_select(using, related, optional)
    if compiled is None:
        return _select(session_id, related, optional, using).first()
    found = compiled.read([_to_db_value("id", session_id, using)], using=using)
    return found[0] if found else None


def select_session_and_user(
    session_id: uuid.UUID, key: Any, *, optional: tuple[str, ...] = ()
) -> tuple[Session | None, Any]:
    """The row of a session and that of the user with this primary key, who may be another than the session's.

    The user has the related rows that are ``optional`` ("user__profile"), as :func:`select_session` reads them.
    Either is None if it does not exist. One SELECT; two without the user, and, where the user model's default manager
    may hide somebody, without the session.
    """
    using, field = write_alias(), get_user_model()._meta.pk
    compiled = _compiled_by_keys(using, optional)
    if compiled is None or not _is_usual(key) or not hides_nobody(get_user_model()._default_manager):
        session = select_session(session_id, "user", optional=optional, with_user_visibility=True)
        return session, all_users(using).filter(pk=key).first() if session is None else session.user
    values = [_to_db_value("id", session_id, using), field.get_db_prep_value(key, connections[using])]
    session, user, *_ = compiled.read_each(values, using=using)
    if user is None:
        return select_session(session_id, "user"), None
    if session is not None and session.user_id == user.pk:
        set_related(session, "user", user)
    return session, user


def _is_usual(key: Any) -> bool:
    """Whether the databases can look up a key as it is."""
    return not isinstance(key, int) or -(2**63) <= key < 2**63


@cache
def _compiled_by_keys(using: str, optional: tuple[str, ...]) -> CompiledQuery | None:
    compiled = _compiled_select(using, ("user",), optional)
    return None if compiled is None else join_by_keys(compiled, Session._meta.get_field("user"), using=using)


def _select(session_id: uuid.UUID, related: tuple[str, ...], optional: tuple[str, ...], using: str) -> SessionQuerySet:
    exist = {f"{name}__isnull": False for name in related}
    return all_sessions(using).select_related(*(related + optional) or (None,)).filter(pk=session_id, **exist)


@cache
def _compiled_select(using: str, related: tuple[str, ...], optional: tuple[str, ...]) -> CompiledQuery | None:
    rows = _select(PLACEHOLDER_KEY, related, optional, using)
    return compile_query(rows, values=[_to_db_value("id", PLACEHOLDER_KEY, using)])


def select_live(user: AbstractBaseUser, *columns: str) -> list[Any]:
    """These columns of the sessions that ``live(user=user)`` finds, ``last_used_first()``, in one SELECT."""
    using, now, idle_timeout = write_alias(), timezone.now(), conf.AUTH_SESSIONS_IDLE_TIMEOUT
    compared = (
        ("expires_at", [now]),
        ("last_seen_at", [] if idle_timeout is None else [moments.add(now, -idle_timeout)] * 2),
        ("password_fingerprint", conceal(list(dict.fromkeys(passwords.fingerprints(user.password))))),
        ("kind", passwords.unbound_kinds()),
        ("user", [user.pk]),
    )
    values = [_to_db_value(name, value, using) for name, each in compared for value in each]
    shape = (using, columns, *(len(each) for _, each in compared))
    if shape not in _compiled_lists:
        _compiled_lists[shape] = compile_values(_live(user, now, using), *columns, values=values)
    compiled = _compiled_lists[shape]
    if compiled is None:
        return list(_live(user, now, using).values_list(*columns))
    return compiled.rows(values, using=using)


_compiled_lists: dict[tuple[Any, ...], CompiledValues | None] = {}
"""By the columns, and by the number of values that each condition compares."""


def _live(user: AbstractBaseUser, now: datetime, using: str) -> SessionQuerySet:
    return all_sessions(using).filter(live_at(now)).with_password_of(user).last_used_first()


def lock_in_scope(session: Session, scope: Scope, using: str, *, record: type[EndedSession] | None) -> list[Any]:
    """Read the sessions that a sign-out from this one ends, locked in key order until the transaction ends.

    With a ``record`` only its columns are read.
    Raises :class:`~auth_sessions.exceptions.SessionNotFound` if this one has ended, except for the scope ``local``:
    what has ended signs out nobody else.
    """
    if scope == Scope.LOCAL:
        return _lock_in_scope(session, scope, using, record)
    locked = _lock_in_scope(session, Scope.GLOBAL, using, record)
    if all(each.id != session.pk for each in locked):
        raise exceptions.SessionNotFound
    if scope == Scope.GLOBAL:
        return locked
    # The scope names devices: what an app has handed over stays where the app does, with what is acted from any of it.
    kept = {each.id for each in locked if each.sign_in_id == session.sign_in_id}
    return [each for each in locked if kept.isdisjoint((each.id, each.depends_on_id))]


def _lock_in_scope(session: Session, scope: Scope, using: str, record: type[EndedSession] | None) -> list[Any]:
    if not locks_in_order(using) or session.actor_id is not None:
        return lock(_in_scope(session, scope, using), record=record)
    user, key = _to_db_value("user", session.user_id, using), _to_db_value("id", session.pk, using)
    values = [user, key] if scope == Scope.LOCAL else [user, user]
    shape = (using, scope, record)
    if shape not in _compiled_locks:
        rows = _in_scope(session, scope, using).select_for_update().order_by("pk")
        _compiled_locks[shape] = (
            compile_query(rows, values=values) if record is None else compile_values(rows, *RECORDED, values=values)
        )
    compiled = _compiled_locks[shape]
    if compiled is None:
        return lock(_in_scope(session, scope, using), record=record)
    if isinstance(compiled, CompiledQuery):
        return compiled.read(values, using=using)
    return [EndedSession.of(row) for row in compiled.rows(values, using=using)]


_compiled_locks: dict[tuple[str, Scope, type[EndedSession] | None], CompiledValues | None] = {}


def _in_scope(session: Session, scope: Scope, using: str) -> SessionQuerySet:
    """The sessions of the person, with those in which they act in another person's name, that a sign-out ends.

    Who acts in a person's name signs out what they themselves began in that name, and never that person.
    """
    sessions = all_sessions(using)
    if scope == Scope.LOCAL:
        return sessions.filter(user_id=session.user_id).filter(pk=session.pk)
    if session.actor_id is None:
        return sessions.of_person(session.user_id)
    return sessions.filter(user_id=session.user_id, actor_id=session.actor_id)


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


def _to_db_value(field: str, value: Any, using: str) -> Any:
    """A value for a column of sessions, in the form that the database driver requires."""
    column: Any = Session._meta.get_field(field)
    return column.get_db_prep_value(value, connections[using])
