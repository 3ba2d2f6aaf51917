"""Actions that end many sessions: after a confirmation, and with entries in the admin log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial, wraps
from typing import Any, TypeVar, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from auth_sessions.admin.columns import full_label, mark_own, warning_label
from auth_sessions.choices import EndReason
from auth_sessions.core import browser_validation
from auth_sessions.core.database import write_alias
from auth_sessions.core.sign_out import end_chosen
from auth_sessions.db.transactions import in_transaction
from auth_sessions.exceptions import SessionNotFound
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet
from auth_sessions.signals import credentials_revoked

T = TypeVar("T")

CONFIRMED = "confirmed"
CONFIRMATION_TEMPLATE = "admin/auth_sessions/revoke_confirmation.html"
MAX_IN_CONFIRMATION = 20
"""How many of the affected sessions the confirmation lists."""
MAX_REVOKED = 10_000
"""How many sessions one action revokes. ``revokeauthsessions`` revokes any number, in batches."""
MAX_DELETED = 500
"""How many sessions one action deletes: the page that asks lists each, and Django limits the fields of a form."""


def revoke(
    modeladmin: admin.ModelAdmin[Any],
    request: HttpRequest,
    selected: QuerySet[Any],
    *,
    sessions: QuerySet[Session],
    action: Any,
    keeps_own: bool = False,
) -> HttpResponse | None:
    """Ask for a confirmation, then end the sessions, write the admin log, and show the number of sessions ended.

    With ``keeps_own`` the session in which the administrator is signed in here is excluded, and that of the app it came
    from; otherwise the confirmation warns about it. More than :data:`MAX_REVOKED` sessions are refused by a message.
    Selected users who have no session are reached, too, where something else may keep them signed in, which a receiver
    of ``credentials_revoked`` ends.
    """
    if acts_for_another(request):
        raise PermissionDenied
    using = router.db_for_write(Session)
    sessions = sessions.using(using).select_related("user", "actor").order_by("user_id", "-pk")
    caller = browser_validation.get_current(request)
    own_keys = [] if caller is None else [caller.pk, caller.sign_in_id]
    own = sessions.filter(pk__in=own_keys).first() if own_keys else None
    if own and keeps_own:
        sessions = sessions.exclude(pk__in=own_keys)
    reaches_all = modeladmin.model is not Session and credentials_revoked.has_listeners(Session)
    user_ids = list(sessions.order_by().values_list("user_id", flat=True)[: MAX_REVOKED + 1])
    if len(user_ids) > MAX_REVOKED:
        warn_of_too_many(modeladmin, request)
        return None
    if CONFIRMED not in request.POST:
        extra = {
            "own": own and full_label(own),
            "keeps_own": keeps_own,
            "session_count": len(user_ids),
            "user_count": len(set(user_ids)),
        }
        if not user_ids and reaches_all:
            extra["user_count"] = selected.count()
        return _confirmation(modeladmin, request, selected, sessions=sessions, action=action, extra=extra)
    affected = list(sessions)

    def log_and_end() -> int:
        log(request, affected, _("Revoked."))
        if modeladmin.model is Session:
            return end(request, sessions, reason=EndReason.REVOKED)
        signed_out = selected if reaches_all else selected.filter(pk__in={session.user_id for session in affected})
        LogEntry.objects.log_actions(actor(request).pk, signed_out, CHANGE, _("Signed out everywhere."))
        return end(request, sessions, reason=EndReason.REVOKED, revoked_users=[user.pk for user in signed_out])

    def run() -> None:
        ended = in_transaction(log_and_end, using=using)
        done = ngettext("%(count)s session revoked.", "%(count)s sessions revoked.", ended)
        modeladmin.message_user(request, done % {"count": localize(ended)}, messages.SUCCESS)

    return unless_signed_out(request, run)


def _confirmation(
    modeladmin: admin.ModelAdmin[Any],
    request: HttpRequest,
    selected: QuerySet[Any],
    *,
    sessions: QuerySet[Session],
    action: Any,
    extra: dict[str, Any],
) -> HttpResponse | None:
    if not extra["user_count"]:
        modeladmin.message_user(request, _("There is no session to end."), messages.WARNING)
        return None
    all_pages = request.POST.get("select_across") == "1"
    listed = list(sessions[:MAX_IN_CONFIRMATION])
    mark_own(request, listed)
    context = {
        **modeladmin.admin_site.each_context(request),
        **extra,
        "title": action.short_description,
        "opts": modeladmin.opts,
        "list_url": request.get_full_path(),
        "labels": [warning_label(session) for session in listed],
        "unlisted_count": extra["session_count"] - MAX_IN_CONFIRMATION,
        # If all are selected, one key and `select_across`: Django refuses a form of more than 1000 fields.
        "selected": selected[:1] if all_pages else selected,
        "select_across": all_pages,
        "action": action.__name__,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "confirmed_name": CONFIRMED,
    }
    request.current_app = modeladmin.admin_site.name
    return TemplateResponse(request, CONFIRMATION_TEMPLATE, context)


def warn_of_too_many(modeladmin: admin.ModelAdmin[Any], request: HttpRequest) -> None:
    """Say that the selection is too large for one request."""
    text = _("More than %(count)s sessions would end. Select fewer, or use manage.py revokeauthsessions.")
    modeladmin.message_user(request, text % {"count": localize(MAX_REVOKED)}, messages.WARNING)


def limited(delete_selected: Callable[..., Any]) -> Callable[..., Any]:
    """Django's action, or the site's own in its place, for at most :data:`MAX_DELETED` sessions."""

    @wraps(delete_selected)
    def action(modeladmin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        if queryset.order_by()[: MAX_DELETED + 1].count() <= MAX_DELETED:
            delete = partial(delete_selected, modeladmin, request, queryset)  # which writes the log first
            return unless_signed_out(request, partial(in_transaction, delete, using=write_alias()))
        text = _("At most %(count)s sessions can be deleted at once. Revoke them instead.")
        modeladmin.message_user(request, text % {"count": localize(MAX_DELETED)}, messages.WARNING)
        return None

    return action


def end(
    request: HttpRequest, chosen: QuerySet[Session], *, reason: EndReason, revoked_users: Collection[Any] = ()
) -> int:
    """End sessions for the administrator: as ``core.sign_out.end_chosen``."""
    return end_chosen(
        cast("SessionQuerySet", chosen),
        caller=browser_validation.get_current(request),
        reason=reason,
        actor=actor(request),
        request=request,
        revoked_users=revoked_users,
    )


def acts_for_another(request: HttpRequest) -> bool:
    """Whether somebody acts in the administrator's name: that person's permission signs out nobody."""
    caller = browser_validation.get_current(request)
    return caller is not None and caller.is_staff_help


def unless_signed_out(request: HttpRequest, call: Callable[[], T]) -> T | HttpResponseRedirect:
    """The result of ``call()``; the sign-in if the administrator has been signed out since the request began."""
    try:
        return call()
    except SessionNotFound:
        return HttpResponseRedirect(request.get_full_path())


def log(request: HttpRequest, sessions: Iterable[Session], message: str = "") -> list[LogEntry]:
    """Write a deletion of each session to the admin log."""
    content_type = ContentType.objects.get_for_model(Session)
    return LogEntry.objects.bulk_create(
        LogEntry(
            user_id=actor(request).pk,
            content_type=content_type,
            object_id=str(session.pk),
            object_repr=full_label(session)[:200],
            action_flag=DELETION,
            change_message=message,
        )
        for session in sessions
    )


def actor(request: HttpRequest) -> AbstractBaseUser:
    """The administrator."""
    return cast("AbstractBaseUser", request.user)
