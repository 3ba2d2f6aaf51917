"""What follows when a person says "This wasn't me": what may be in the hands of somebody else ends."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import api
from auth_sessions.activity.history import history_of
from auth_sessions.activity.models import Activity
from auth_sessions.activity.recording import forget_device
from auth_sessions.activity.signals import activity_reported
from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.credentials import has_password
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.sign_out import acting_refused, end_chosen
from auth_sessions.models import Session
from auth_sessions.paths import path_of

CHANGE_PAGES = ("password_change", "account_change_password")
RESET_PAGES = ("password_reset", "account_reset_password")
"""The names of the pages of ``django.contrib.auth.urls``, and of allauth's."""


def scope_of(activity: Activity, *, current: Session | None) -> Scope:
    """What a report ends: every other session, and the one in which the person reports if the activity is about it.

    An app, and the browsers that it has handed its sign-in over to, are one: a sign-out of the others keeps them all.
    """
    if current is None:
        return Scope.GLOBAL
    own = {current.pk, current.sign_in_id}
    return Scope.OTHERS if own.isdisjoint({activity.session_id, activity.depends_on_id}) else Scope.GLOBAL


def report(activity: Activity, *, current: Session | None, request: HttpRequest) -> Scope:
    """End the sessions of a person who says that an activity was not theirs. Returns the scope of what has ended.

    ``credentials_revoked`` is sent. ``current`` is the session in which they report, None if they are signed in by
    something else; it stays, so that they can choose a new password, unless the activity is about it. Raises
    :class:`~auth_sessions.exceptions.SessionNotFound` if that session has ended, and ``PermissionDenied`` if somebody
    acts in their name.
    """
    if current is not None and current.is_staff_help:
        raise acting_refused()
    scope, using = scope_of(activity, current=current), write_alias()
    if current is not None:
        api.sign_out(current, scope, request=request)
    else:
        user_id = activity.user_id
        sessions = all_sessions().of_person(user_id)
        end_chosen(
            sessions,
            caller=None,
            reason=EndReason.SIGNED_OUT,
            scope=scope,
            actor=activity.user,
            request=request,
            revoked_users=[user_id],
        )
    forget_device(activity, using=using)
    history_of(activity.user_id).filter(pk=activity.pk, reported_at=None).update(reported_at=timezone.now())

    def send() -> None:
        activity_reported.send_robust(sender=Activity, activity=activity, session=current, request=request, using=using)

    transaction.on_commit(send, using=using)
    return scope


def find_password_url(user: Any) -> str:
    """The page for a new password that the project mounts; "" for none."""
    may_change = user is not None and has_password(user)
    names = (*(CHANGE_PAGES if may_change else ()), *RESET_PAGES)
    return next((path for name in names if (path := path_of(name))), "")
