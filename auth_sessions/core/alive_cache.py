"""The cached "alive": an authenticated request without SQL, over Django's cache.

An entry holds a session as the database showed it, and is believed for ``AUTH_SESSIONS_CACHE_TTL`` from the moment it
was asked, never longer. It is only ever added. A session that is ending has its entry overwritten by a word that makes
everybody ask the database: before the transaction commits, and again after. So no slow reader brings a session back
while the word is there, and where the cache lost it the entry's own time is the bound. Nothing is refused by what the
cache says, and nothing it does or fails to do is an error: the database is asked instead.
"""

import functools
import logging
import math
import zlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import transaction
from django.utils import timezone
from rest_framework.settings import api_settings

from auth_sessions import core
from auth_sessions.conf import conf
from auth_sessions.models import Session

logger = logging.getLogger("auth_sessions")

UNSHARED = (DummyCache, LocMemCache, FileBasedCache, BaseDatabaseCache)
"""Of one process, or without an atomic ``add``, or no faster than the question itself."""

SLOW = 0.1
"""Seconds; a cache that takes longer is left alone for a while, as one that fails."""

PAUSE = 5.0
"""Seconds for which this process does not ask a cache that failed; then one request tries it again."""

FIELDS = tuple(field.attname for field in Session._meta.concrete_fields if field.attname != "password_fingerprint")

SHAPE = zlib.crc32(repr(FIELDS).encode())
"""Another release may keep other columns under the same keys; all of them understand the word."""

PREFIX = "auth_sessions."

ENDING = "ending"
"""The word."""


class Breaker:
    """Lets calls through until one fails or is slow; then one in each ``PAUSE``, until that goes well.

    The first answers may take their time: the client is loaded, and connects.
    """

    def __init__(self) -> None:
        self.closed_again_at = 0.0
        self.has_answered = False

    def lets_through(self) -> bool:
        if not self.closed_again_at:
            return True
        now = monotonic()
        if now < self.closed_again_at:
            return False
        self.closed_again_at = now + PAUSE
        return True

    def call(self, operation: Callable[..., Any], *args: Any, may_take_long: bool = False, failed: Any = None) -> Any:
        """What the cache answers; ``failed`` where it fails. What ``may_take_long`` is no reason to leave it alone."""
        is_first, began = not self.has_answered, monotonic()
        try:
            answer = operation(*args)
        except Exception as error:  # noqa: BLE001 - whatever a cache raises: the database is asked instead
            self._open(f"{type(error).__name__}: {error}")
            return failed
        seconds = monotonic() - began
        if seconds <= SLOW:
            self.closed_again_at = 0.0
        elif not is_first and not may_take_long:
            self._open(f"an answer took {seconds:.3f} s")
        self.has_answered = True
        return answer

    def _open(self, reason: str) -> None:
        if not self.closed_again_at:
            logger.warning("The cache of sessions is left alone for a while: %s", reason)
        self.closed_again_at = monotonic() + PAUSE


breaker = Breaker()


def find(session_id: Any, *, user_id: str) -> Session | None:
    """A session that is alive by the cache's word, in one round trip and without SQL; None: ask the database.

    ``user_id`` is the claim of the token. The session has no password fingerprint and no user yet; reading either
    asks the database.
    """
    cache = _shared_cache()
    if cache is None:
        return _tell_that_there_is_none()
    if not breaker.lets_through():
        return None
    entry = breaker.call(cache.get, _key(session_id))
    try:
        shape, asked_at, owner, values = entry
        is_young = timedelta(0) <= timezone.now() - asked_at < conf.CACHE_TTL
        if not is_young or (shape, owner, len(values)) != (SHAPE, user_id, len(FIELDS)):
            return None
        return Session.from_db(core.database(), FIELDS, values)
    except (TypeError, ValueError):  # nothing there, the word, or junk
        return None


def keep(session: Session, *, user_id: str, asked_at: datetime, until: datetime) -> None:
    """Add what the database said when it was asked, at ``asked_at``; to be asked again by ``until`` at the latest.

    Not from within a transaction that may have begun long before: what it sees may be as old.
    """
    connection = transaction.get_connection(core.database())
    if connection.in_atomic_block and not connection.settings_dict["ATOMIC_REQUESTS"]:
        return
    cache = _shared_cache()
    seconds = (min(until, asked_at + conf.CACHE_TTL) - timezone.now()).total_seconds()
    if cache is None or seconds <= 0 or not breaker.lets_through():
        return
    entry = (SHAPE, asked_at, user_id, tuple(getattr(session, name) for name in FIELDS))
    breaker.call(cache.add, _key(session.pk), entry, math.ceil(seconds))


def doubt(sessions: Iterable[Session], *, is_last_word: bool) -> None:
    """Have everybody ask the database for these sessions, for longer than any entry from before is believed.

    The last word is tried even where the cache has just failed, for it is what makes a sign-out bite at once; one
    before it is not, since it would wait with the rows locked.
    """
    cache = _shared_cache()
    if cache is None or not (is_last_word or breaker.lets_through()):
        return
    words = {_key(session.pk): ENDING for session in sessions}
    if not words:
        return
    seconds = math.ceil(2 * conf.CACHE_TTL.total_seconds())
    lost = breaker.call(cache.set_many, words, seconds, may_take_long=True, failed=list(words))
    if lost:
        logger.warning(
            "The cache did not hear that %s sessions end: the cached check may accept them for %s seconds more",
            len(lost),
            conf.CACHE_TTL.total_seconds(),
        )


@functools.cache
def _tell_that_there_is_none() -> None:
    """Once in a process: what single views name, no check can see."""
    logger.warning("The cached check asks the database: AUTH_SESSIONS_CACHE names no cache that all processes share")


def is_shared() -> bool:
    """Whether the cache of ``AUTH_SESSIONS_CACHE`` is one that the cached check can go by."""
    return _shared_cache() is not None


def _shared_cache() -> BaseCache | None:
    """None where no view uses the cached check, so that nobody else's sign-out waits for a cache."""
    alias = conf.CACHE
    if alias is None or not _is_in_use():
        return None
    try:
        cache = caches[alias]
    except Exception:
        logger.exception("There is no cache of sessions")
        return None
    return None if isinstance(cache, UNSHARED) else cache


def _is_in_use() -> bool:
    """By a line in either setting; what single views name cannot be seen from a command."""
    return hasattr(settings, "AUTH_SESSIONS_CACHE") or any(
        getattr(authentication, "asks_cache", False) for authentication in api_settings.DEFAULT_AUTHENTICATION_CLASSES
    )


def _key(session_id: Any) -> str:
    return f"{PREFIX}{session_id}"
