"""The administrator's desk: look at sessions, and revoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet

CONFIRMED = "confirmed"
CONFIRMATION_TEMPLATE = "admin/auth_sessions/revoke_confirmation.html"


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

    list_display = ("user", "device_label", "kind", "ip_address", "last_used", "expires_at")
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
        "name",
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    @admin.display(description=_("device"))
    def device_label(self, session: Session) -> str:
        return str(session)

    @admin.display(description=_("last seen"), ordering="last_seen_at")
    def last_used(self, session: Session) -> Any:
        return session.last_used_at

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
    if CONFIRMED not in request.POST:
        return _confirmation(modeladmin, request, selected, sessions=sessions, action=action)
    with transaction.atomic(using=router.db_for_write(Session)):
        affected = list(sessions)
        LogEntry.objects.log_actions(_actor(request).pk, affected, DELETION, "Revoked.")
        if modeladmin.model is not Session:
            LogEntry.objects.log_actions(_actor(request).pk, selected, CHANGE, "Signed out everywhere.")
        ended = Session.objects.filter(pk__in=[session.pk for session in affected]).end(
            reason=EndReason.REVOKED, actor=_actor(request), request=request
        )
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
) -> HttpResponse:
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": action.short_description,
        "opts": modeladmin.opts,
        "media": modeladmin.media,
        "selected": selected,
        "session_count": sessions.count(),
        "user_count": sessions.values("user").distinct().count(),
        "action": action.__name__,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "confirmed_name": CONFIRMED,
    }
    request.current_app = modeladmin.admin_site.name
    return TemplateResponse(request, CONFIRMATION_TEMPLATE, context)


def _actor(request: HttpRequest) -> AbstractBaseUser:
    return cast("AbstractBaseUser", request.user)
