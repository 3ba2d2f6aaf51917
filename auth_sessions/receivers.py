"""What happens to sessions when something happens to their user."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.db.models.signals import post_save, pre_delete, pre_save
from django.dispatch import Signal
from django.http import HttpRequest

from auth_sessions import core
from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.core import alive_cache, django_sessions
from auth_sessions.models import Session
from auth_sessions.signals import sessions_ended, sessions_ending

UNJUDGED_FIELDS = {"last_login"}
"""What every sign-in saves; from any other field ``is_active`` may be made."""

SAVED_MARK = "_auth_sessions_saved_password"


def connect() -> None:
    """Listen to the user model, its parents, proxies and children, which send signals under their own names."""
    user_logged_in.connect(begin_browser_session, dispatch_uid="auth_sessions.user_logged_in")
    user_logged_out.connect(end_browser_session, dispatch_uid="auth_sessions.user_logged_out")
    sessions_ending.connect(delete_browser_rows, dispatch_uid="auth_sessions.sessions_ending")
    sessions_ended.connect(delete_browser_entries, dispatch_uid="auth_sessions.sessions_ended")
    sessions_ending.connect(doubt_cached, dispatch_uid="auth_sessions.sessions_ending.cache")
    sessions_ended.connect(doubt_cached, dispatch_uid="auth_sessions.sessions_ended.cache")
    sessions_ended.connect(leave_browser, dispatch_uid="auth_sessions.sessions_ended.leave")
    for parent in get_user_model()._meta.get_parent_list():
        post_save.connect(
            judge_sessions_again, parent, dispatch_uid=f"auth_sessions.post_save.{parent._meta.label_lower}"
        )
    for model in apps.get_models():
        if issubclass(model, get_user_model()):
            name = model._meta.label_lower
            pre_delete.connect(end_sessions_of_deleted_user, model, dispatch_uid=f"auth_sessions.pre_delete.{name}")
            pre_save.connect(notice_hash_upgrade, model, dispatch_uid=f"auth_sessions.pre_save.{name}")
            post_save.connect(judge_sessions_again, model, dispatch_uid=f"auth_sessions.post_save.{name}")


def end_sessions_of_deleted_user(instance: AbstractBaseUser, **kwargs: Any) -> None:
    core.end_before_deletion(instance)


def notice_hash_upgrade(instance: AbstractBaseUser, update_fields: frozenset[str] | None, **kwargs: Any) -> None:
    """Sessions stay when only the hasher changed.

    ``check_password()`` then calls ``set_password()``, clears the raw password it left behind, and saves that field. An
    instance that once saved a password carries a cleared one, too: it is marked, and not mistaken a second time.
    """
    traces = vars(instance)
    cleared_by_upgrade = traces.get("_password", "never set") is None and SAVED_MARK not in traces
    if cleared_by_upgrade and "password" in (update_fields or ()) and is_password_usable(instance.password):
        setattr(instance, SAVED_MARK, True)
        core.upgrade_hash(instance)


def judge_sessions_again(
    instance: AbstractBaseUser,
    created: bool,
    raw: bool,
    using: str,
    update_fields: frozenset[str] | None,
    **kwargs: Any,
) -> None:
    """After a save that may have changed the password or switched the user off."""
    if vars(instance).get("_password") is not None:
        setattr(instance, SAVED_MARK, True)
    if created or raw or (update_fields is not None and update_fields <= UNJUDGED_FIELDS):
        return
    user_id = instance.pk
    transaction.on_commit(lambda: core.end_outdated(user_id), using=using, robust=True)


def begin_browser_session(
    request: HttpRequest | None, user: AbstractBaseUser, session: Session | None = None, **kwargs: Any
) -> None:
    """After Django's ``login()``. A ``session`` in the signal is a token's: ``lifecycle`` sent it."""
    if session is None and request is not None and django_sessions.state(request) is not None:
        django_sessions.begin(request, user)


def end_browser_session(
    request: HttpRequest | None, user: AbstractBaseUser | None, session: Session | None = None, **kwargs: Any
) -> None:
    """Before Django's ``logout()`` forgets the data. A ``session`` in the signal has ended already."""
    if session is not None or request is None or not hasattr(request, "session"):
        return
    if here := django_sessions.here(request):
        rows = core.all_sessions().filter(pk=here.pk)
        rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, actor=user, request=request)
        django_sessions.know(request, None)


def delete_browser_rows(sessions: list[Session], **kwargs: Any) -> None:
    if keys := _browser_keys(sessions):
        django_sessions.delete_rows(keys)


def delete_browser_entries(sessions: list[Session], **kwargs: Any) -> None:
    if keys := _browser_keys(sessions):
        django_sessions.delete_entries(keys)


def _browser_keys(sessions: list[Session]) -> list[str]:
    return [session.browser_key for session in sessions if session.browser_key]


def doubt_cached(signal: Signal, sessions: list[Session], **kwargs: Any) -> None:
    """Before the commit, so that nobody misses it if this process dies; and after, when it may have taken long."""
    of_tokens = (session for session in sessions if session.kind == SessionKind.TOKEN)
    alive_cache.doubt(of_tokens, is_last_word=signal is sessions_ended)


def leave_browser(sessions: list[Session], request: HttpRequest | None, **kwargs: Any) -> None:
    """Where the request's own browser session is among the ended ones, its cookie goes with this answer."""
    keys = {str(session.pk) for session in sessions if session.kind == SessionKind.BROWSER}
    if not keys or request is None or django_sessions.state(request) is None:
        return
    if request.session.get(django_sessions.MARK) in keys:
        request.session.flush()
