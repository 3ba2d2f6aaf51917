"""The administrator's desk: look at sessions, and revoke them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.admin.utils import display_for_value
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from auth_sessions.querysets import LAST_USED_AT, SessionQuerySet

CONFIRMED = "confirmed"
CONFIRMATION_TEMPLATE = "admin/auth_sessions/revoke_confirmation.html"
LISTED = 20
"""How many of the affected sessions the confirmation names."""

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Session]
else:
    ModelAdmin = admin.ModelAdmin


class LiveFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", _("Live")), ("expired", _("Expired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        live = Session.objects.live().values("pk")
        if self.value() == "live":
            return queryset.filter(pk__in=live)
        if self.value() == "expired":
            return queryset.exclude(pk__in=live)
        return queryset


@admin.register(Session)
class SessionAdmin(ModelAdmin):
    """Read-only; deleting a session signs its device out."""

    list_display = ("user", "device_label", "ip_address", "last_used", "expires_at")
    list_display_links = ("device_label",)
    list_filter = (LiveFilter, "kind")
    list_select_related = ("user", "refresh_token")
    ordering = ("-pk",)
    show_full_result_count = False
    actions = ("revoke_selected", "revoke_others")
    fields = (
        "user",
        "device_label",
        "kind",
        "user_agent",
        "ip_address",
        "created_at",
        "authenticated_at",
        "last_used",
        "expires_at",
        "tag",
        "amr",
    )

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (f"user__{get_user_model().USERNAME_FIELD}",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No guessing of the fingerprint by filters in the address, as Django's user admin has it for passwords."""
        return not lookup.startswith("password_fingerprint") and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    @admin.display(description=_("device"))
    def device_label(self, session: Session) -> str:
        """The device, and before it the person's own name for it."""
        label = session.device.label
        return f"{session.name} ({label})" if session.name else label

    @admin.display(description=_("last seen"), ordering=LAST_USED_AT)
    def last_used(self, session: Session) -> str:
        return display_for_value(session.last_used_at, self.get_empty_value_display())

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Names whose devices they are; what goes with them stands in the summary."""
        _objects, counts, missing_permissions, protected = super().get_deleted_objects(objs, request)
        return [_full_label(session) for session in objs], counts, missing_permissions, protected

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Session]) -> list[LogEntry]:
        return _log(request, queryset)

    def delete_model(self, request: HttpRequest, obj: Session) -> None:
        self.delete_queryset(request, Session.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        cast("SessionQuerySet", queryset).end(reason=EndReason.DELETED, actor=_actor(request), request=request)

    @admin.action(description=_("Revoke selected sessions"), permissions=["delete"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse | None:
        return _revoke(self, request, queryset, sessions=queryset, action=self.revoke_selected)

    @admin.action(description=_("Revoke other sessions"), permissions=["delete"])
    def revoke_others(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse | None:
        """Ends every other session of the selected sessions' users; the selected stay."""
        others = Session.objects.filter(user__in=queryset.values("user")).exclude(pk__in=queryset.values("pk"))
        return _revoke(self, request, queryset, sessions=others, action=self.revoke_others)


@admin.action(description=_("Sign out everywhere"))
def sign_out_everywhere(
    modeladmin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """An action for ``UserAdmin.actions``: ends every session of the selected users.

    Needs the permission ``auth_sessions.delete_session``.
    """
    if not request.user.has_perm("auth_sessions.delete_session"):
        raise PermissionDenied
    sessions = Session.objects.filter(user__in=queryset.values("pk"))
    return _revoke(modeladmin, request, queryset, sessions=sessions, action=sign_out_everywhere)


def _revoke(
    modeladmin: admin.ModelAdmin[Any],
    request: HttpRequest,
    selected: QuerySet[Any],
    *,
    sessions: QuerySet[Session],
    action: Any,
) -> HttpResponse | None:
    """Ask first, with the number affected; then end the sessions, write the admin log, and say how many there were."""
    using = router.db_for_write(Session)
    sessions = sessions.using(using).select_related("user").order_by("user_id", "-pk")
    if CONFIRMED not in request.POST:
        return _confirmation(modeladmin, request, selected, sessions=sessions, action=action)
    affected = list(sessions)
    with transaction.atomic(using=using):
        _log(request, affected, "Revoked.")
        if modeladmin.model is not Session:
            LogEntry.objects.log_actions(_actor(request).pk, selected, CHANGE, "Signed out everywhere.")
        ended = cast("SessionQuerySet", sessions).end(reason=EndReason.REVOKED, actor=_actor(request), request=request)
    done = ngettext("%(count)d session revoked.", "%(count)d sessions revoked.", ended)
    modeladmin.message_user(request, done % {"count": ended}, messages.SUCCESS)
    return None


def _confirmation(
    modeladmin: admin.ModelAdmin[Any],
    request: HttpRequest,
    selected: QuerySet[Any],
    *,
    sessions: QuerySet[Session],
    action: Any,
) -> HttpResponse | None:
    counts = sessions.aggregate(sessions=Count("pk"), users=Count("user", distinct=True))
    if not counts["sessions"]:
        modeladmin.message_user(request, _("There is no session to end."), messages.WARNING)
        return None
    all_pages = request.POST.get("select_across") == "1"
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": action.short_description,
        "opts": modeladmin.opts,
        "list_url": request.get_full_path(),
        "session_count": counts["sessions"],
        "user_count": counts["users"],
        "labels": [_full_label(session) for session in sessions[:LISTED]],
        "unlisted_count": counts["sessions"] - LISTED,
        # Where all are selected, one key and the word for all: Django refuses a form of more than 1000 fields.
        "selected": selected[:1] if all_pages else selected,
        "select_across": all_pages,
        "action": action.__name__,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "confirmed_name": CONFIRMED,
    }
    request.current_app = modeladmin.admin_site.name
    return TemplateResponse(request, CONFIRMATION_TEMPLATE, context)


def _full_label(session: Session) -> str:
    """Whose device, and which: what is left to read once the session is gone."""
    return f"{session.user}: {session}"


def _log(request: HttpRequest, sessions: Iterable[Session], message: str = "") -> list[LogEntry]:
    content_type = ContentType.objects.get_for_model(Session)
    return LogEntry.objects.bulk_create(
        LogEntry(
            user_id=_actor(request).pk,
            content_type=content_type,
            object_id=str(session.pk),
            object_repr=_full_label(session)[:200],
            action_flag=DELETION,
            change_message=message,
        )
        for session in sessions
    )


def _actor(request: HttpRequest) -> AbstractBaseUser:
    return cast("AbstractBaseUser", request.user)
