"""Reads the session of a token, with its user, and the live sessions of a person."""

import uuid
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections
from django.utils import timezone

from auth_sessions import moments, passwords
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, all_users, write_alias
from auth_sessions.db.compiled import (
    CompiledQuery,
    CompiledValues,
    compile_query,
    compile_values,
    join_by_keys,
    set_related,
)
from auth_sessions.db.managers import hides_nobody
from auth_sessions.masking import conceal
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet, live_at
from auth_sessions.registries import Registry

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
    found = compiled.read([to_db_value("id", session_id, using)], using=using)
    return found[0] if found else None


def select_session_and_user(
    session_id: uuid.UUID, key: Any, *, optional: tuple[str, ...] = ()
) -> tuple[Session | None, Any]:
    """The row of a session and that of the user with this primary key, who may be another than the session's.

    The user has the related rows that are ``optional`` ("user__profile"), as :func:`select_session` reads them.
    Either is None if it does not exist. One SELECT; two without the user, and, where the user model's default manager
    may hide somebody, without the session.
    """
    using, user_model = write_alias(), get_user_model()
    compiled = _compiled_by_keys(using, optional)
    if compiled is None or not _is_usual(key) or not hides_nobody(user_model._default_manager):
        session = select_session(session_id, "user", optional=optional, with_user_visibility=True)
        return session, all_users(using).filter(pk=key).first() if session is None else session.user
    key_value = user_model._meta.pk.get_db_prep_value(key, connections[using])
    values = [to_db_value("id", session_id, using), key_value]
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
    return compile_query(rows, values=[to_db_value("id", PLACEHOLDER_KEY, using)])


def select_live(user: AbstractBaseUser, *columns: str) -> list[Any]:
    """These columns of the sessions that ``live(user=user)`` finds, ``last_used_first()``, in one SELECT."""
    using, now, idle_timeout = write_alias(), timezone.now(), conf.AUTH_SESSIONS_IDLE_TIMEOUT
    compared = (
        ("expires_at", [moments.as_bound(now)]),
        ("last_seen_at", [] if idle_timeout is None else [moments.as_bound(moments.add(now, -idle_timeout))] * 2),
        ("password_fingerprint", conceal(list(dict.fromkeys(passwords.fingerprints(user.password))))),
        ("kind", passwords.unbound_kinds()),
        ("user", [user.pk]),
    )
    values = [to_db_value(name, value, using) for name, each in compared for value in each]
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


def to_db_value(field: str, value: Any, using: str) -> Any:
    """A value for a column of sessions, in the form that the database driver requires."""
    column: Any = Session._meta.get_field(field)
    return column.get_db_prep_value(value, connections[using])
