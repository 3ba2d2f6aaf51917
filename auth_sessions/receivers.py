"""What this app does at signals: Django's of users and logins, and its own of sessions that end."""

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.db.models.signals import post_save, pre_delete, pre_save
from django.dispatch import Signal
from django.http import HttpRequest

from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.core import alive_cache, django_sessions, session_store
from auth_sessions.core.cleanup import end_invalid_sessions
from auth_sessions.core.password_changes import upgrade_hash
from auth_sessions.core.rows import all_sessions, user_models
from auth_sessions.core.sign_out import end_before_deletion
from auth_sessions.db.deletion import EndedSession
from auth_sessions.db.hash_upgrades import is_hash_upgrade, note_saved_password
from auth_sessions.models import Session
from auth_sessions.signals import sessions_ended, sessions_ending

IGNORED_FIELDS = {"last_login"}
"""What every sign-in saves; ``is_active`` may be computed from any other field."""


def connect() -> None:
    """Listen to the user model, its parents, proxies and children, which send signals under their own names."""
    user_logged_in.connect(create_browser_session, dispatch_uid="auth_sessions.user_logged_in")
    user_logged_out.connect(end_browser_session, dispatch_uid="auth_sessions.user_logged_out")
    sessions_ending.connect(delete_store_rows, dispatch_uid="auth_sessions.sessions_ending")
    sessions_ended.connect(delete_store_entries, dispatch_uid="auth_sessions.sessions_ended")
    sessions_ending.connect(invalidate_cache, dispatch_uid="auth_sessions.sessions_ending.cache")
    sessions_ended.connect(invalidate_cache, dispatch_uid="auth_sessions.sessions_ended.cache")
    sessions_ended.connect(flush_own_django_session, dispatch_uid="auth_sessions.sessions_ended.flush")
    models = user_models()
    for model in [*get_user_model()._meta.get_parent_list(), *models]:
        uid = f"auth_sessions.post_save.{model._meta.label_lower}"
        post_save.connect(end_sessions_on_user_save, model, dispatch_uid=uid)
    for model in models:
        label = model._meta.label_lower
        pre_delete.connect(end_sessions_of_deleted_user, model, dispatch_uid=f"auth_sessions.pre_delete.{label}")
        pre_save.connect(keep_sessions_on_hash_upgrade, model, dispatch_uid=f"auth_sessions.pre_save.{label}")


def end_sessions_of_deleted_user(instance: AbstractBaseUser, **kwargs: object) -> None:
    end_before_deletion(instance)


def keep_sessions_on_hash_upgrade(
    instance: AbstractBaseUser, update_fields: frozenset[str] | None, **kwargs: object
) -> None:
    """Sessions stay when only the hasher has changed."""
    if is_hash_upgrade(instance, update_fields) and is_password_usable(instance.password):
        upgrade_hash(instance)


def end_sessions_on_user_save(
    instance: AbstractBaseUser,
    created: bool,
    raw: bool,
    using: str,
    update_fields: frozenset[str] | None,
    **kwargs: object,
) -> None:
    """After a save that may have changed the password or made the user inactive."""
    note_saved_password(instance)
    if created or raw or (update_fields is not None and update_fields <= IGNORED_FIELDS):
        return
    user_id = instance.pk
    transaction.on_commit(lambda: end_invalid_sessions(user_id), using=using, robust=True)


def create_browser_session(
    request: HttpRequest | None, user: AbstractBaseUser, session: Session | None = None, **kwargs: object
) -> None:
    """After Django's ``login()``. A ``session`` in the signal is a token session: ``auth_sessions.api`` sent it."""
    if session is None and request is not None and django_sessions.get_state(request) is not None:
        django_sessions.on_login(request, user)


def end_browser_session(
    request: HttpRequest | None, user: AbstractBaseUser | None, session: Session | None = None, **kwargs: object
) -> None:
    """Before Django's ``logout()`` empties the data. A ``session`` in the signal has ended already."""
    if session is not None or request is None or not hasattr(request, "session"):
        return
    if row := django_sessions.current_row(request):
        rows = all_sessions().filter(pk=row.pk)
        rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, actor=user, request=request)
        django_sessions.set_current(request, None)


def delete_store_rows(records: list[EndedSession], **kwargs: object) -> None:
    if keys := _browser_keys(records):
        session_store.delete_rows(keys)


def delete_store_entries(records: list[EndedSession], **kwargs: object) -> None:
    if keys := _browser_keys(records):
        session_store.delete_entries(keys)


def _browser_keys(records: list[EndedSession]) -> list[str]:
    return [record.browser_key for record in records if record.browser_key]


def invalidate_cache(signal: Signal, records: list[EndedSession], **kwargs: object) -> None:
    """Before the commit, so that no session is missed if this process dies; and after, when it may have taken long."""
    of_tokens = [record.id for record in records if record.kind == SessionKind.TOKEN]
    alive_cache.invalidate(of_tokens, is_committed=signal is sessions_ended)


def flush_own_django_session(records: list[EndedSession], request: HttpRequest | None, **kwargs: object) -> None:
    """Where the request's own browser session is among the ended ones, its cookie goes with this answer."""
    keys = {str(record.id) for record in records if record.kind == SessionKind.BROWSER}
    if not keys or request is None or django_sessions.get_state(request) is None:
        return
    if request.session.get(django_sessions.SESSION_ID_KEY) in keys:
        request.session.flush()
