"""The store of Django's sessions, under every ``SESSION_ENGINE``: the key of an entry, its expiry and its deletion."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookieStore
from django.core.cache import caches
from django.utils import timezone

from auth_sessions.conf import conf
from auth_sessions.db.deletion import batches
from auth_sessions.masking import conceal


def entry_key(django_session: SessionBase) -> str | None:
    """The key of the store entry; None under ``signed_cookies``, which has no store."""
    return None if isinstance(django_session, SignedCookieStore) else conceal(django_session.session_key)


def get_lifetime(django_session: SessionBase) -> timedelta:
    """The lifetime of a new Django session, at most ``AUTH_SESSIONS_LIFETIME``."""
    age = timedelta(seconds=django_session.get_expiry_age())
    return age if conf.AUTH_SESSIONS_LIFETIME is None else min(age, conf.AUTH_SESSIONS_LIFETIME)


def get_expiry(django_session: SessionBase, *, created_at: datetime) -> datetime:
    """When a Django session expires, counted from now; at most ``AUTH_SESSIONS_LIFETIME`` after ``created_at``."""
    end = timezone.now() + timedelta(seconds=django_session.get_expiry_age())
    return end if conf.AUTH_SESSIONS_LIFETIME is None else min(end, created_at + conf.AUTH_SESSIONS_LIFETIME)


def delete_rows(keys: list[str]) -> None:
    """Delete the store entries that are database rows (``db``, ``cached_db``), in the caller's transaction."""
    store = _store_class()
    if hasattr(store, "get_model_class"):
        for batch in batches(keys):
            store.get_model_class().objects.filter(session_key__in=batch).delete()


def delete_entries(keys: Iterable[str]) -> None:
    """Delete the store entries outside of the database: those in a cache by one call, any others (files) one by one."""
    store = _store_class()
    if hasattr(store, "cache_key_prefix"):
        caches[settings.SESSION_CACHE_ALIAS].delete_many([store.cache_key_prefix + key for key in keys])
    elif store is not None and not hasattr(store, "get_model_class"):
        for key in keys:
            store(key).delete()


def _store_class() -> Any:
    """The class that ``SESSION_ENGINE`` provides; None if ``django.contrib.sessions`` is not installed."""
    if not apps.is_installed("django.contrib.sessions"):
        return None
    return import_module(settings.SESSION_ENGINE).SessionStore
