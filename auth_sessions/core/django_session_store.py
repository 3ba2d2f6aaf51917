"""The store of Django's sessions, under every ``SESSION_ENGINE``: the entries, their keys, expiry and deletion."""

import logging
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookieStore
from django.core.cache import caches
from django.db import router
from django.utils import timezone

from auth_sessions import moments
from auth_sessions.conf import conf
from auth_sessions.db.locking import lock
from auth_sessions.db.row_deletion import delete_by_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.masking import conceal

logger = logging.getLogger("auth_sessions")

IN_USE_KEY = "auth_sessions.django_sessions_in_use"
"""An entry of the sessions' cache, written at each login: a cache without it is another, or has been emptied."""


def is_signed_cookie(django_session: SessionBase) -> bool:
    """Whether the cookie holds the data, so that there is no store."""
    return isinstance(django_session, SignedCookieStore)


def entry_key(django_session: SessionBase) -> str | None:
    """The key of the store entry; None under ``signed_cookies``, which has no store."""
    return None if is_signed_cookie(django_session) else conceal(django_session.session_key)


def holds_entry(django_session: SessionBase, key: str) -> bool:
    """Whether the store has an entry with this key, for example again after a rollback."""
    return bool(type(django_session)().exists(key))


def is_about_to_be_saved(django_session: SessionBase) -> bool:
    """Whether Django's ``SessionMiddleware`` saves a session, unless the response is a 5xx."""
    return (django_session.modified or settings.SESSION_SAVE_EVERY_REQUEST) and not django_session.is_empty()


def get_lifetime(django_session: SessionBase) -> timedelta:
    """The lifetime of a Django session that is about to be saved, at most ``AUTH_SESSIONS_LIFETIME``."""
    return at_most_lifetime(timedelta(seconds=django_session.get_expiry_age()))


def get_remaining_lifetime(django_session: SessionBase) -> timedelta:
    """The lifetime of a Django session that was saved earlier, as far as its store tells it, in one SELECT."""
    store = type(django_session)
    if hasattr(store, "get_model_class"):
        entries = _entries(store).filter(session_key=django_session.session_key)
        if expires_at := entries.values_list("expire_date", flat=True).first():
            return at_most_lifetime(-moments.age(expires_at))
    return get_lifetime(django_session)


def at_most_lifetime(age: timedelta) -> timedelta:
    """The age, but no more than ``AUTH_SESSIONS_LIFETIME``."""
    return age if conf.AUTH_SESSIONS_LIFETIME is None else min(age, conf.AUTH_SESSIONS_LIFETIME)


def get_expiry(django_session: SessionBase, *, created_at: datetime) -> datetime:
    """When a Django session expires that is saved now; at most ``AUTH_SESSIONS_LIFETIME`` after ``created_at``."""
    end = moments.add(timezone.now(), timedelta(seconds=django_session.get_expiry_age()))
    longest = conf.AUTH_SESSIONS_LIFETIME
    return end if longest is None else min(end, moments.add_to_past(created_at, longest))


def add_to_entry(django_session: SessionBase, name: str, value: Any) -> None:
    """Add a value to the data as they are in the store now, if the same user is still logged in there.

    What other requests have saved since ``django_session`` was loaded is kept. An entry that is a database row is
    locked meanwhile, and keeps its expiry. Does nothing if the entry is gone, or has a value of this name.
    """
    store: Any = type(django_session)
    if hasattr(store, "get_model_class"):
        using = router.db_for_write(store.get_model_class())

        def add() -> None:
            for entry in lock(_entries(store).filter(session_key=django_session.session_key)):
                data = django_session.decode(entry.session_data)
                if _may_be_added(data, name, django_session):
                    entry.session_data = django_session.encode(data | {name: value})
                    entry.save(update_fields=["session_data"], using=using)
                    _refresh_cache(store, entry, data | {name: value})

        in_transaction(add, using=using)
        return
    fresh = store(django_session.session_key)
    if _may_be_added(fresh, name, django_session):
        fresh[name] = value
        with suppress(UpdateError):  # gone since
            fresh.save()


def _may_be_added(data: Any, name: str, django_session: SessionBase) -> bool:
    user = data.get(SESSION_KEY)
    return user is not None and user == django_session.get(SESSION_KEY) and data.get(name) is None


def _refresh_cache(store: Any, entry: Any, data: dict[str, Any]) -> None:
    """Update the copy of a database row that ``cached_db`` keeps."""
    if hasattr(store, "cache_key_prefix"):
        seconds = (entry.expire_date - timezone.now()).total_seconds()
        try:
            caches[settings.SESSION_CACHE_ALIAS].set(store.cache_key_prefix + entry.session_key, data, seconds)
        except Exception:  # as Django does: the row decides
            logger.exception("The cache of Django's sessions failed")


def note_in_use(django_session: SessionBase) -> None:
    """Let :func:`missing_entries` know that logins go to this store."""
    if _is_cache_only(type(django_session)):
        try:
            caches[settings.SESSION_CACHE_ALIAS].set(IN_USE_KEY, True, None)
        except Exception:
            logger.exception("The cache of Django's sessions failed")


def missing_entries(keys: Iterable[str]) -> set[str]:
    """Those of the keys that have no entry in the store any more, by one statement or one call of the cache.

    Empty where that is not certain: with files and signed cookies, and with a cache that fails, or that this process
    does not share with the logins (:data:`IN_USE_KEY`).
    """
    store, wanted = store_class(), set(keys)
    if not wanted:
        return set()
    if hasattr(store, "get_model_class"):
        return wanted - set(_entries(store).filter(session_key__in=wanted).values_list("session_key", flat=True))
    if not _is_cache_only(store):
        return set()
    cache_keys = {store.cache_key_prefix + key: key for key in wanted}
    try:
        found = caches[settings.SESSION_CACHE_ALIAS].get_many([IN_USE_KEY, *cache_keys])
    except Exception:
        logger.exception("The cache of Django's sessions failed: no session is taken for signed out")
        return set()
    if IN_USE_KEY not in found:
        return set()
    return {key for cache_key, key in cache_keys.items() if cache_key not in found}


def delete_rows(keys: list[str]) -> None:
    """Delete the store entries that are database rows (``db``, ``cached_db``), in the caller's transaction."""
    store = store_class()
    if hasattr(store, "get_model_class"):
        model = store.get_model_class()
        delete_by_key(model, keys, using=router.db_for_write(model))


def delete_entries(keys: Iterable[str]) -> None:
    """Delete the store entries outside of the database: those in a cache by one call, any others (files) one by one."""
    store = store_class()
    if hasattr(store, "cache_key_prefix"):
        caches[settings.SESSION_CACHE_ALIAS].delete_many([store.cache_key_prefix + key for key in keys])
    elif store is not None and not hasattr(store, "get_model_class"):
        for key in keys:
            store(key).delete()


def flush(django_session: SessionBase, *, deleted: Collection[str]) -> None:
    """Django's ``flush()``, without a look into the store for an entry that is ``deleted`` already.

    A store of the project's own may do more, and is asked.
    """
    is_djangos = type(django_session).__module__.startswith("django.contrib.sessions.backends.")
    if is_djangos and django_session.session_key in deleted:
        django_session.clear()
        django_session._session_key = None
    else:
        django_session.flush()


def _entries(store: Any) -> Any:
    """The rows of a store, where it writes them: a replica may lag."""
    model = store.get_model_class()
    return model.objects.using(router.db_for_write(model))


def _is_cache_only(store: Any) -> bool:
    return hasattr(store, "cache_key_prefix") and not hasattr(store, "get_model_class")


def store_class() -> Any:
    """The class that ``SESSION_ENGINE`` provides; None if it is Django's own, whose app is not installed."""
    own = "django.contrib.sessions"
    if settings.SESSION_ENGINE.startswith(f"{own}.") and not apps.is_installed(own):
        return None
    return import_module(settings.SESSION_ENGINE).SessionStore
