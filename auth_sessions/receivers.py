"""The receivers of Django's signals about users and logins, and of the app's own about sessions that end."""

import logging
from collections.abc import Sequence
from functools import partial
from importlib import import_module

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.signals import got_request_exception
from django.db import DEFAULT_DB_ALIAS, close_old_connections
from django.db.models.signals import post_save, pre_delete, pre_save
from django.dispatch import Signal
from django.http import HttpRequest

from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.core import (
    browser_acting,
    browser_dropped,
    browser_rows,
    browser_state,
    django_session_store,
    login_methods,
    password_changes,
    session_cache,
)
from auth_sessions.core.database import all_sessions, user_models
from auth_sessions.core.presented import SESSION_ID_KEY
from auth_sessions.core.sign_out import end_before_deletion
from auth_sessions.core.usage import mark_reauthenticated
from auth_sessions.core.user_saves import end_after_save, get_stored_password, is_new_password, revoke_before_save
from auth_sessions.db.ended_session import EndedSession
from auth_sessions.db.ending import records_ended, records_ending
from auth_sessions.db.hash_upgrades import has_new_password, is_hash_upgrade, mark_saved
from auth_sessions.db.transactions import call_on_commit
from auth_sessions.db.user_deletion import BY_HAND, deleted_together, skip_deleted
from auth_sessions.models import Session

logger = logging.getLogger("auth_sessions")

IGNORED_FIELDS = {"last_login"}
"""Saved at every sign-in. ``is_active`` may be a property that depends on any other field."""


STORED_PASSWORD = "_auth_sessions_stored_password"  # noqa: S105
"""The attribute of a user that is being saved: the stored hash that the save overwrites, or None."""

IS_REVOKED = "_auth_sessions_is_revoked"
"""The attribute of a user that is being saved: whether ``credentials_revoked`` was sent before."""


def connect() -> None:
    """Connect the receivers: to the user model, its parents, proxies and children, each of which is a sender itself."""
    user_logged_in.connect(create_browser_session, dispatch_uid="auth_sessions.user_logged_in")
    user_logged_out.connect(end_browser_session, dispatch_uid="auth_sessions.user_logged_out")
    got_request_exception.connect(end_unsent_login, dispatch_uid="auth_sessions.got_request_exception")
    records_ending.connect(delete_store_rows, dispatch_uid="auth_sessions.records_ending")
    records_ended.connect(delete_store_entries, dispatch_uid="auth_sessions.records_ended")
    records_ending.connect(invalidate_cache, dispatch_uid="auth_sessions.records_ending.cache")
    records_ended.connect(invalidate_cache, dispatch_uid="auth_sessions.records_ended.cache")
    records_ended.connect(flush_own_django_session, dispatch_uid="auth_sessions.records_ended.flush")
    if apps.is_installed("allauth.account"):
        allauth = import_module("allauth.account.signals")
        uid = "auth_sessions.authentication_step_completed"
        allauth.authentication_step_completed.connect(record_reauthentication, dispatch_uid=uid)
    models = user_models()
    for model in [*get_user_model()._meta.get_parent_list(), *models]:
        label = model._meta.label_lower
        pre_save.connect(note_password_before_user_save, model, dispatch_uid=f"auth_sessions.pre_save.{label}")
        post_save.connect(end_sessions_on_user_save, model, dispatch_uid=f"auth_sessions.post_save.{label}")
    for model in models:
        uid = f"auth_sessions.pre_delete.{model._meta.label_lower}"
        pre_delete.connect(end_sessions_of_deleted_users, model, dispatch_uid=uid)


def end_sessions_of_deleted_users(
    instance: AbstractBaseUser, origin: object = BY_HAND, using: str = DEFAULT_DB_ALIAS, **kwargs: object
) -> None:
    """Before users are deleted, end their sessions: with the first of them, those of all."""
    if user_ids := deleted_together(instance, origin=origin, using=using, receiver=__name__):
        end_before_deletion(user_ids)
        skip_deleted(instance, Session, origin=origin, using=using)


def note_password_before_user_save(
    instance: AbstractBaseUser, raw: bool, using: str, update_fields: frozenset[str] | None, **kwargs: object
) -> None:
    """Note the hash that is stored, and keep the sessions when only the hasher of the password has changed."""
    attributes = vars(instance)
    attributes[STORED_PASSWORD], attributes[IS_REVOKED] = None, False
    if raw:
        return
    if is_hash_upgrade(instance, update_fields) and is_password_usable(instance.password):
        mark_saved(instance)
        password_changes.upgrade_hash(instance)
    else:
        attributes[STORED_PASSWORD] = get_stored_password(instance, update_fields, using=using)
        attributes[IS_REVOKED] = revoke_before_save(instance, attributes[STORED_PASSWORD])


def end_sessions_on_user_save(
    instance: AbstractBaseUser,
    created: bool,
    raw: bool,
    using: str,
    update_fields: frozenset[str] | None,
    **kwargs: object,
) -> None:
    """After a save that has changed the password, or after which the user is refused, end the sessions concerned."""
    stored, is_revoked = vars(instance).pop(STORED_PASSWORD, None), vars(instance).pop(IS_REVOKED, False)
    if has_new_password(instance):
        mark_saved(instance)
    if created or raw or (update_fields is not None and update_fields <= IGNORED_FIELDS):
        return
    user_id, has_changed = instance.pk, is_new_password(instance, stored)
    if has_changed:
        password_changes.announce(instance, using=using)

    end = partial(end_after_save, user_id, has_new_password=has_changed, is_revoked=is_revoked)
    call_on_commit(end, using=using)


def create_browser_session(
    request: HttpRequest | None, user: AbstractBaseUser, session: Session | None = None, **kwargs: object
) -> None:
    """After Django's ``login()``, create the row. A signal with a ``session`` is that of ``auth_sessions.api``."""
    if session is None and request is not None and browser_state.get_state(request) is not None:
        browser_acting.on_login(request, user)


def end_unsent_login(request: HttpRequest | None = None, **kwargs: object) -> None:
    """After an exception: the response that has passed the app's middleware is not sent, nor the cookie of a login.

    Django calls it for an async request in any thread, whose connection nothing else would close.
    """
    state = browser_state.get_state(request)
    if request is None or state is None or not state.is_answered:
        return
    try:
        browser_dropped.end_unsent(request)
    except Exception:
        logger.exception("The session of a login that has failed could not be ended")
    finally:
        close_old_connections()


def record_reauthentication(
    request: HttpRequest, user: AbstractBaseUser, method: str, reauthenticated: bool = False, **kwargs: object
) -> None:
    """After a re-authentication by allauth, which is a later proof of identity; a step of a login is recorded by it."""
    session = browser_rows.current_row(request) if reauthenticated and hasattr(request, "session") else None
    if session is None or session.user_id != user.pk:
        return
    state = browser_state.get_state(request)
    if state is not None and state.session == session:
        session = state.session
    methods = login_methods.methods_of_step({**kwargs, "method": method})
    mark_reauthenticated(session, amr=methods, request=request)


def end_browser_session(
    request: HttpRequest | None, user: AbstractBaseUser | None, session: Session | None = None, **kwargs: object
) -> None:
    """Before Django's ``logout()`` flushes the data, end the row. The ``session`` in a signal has ended already."""
    if session is not None or request is None or not hasattr(request, "session"):
        return
    state = browser_state.get_state(request)
    row = browser_rows.validated_row(request) or browser_rows.current_row(request)
    if state is not None:
        state.has_logged_out = True
        state.is_signed_out = row is not None
        state.has_left_acting = row is not None and row.actor_id is not None
    if row:
        rows = all_sessions().filter(pk=row.pk)
        rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, actor=user, request=request)
        browser_state.set_current(request, None)


def delete_store_rows(records: Sequence[EndedSession], **kwargs: object) -> None:
    """Delete the store entries that are database rows, in the transaction in which the sessions end."""
    if keys := _django_session_keys(records):
        django_session_store.delete_rows(keys)


def delete_store_entries(records: Sequence[EndedSession], **kwargs: object) -> None:
    """Delete the store entries outside of the database, after the commit."""
    if keys := _django_session_keys(records):
        django_session_store.delete_entries(keys)


def _django_session_keys(records: Sequence[EndedSession]) -> list[str]:
    return [record.django_session_key for record in records if record.django_session_key]


def invalidate_cache(
    signal: Signal, records: Sequence[EndedSession], reason: EndReason, using: str, is_certain: bool, **kwargs: object
) -> None:
    """Write tombstones before the commit, in case the process dies after it, and again after the commit.

    The second tombstone is for a transaction that took longer than the first one lasts. If it ``is_certain``
    that the rows are gone, it refuses requests, unless the database has another code for them.
    """
    of_tokens = (record.id for record in records if record.kind == SessionKind.TOKEN)
    is_committed = signal is records_ended
    refuses = is_committed and is_certain and reason not in {EndReason.USER_DELETED, EndReason.USER_INACTIVE}
    database_id = session_cache.get_database_id(using) if refuses else None
    session_cache.invalidate(of_tokens, is_committed=is_committed, database_id=database_id)


def flush_own_django_session(records: Sequence[EndedSession], request: HttpRequest | None, **kwargs: object) -> None:
    """If the request's own browser session has ended, flush Django's session: the response deletes the cookie."""
    keys = {str(record.id) for record in records if record.kind == SessionKind.BROWSER}
    state = None if request is None else browser_state.get_state(request)
    if not keys or request is None or state is None:
        return
    browser_state.forget_presented(request, keys)
    if request.session.get(SESSION_ID_KEY) in keys:
        state.session, state.has_left_acting = None, state.presented.acting is not None
        django_session_store.flush(request.session, deleted=_django_session_keys(records))
        state.is_signed_out = True
