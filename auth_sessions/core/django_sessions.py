"""A session carried by Django's own session cookie: its row is named in the session's data, its store entry by the row.

The name in the data decides: data that names a row which is gone is signed out, whatever the engine still holds. The
key of the store entry, kept in the row, only serves to delete the entry as well.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookieStore
from django.core.cache import caches
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from auth_sessions import core, exceptions
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.db.deletion import batches
from auth_sessions.models import Session

SLACK = timedelta(minutes=1)
"""An end of a session that moved by less is not written."""

MARK = "_auth_sessions_id"
"""The item of the session's data that names the row."""

STATE = "_auth_sessions_browser"
"""The attribute of a request that passed the middleware."""


@dataclass
class State:
    """What is known of the session of one request: nothing, until somebody asks for the user or signs in."""

    session: Session | None = None


def state(request: HttpRequest | Any) -> State | None:
    """None for a request that did not come through the middleware. DRF's requests share that of Django's."""
    return getattr(request, STATE, None)


def current(request: HttpRequest) -> Session | None:
    """The browser session that a request comes from, if the middleware is installed and the person signed in."""
    known = state(request)
    if known is None or not request.user.is_authenticated or known.session is None:
        return None
    return known.session if known.session.user_id == request.user.pk else None


def holds(store: SessionBase, user: Any) -> bool:
    """Whether Django's session is signed in as this user."""
    return (
        isinstance(user, AbstractBaseUser)  # a service's stand-in is not
        and not store.is_empty()
        and store.get(SESSION_KEY) == user._meta.pk.value_to_string(user)
    )


def _knows_password(store: SessionBase, user: AbstractBaseUser) -> bool:
    """Whether the data carries Django's session hash of the user's password, which Django compares for its own user."""
    known = store.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(known, each) for each in hashes)


def begin(request: HttpRequest, user: AbstractBaseUser) -> None:
    """After Django's ``login()``: the row of a new session; for a person who signed in again here, the same row."""
    if not holds(request.session, user):
        return
    session = here(request)
    if session is not None and session.user_id == user.pk:
        reason = _over(session, user)
        if reason is None and core.prove_again(session, user):
            _take(request, session, user)
            return
        _leave(request.session)
        if reason is not None:
            core.all_sessions().filter(pk=session.pk).end(reason=reason, actor=user)
    adopt(request, user)


def _leave(store: SessionBase) -> None:
    """Keep the data, but not under the key and the name of a session that ends."""
    store.pop(MARK, None)
    store.cycle_key()


def here(request: HttpRequest) -> Session | None:
    """The row that the session names, or will name once this request's transaction is over."""
    session = named(request.session)
    if session is None and (known := state(request)) is not None:
        session = known.session
    return session


def adopt(request: HttpRequest, user: AbstractBaseUser, *, is_proved: bool = True, cookie: str | None = None) -> bool:
    """A row for signed-in data that names none; False for a user who is inactive, or has just been deleted.

    It is named on commit, so that the data does not name a row that was rolled back. A signed ``cookie`` that was
    presented so is known by its digest until then: its tabs share one row.
    """
    store = request.session
    if not store.session_key:
        store.cycle_key()
    key = _stored_key(store) or (hashlib.sha256(cookie.encode()).hexdigest() if cookie else None)
    try:
        session: Session | None = core.start(
            user,
            request=request,
            kind=SessionKind.BROWSER,
            lifetime=_lifetime(store),
            browser_key=key,
            is_proved=is_proved,
        )
    except IntegrityError:  # another request of this browser was first
        session = core.all_sessions().filter(browser_key=key, user_id=user.pk).first()
    except exceptions.SessionOver:
        session = None
    if session is None:
        return False
    _take(request, session, user)
    return True


def _take(request: HttpRequest, session: Session, user: AbstractBaseUser) -> None:
    """Make it the session of this request, and name it in the data, which Django may have just emptied."""
    know(request, session)
    transaction.on_commit(partial(_name, request, session, user), using=core.database())


def _name(request: HttpRequest, session: Session, user: AbstractBaseUser) -> None:
    known = state(request)
    if (known is None or known.session is session) and holds(request.session, user):  # and nobody signed out meanwhile
        request.session[MARK] = str(session.pk)


def know(request: HttpRequest, session: Session | None) -> None:
    """Remember whose session this request comes from."""
    if (known := state(request)) is not None:
        known.session = session


def judge(request: HttpRequest, user: AbstractBaseUser) -> bool:
    """Whether a person whom Django takes for signed in still is, in one SELECT; notes that the session was in use.

    A user whom a middleware put in the place of the session's own (impersonation) is signed in as long as that is.
    """
    store = request.session
    is_owner = holds(store, user)
    if not is_owner and store.get(SESSION_KEY) is None:
        return True  # signed in by something else than this session
    if MARK not in store:
        return not is_owner or adopt(request, user, is_proved=False, cookie=store.session_key)
    session = named(store)
    if session is None:
        return False
    owner = user if is_owner else session.user
    if session.user_id != owner.pk or not holds(store, owner) or _over(session, owner):
        return False
    if not is_owner and not _knows_password(store, owner):
        _end_if_over(session)
        return False
    know(request, session)
    key = _stored_key(store) or session.browser_key
    core.touch_browser(session, expires_at=_expires_at(session, store), browser_key=key)
    return True


def _over(session: Session, user: AbstractBaseUser) -> EndReason | None:
    session.user = user  # type: ignore[assignment]
    return core.over(session, last_used_at=session.last_seen_at)


def settle(request: HttpRequest, *, failed: bool) -> None:
    """At the end of a request: follow what the view made of the session.

    Its expiry ("remember me", after ``login()``), and a new password (``update_session_auth_hash()``). Where the
    request ``failed``, an open transaction may yet be rolled back, and the row with it.
    """
    known, store = state(request), request.session
    if known is None or known.session is None or store.is_empty():
        return
    session = known.session
    if MARK not in store and not failed and _is_in_open_transaction(session):
        _name(request, session, session.user)
    if not store.modified:
        return
    expires_at = _expires_at(session, store)
    if session.expires_at is None or abs(expires_at - session.expires_at) > SLACK:
        core.move_end(session, expires_at)
    if _knows_password(store, session.user):
        core.follow_password(session)


def _is_in_open_transaction(session: Session) -> bool:
    """Whether the row is there in a transaction that outlives the request, as that of Django's ``TestCase``."""
    connection = transaction.get_connection(core.database())
    if not connection.in_atomic_block or connection.needs_rollback:
        return False
    return core.all_sessions().filter(pk=session.pk).exists()


def is_left(request: HttpRequest) -> bool:
    """Whether a request came with the cookie of a Django session that nobody is signed in with (any more)."""
    return (
        state(request) is not None
        and settings.SESSION_COOKIE_NAME in request.COOKIES
        and not request.user.is_authenticated
    )


def drop(mark: str) -> None:
    """End the row of a session that Django itself has just refused: another password, or no such user any more."""
    if session := _find(mark):
        _end_if_over(session)


def _end_if_over(session: Session) -> None:
    reason = core.over(session, last_used_at=session.last_seen_at, django_judges=False)
    if reason is not None:  # else it is an old copy of the cookie that was refused
        core.all_sessions().filter(pk=session.pk).end(reason=reason)


def named(store: SessionBase) -> Session | None:
    """The row that Django's session names, if it is there."""
    return None if store.is_empty() else _find(store.get(MARK))


def _find(mark: Any) -> Session | None:
    try:
        key = uuid.UUID(mark)
    except (TypeError, ValueError, AttributeError):
        return None
    session = core.find(key)
    return session if session is not None and session.kind == SessionKind.BROWSER else None


def _stored_key(store: SessionBase) -> str | None:
    """The key of the entry in the engine's store; None where the cookie itself is the store."""
    return None if isinstance(store, SignedCookieStore) else store.session_key


def _lifetime(store: SessionBase) -> timedelta:
    age = timedelta(seconds=store.get_expiry_age())
    return age if conf.LIFETIME is None else min(age, conf.LIFETIME)


def _expires_at(session: Session, store: SessionBase) -> datetime:
    """Django's own expiry, as of now, but never beyond the absolute end."""
    end = timezone.now() + timedelta(seconds=store.get_expiry_age())
    return end if conf.LIFETIME is None else min(end, session.created_at + conf.LIFETIME)


def delete_rows(keys: list[str]) -> None:
    """Delete the entries of these sessions where they are rows (``db``, ``cached_db``), in the caller's transaction."""
    store = _store_class()
    if hasattr(store, "get_model_class"):
        for batch in batches(keys):
            store.get_model_class().objects.filter(session_key__in=batch).delete()


def delete_entries(keys: Iterable[str]) -> None:
    """Delete the entries where they are elsewhere: in the cache at once, in any other store one by one."""
    store = _store_class()
    if hasattr(store, "cache_key_prefix"):
        caches[settings.SESSION_CACHE_ALIAS].delete_many([store.cache_key_prefix + key for key in keys])
    elif store is not None and not hasattr(store, "get_model_class"):
        for key in keys:
            store(key).delete()


def _store_class() -> Any:
    """None where the project no longer uses Django's sessions."""
    if not apps.is_installed("django.contrib.sessions"):
        return None
    return import_module(settings.SESSION_ENGINE).SessionStore
