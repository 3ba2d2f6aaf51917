"""The cached check: an authenticated request without SQL, over Django's cache.

An entry holds a session as a database showed it, and is believed for that database alone, for
``AUTH_SESSIONS_CACHE_TTL`` from the moment it was asked, never longer. It is only ever added. The entry of a session
that ends is overwritten by a tombstone, at which everybody asks the database: before the transaction commits, and again
after. So no slow reader brings a session back while the tombstone is there, and where the cache lost it the entry's own
time is the bound. The cache refuses nobody, and nothing it does or fails to do is an error: the database is asked
instead.
"""

import functools
import hashlib
import logging
import math
import zlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import connections, transaction
from django.utils import timezone
from rest_framework.settings import api_settings

from auth_sessions.conf import conf
from auth_sessions.core.circuit_breaker import CircuitBreaker
from auth_sessions.core.rows import write_alias
from auth_sessions.models import Session

logger = logging.getLogger("auth_sessions")

UNSHARED = (DummyCache, LocMemCache, FileBasedCache, BaseDatabaseCache)
"""Of one process, or without an atomic ``add``, or no faster than the question itself."""

FIELDS = tuple(field.attname for field in Session._meta.concrete_fields if field.attname != "password_fingerprint")

SCHEMA_VERSION = zlib.crc32(repr(FIELDS).encode())
"""Another release may keep other columns under the same keys; all of them understand the tombstone."""

SERVER_OPTIONS = ("service", "host", "hostaddr", "port", "dbname", "database", "unix_socket", "read_default_file")
"""Options of the drivers that may lead to another server or database than the settings beside them."""

PREFIX = "auth_sessions."

TOMBSTONE = "ended"
"""Stands for a session that ends."""


breaker = CircuitBreaker()


def get_origin() -> str:
    """The database that sessions are read from now: alias, server, name and schema, as a digest.

    Tenants and stages may share a cache and a ``SECRET_KEY``. The schema is that of packages which set
    ``connection.schema_name`` (django-tenants).
    """
    connection = connections[write_alias()]
    values = connection.settings_dict
    options = values.get("OPTIONS") or {}
    return _digest(
        connection.alias,
        connection.vendor,
        *(str(values.get(name, "")) for name in ("HOST", "PORT", "NAME")),
        *(str(options.get(name, "")) for name in SERVER_OPTIONS),
        str(getattr(connection, "schema_name", "")),
    )


@functools.lru_cache(maxsize=10_000)
def _digest(*values: str) -> str:
    return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()


def get(session_id: Any, *, user_id: str, origin: str | None = None) -> Session | None:
    """A session that the cache says is alive, in one round trip and without SQL; None: ask the database.

    ``origin`` is the database that is asked otherwise, :func:`get_origin` by default; ``user_id`` is the claim of the
    token. The session has no password fingerprint and no user yet; reading either asks the database.
    """
    cache = _shared_cache()
    if cache is None:
        _warn_unshared()
        return None
    if not breaker.allows_call():
        return None
    entry = breaker.call(cache.get, _key(session_id))
    try:
        version, source, asked_at, owner, values = entry
        is_young = timedelta(0) <= timezone.now() - asked_at < conf.AUTH_SESSIONS_CACHE_TTL
        known = (version, source, owner, len(values))
        if not is_young or known != (SCHEMA_VERSION, origin or get_origin(), user_id, len(FIELDS)):
            return None
        return Session.from_db(write_alias(), FIELDS, values)
    except (TypeError, ValueError):  # no entry, a tombstone, or an entry of something else
        return None


def add(session: Session, *, user_id: str, asked_at: datetime, until: datetime, origin: str | None = None) -> None:
    """Add what the database said when it was asked, at ``asked_at``; to be asked again by ``until`` at the latest.

    Not from within a transaction that may have started long before: what it reads may be as old.
    """
    connection = transaction.get_connection(write_alias())
    if connection.in_atomic_block and not connection.settings_dict["ATOMIC_REQUESTS"]:
        return
    cache = _shared_cache()
    seconds = (min(until, asked_at + conf.AUTH_SESSIONS_CACHE_TTL) - timezone.now()).total_seconds()
    if cache is None or seconds <= 0 or not breaker.allows_call():
        return
    entry = (
        SCHEMA_VERSION,
        origin or get_origin(),
        asked_at,
        user_id,
        tuple(getattr(session, name) for name in FIELDS),
    )
    breaker.call(cache.add, _key(session.pk), entry, math.ceil(seconds))


def invalidate(session_ids: list[UUID], *, is_committed: bool) -> None:
    """Write tombstones for these sessions, which outlive every entry from before.

    Once the end ``is_committed`` this is tried even where the cache has just failed, for it is what makes a sign-out
    take effect at once; before that it is not, since it would wait with the rows locked.
    """
    cache = _shared_cache()
    if cache is None or not (is_committed or breaker.allows_call()):
        return
    tombstones = {_key(session_id): TOMBSTONE for session_id in session_ids}
    if not tombstones:
        return
    seconds = math.ceil(2 * conf.AUTH_SESSIONS_CACHE_TTL.total_seconds())
    lost = breaker.call(cache.set_many, tombstones, seconds, may_be_slow=True, on_error=list(tombstones))
    if lost:
        logger.warning(
            "The cache was not told that %s sessions end: the cached check may accept them for %s seconds more",
            len(lost),
            conf.AUTH_SESSIONS_CACHE_TTL.total_seconds(),
        )


@functools.cache
def _warn_unshared() -> None:
    """Once in a process: a class that only single views name is seen by no system check."""
    logger.warning("The cached check asks the database: AUTH_SESSIONS_CACHE names no cache that all processes share")


def is_shared() -> bool:
    """Whether the cache of ``AUTH_SESSIONS_CACHE`` is one that all processes share."""
    return _shared_cache() is not None


def _shared_cache() -> BaseCache | None:
    """None where no view uses the cached check, so that no other project's sign-out waits for a cache."""
    alias = conf.AUTH_SESSIONS_CACHE
    if alias is None or not _is_in_use():
        return None
    try:
        cache = caches[alias]
    except Exception:
        logger.exception("There is no cache of sessions")
        return None
    return None if isinstance(cache, UNSHARED) else cache


def _is_in_use() -> bool:
    """Whether either setting says so; a class that only single views name is not seen from a command."""
    return hasattr(settings, "AUTH_SESSIONS_CACHE") or any(
        getattr(authentication, "uses_cache", False) for authentication in api_settings.DEFAULT_AUTHENTICATION_CLASSES
    )


def _key(session_id: Any) -> str:
    return f"{PREFIX}{session_id}"
