"""The cached check: authenticates a request without SQL, from an entry in Django's cache.

An entry holds a session as it was read from one database. It is accepted for that database only, and for no longer than
``AUTH_SESSIONS_CACHE_TTL`` after the read. A reader adds an entry and never overwrites one. When a session ends, a
tombstone overwrites its entry, before the transaction commits and again after the commit. While a tombstone exists, a
slow reader therefore cannot bring the session back. If the cache loses it, the age limit of the entry still applies.

A tombstone that was written after the commit refuses a request by itself, for the same database only. For one that was
written before, which may be rolled back, the database is read, and so it is for the end of a session in a transaction
of the project (``db.transactions.is_own``), and when the cache fails: never an error.
"""

import functools
import hashlib
import json
import logging
import math
import re
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.db.models import DateTimeField, ForeignKey, UUIDField
from django.utils import timezone
from rest_framework.settings import api_settings

from auth_sessions.conf import conf
from auth_sessions.core.circuit_breaker import CircuitBreaker
from auth_sessions.core.database import write_alias
from auth_sessions.core.usage import next_touch_at
from auth_sessions.exceptions import SessionNotFound
from auth_sessions.models import Session

logger = logging.getLogger("auth_sessions")

UNSHARED = (DummyCache, LocMemCache, FileBasedCache, BaseDatabaseCache)
"""Backends that the cached check does not use.

They belong to one process, have no atomic ``add()``, or are no faster than the SELECT that they would replace.
"""

FIELDS = tuple(field for field in Session._meta.concrete_fields if field.attname != "password_fingerprint")

NAMES = tuple(field.attname for field in FIELDS)

USER: Any = Session._meta.get_field("user")

WRITTEN_AS_TEXT = tuple(isinstance(field, (DateTimeField, ForeignKey, UUIDField)) for field in FIELDS)
"""The values that JSON cannot hold, or, for the key of a user, may not be able to hold."""

SCHEMA_VERSION = zlib.crc32(repr((NAMES, "two lines")).encode())
"""A release with other columns has another version, and ignores these entries. The tombstone is the same in all."""

SERVER_OPTIONS = (
    *("service", "host", "hostaddr", "port", "dbname", "db", "database", "unix_socket", "read_default_file"),
    "assume_role",
)
"""Options of the database drivers that may select another server or database than ``HOST``, ``PORT`` and ``NAME``, and
the one of Django's that may select another schema: that of the role."""

SEARCH_PATH = re.compile(r"search[_-]path\s*=\s*((?:\\.|\S)*)", re.DOTALL | re.IGNORECASE)
"""The schemas in the option ``options`` of PostgreSQL's drivers, where a space is escaped, and a name may be written
with dashes and in capitals."""

PREFIX = "auth_sessions."

TOMBSTONE = "ended"
"""Replaces the entry of a session that ends. If it refuses by itself, the id of the database follows."""


breaker = CircuitBreaker()


def get_database_id(using: str | None = None) -> str:
    """The id of a database, 32 hex digits: a digest of alias, server, name, schema. By default it is the one read now.

    It separates tenants, and stages, that share a cache and a ``SECRET_KEY``. The schema is that of the ``search_path``
    in the settings, and ``connection.schema_name``, where a package such as django-tenants sets it.
    """
    connection = connections[using or write_alias()]
    values = connection.settings_dict
    options = values.get("OPTIONS")
    return _digest(
        connection.alias,
        connection.vendor,
        *[str(values.get(name, "")) for name in ("HOST", "PORT", "NAME")],
        *[str(options.get(name, "")) for name in SERVER_OPTIONS if options],
        *(SEARCH_PATH.findall(str(options["options"])) if options and "options" in options else ()),
        str(getattr(connection, "schema_name", "")),
    )


@functools.lru_cache(maxsize=10_000)
def _digest(*values: str) -> str:
    return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()


class Entry:
    """A session from the cache: what decides about a request, and the session itself, which is built when it is used.

    ``touch_at`` is that of ``core.usage.next_touch_at``; ``values`` are those of the session's columns, as JSON. The
    session has neither password fingerprint nor user yet: either is read from the database when it is used.
    """

    def __init__(self, using: str, touch_at: float, confirmed_generation: int, user_key: Any, values: str) -> None:
        self.using, self.touch_at, self.confirmed_generation = using, touch_at, confirmed_generation
        self.user_id, self.values = USER.to_python(user_key), values

    @functools.cached_property
    def session(self) -> Session:
        return Session.from_db(self.using, NAMES, _from_plain(json.loads(self.values)))


def get(session_id: UUID, *, user_id: str, database_id: str | None = None) -> Entry | None:
    """The entry of a session that is accepted, in one round trip and without SQL; None: read the database.

    ``user_id`` is the claim of the token. ``database_id`` identifies the database that is read otherwise, by default
    :func:`get_database_id`. The caller compares its times. Raises :class:`~auth_sessions.exceptions.SessionNotFound`
    for a tombstone that was written after the commit.
    """
    cache = _shared_cache()
    if cache is None:
        _warn_unshared()
        return None
    if not breaker.allows_call():
        return None
    entry, database_id = breaker.call(cache.get, _key(session_id)), database_id or get_database_id()
    if entry == _final_tombstone(database_id):
        raise SessionNotFound(session_id=session_id)
    return _accepted(entry, user_id=user_id, database_id=database_id)


def _accepted(entry: Any, *, user_id: str, database_id: str) -> Entry | None:
    try:
        text = entry.decode() if isinstance(entry, bytes) else entry  # some caches return a text as bytes
        decisive, _, values = text.partition("\n")
        version, source, owner, read_at, touch_at, confirmed, user_key = json.loads(decisive)
        if (version, source, owner) != (SCHEMA_VERSION, database_id, user_id):
            return None
        if not 0 <= timezone.now().timestamp() - read_at < conf.AUTH_SESSIONS_CACHE_TTL.total_seconds():
            return None
        return Entry(write_alias(), touch_at, confirmed, user_key, values)
    except (AttributeError, TypeError, ValueError, ValidationError):  # none, a tombstone, or in another format
        return None


def add(session: Session, *, user_id: str, read_at: datetime, until: float, database_id: str | None = None) -> None:
    """Add the entry of a live session that was read from the database at ``read_at``.

    It is kept until ``until`` (Unix time) at the latest; the other arguments are those of :func:`get`. Does nothing in
    a transaction, unless the project uses ``ATOMIC_REQUESTS``: the transaction may have started long before, and what
    it reads may be as old.
    """
    connection = transaction.get_connection(write_alias())
    if connection.in_atomic_block and not connection.settings_dict["ATOMIC_REQUESTS"]:
        return
    cache, read_seconds = _shared_cache(), read_at.timestamp()
    ttl = conf.AUTH_SESSIONS_CACHE_TTL.total_seconds()
    seconds = min(until, read_seconds + ttl) - timezone.now().timestamp()
    if cache is None or seconds <= 0 or not breaker.allows_call():
        return
    values, source = _to_plain(session), database_id or get_database_id()
    of_session = next_touch_at(session), session.confirmed_generation, values[NAMES.index(USER.attname)]
    decisive = (SCHEMA_VERSION, source, user_id, read_seconds, *of_session)
    entry = f"{json.dumps(decisive)}\n{json.dumps(values)}"
    breaker.call(cache.add, _key(session.pk), entry, math.ceil(seconds))


def _to_plain(session: Session) -> list[Any]:
    """The values of a session as JSON has them: an entry is a string, which every serializer of a cache can hold."""
    values = zip(FIELDS, WRITTEN_AS_TEXT, (getattr(session, name) for name in NAMES), strict=True)
    return [
        field.value_to_string(session) if is_text and value is not None else value for field, is_text, value in values
    ]


def _from_plain(values: list[Any]) -> list[Any]:
    written = zip(FIELDS, WRITTEN_AS_TEXT, values, strict=True)
    return [field.to_python(value) if is_text and value is not None else value for field, is_text, value in written]


def invalidate(session_ids: Iterable[UUID], *, is_committed: bool, database_id: str | None = None) -> None:
    """Write tombstones for these sessions, which outlive every entry that was added before.

    With a ``database_id`` they refuse requests of that database by themselves (``session_not_found``). With
    ``is_committed`` the cache is called even if it has just failed, because the tombstone makes a sign-out take effect
    at once. Before the commit it is not called then: the rows would stay locked while it is waited for.

    Where a cache refuses a committed tombstone (it is full), the entries are deleted instead. If it refuses that, too
    (it is a read-only replica), this process does not read it for ``AUTH_SESSIONS_CACHE_TTL``, after which no process
    accepts the entries any more; an error is logged.
    """
    cache = _shared_cache()
    if cache is None or not (is_committed or breaker.allows_call()):
        return
    tombstone = TOMBSTONE if database_id is None else _final_tombstone(database_id)
    tombstones = dict.fromkeys(map(_key, session_ids), tombstone)
    if not tombstones:
        return
    ttl = conf.AUTH_SESSIONS_CACHE_TTL.total_seconds()
    lost = breaker.call(cache.set_many, tombstones, math.ceil(2 * ttl), may_be_slow=True, on_error=list(tombstones))
    if not lost or not is_committed:
        return
    failure = object()
    if breaker.call(cache.delete_many, lost, may_be_slow=True, on_error=failure) is failure:
        breaker.hold_open(ttl)
        logger.error(
            "The cache did not receive the end of %s sessions: the cached check of other processes may accept them for "
            "%s seconds more, during which this process reads the database",
            len(lost),
            ttl,
        )


@functools.cache
def _warn_unshared() -> None:
    """Log a warning once per process: no system check sees a class that is set on single views only."""
    logger.warning("The cached check reads the database: AUTH_SESSIONS_CACHE is not a cache that all processes share")


def is_shared() -> bool:
    """Whether the cached check has a cache that all processes share."""
    return _shared_cache() is not None


def _shared_cache() -> BaseCache | None:
    """The cache named by ``AUTH_SESSIONS_CACHE``; None if processes do not share it.

    Also None where no view uses the cached check, so that a sign-out in such a project never waits for a cache.
    """
    alias = conf.AUTH_SESSIONS_CACHE
    if alias is None or not _is_in_use():
        return None
    try:
        cache = caches[alias]
    except Exception:
        logger.exception("The cache of sessions cannot be opened")
        return None
    return None if isinstance(cache, UNSHARED) else cache


def _is_in_use() -> bool:
    """Whether a setting shows that the cached check is used. A command sees no class that is set on single views."""
    return any(
        getattr(authentication, "uses_cache", False) for authentication in api_settings.DEFAULT_AUTHENTICATION_CLASSES
    ) or hasattr(settings, "AUTH_SESSIONS_CACHE")


def _final_tombstone(database_id: str) -> str:
    return f"{TOMBSTONE} {database_id}"


def _key(session_id: Any) -> str:
    return f"{PREFIX}{session_id}"
