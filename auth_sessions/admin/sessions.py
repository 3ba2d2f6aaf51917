"""The list of sessions, and the page of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from auth_sessions.admin.actions import (
    MAX_REVOKED,
    acts_for_another,
    end,
    limited,
    log,
    revoke,
    unless_signed_out,
    warn_of_too_many,
)
from auth_sessions.admin.change_list import bounded
from auth_sessions.admin.columns import SessionColumns, is_own, mark_own, warning_label
from auth_sessions.admin.filters import LastUsedFilter, StateFilter, TagFilter
from auth_sessions.admin.search import Search, user_fields
from auth_sessions.choices import EndReason
from auth_sessions.core.database import write_alias
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet

SEARCH = "_auth_sessions_search"
"""The attribute of the request that keeps the search, which the list tells about."""

SECRET_FIELDS = ("password_fingerprint", "django_session_key")

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Session]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(Session)
class SessionAdmin(SessionColumns, ModelAdmin):
    """Read-only; deleting a session signs its device out."""

    list_display = (
        "user",
        "short_device_label",
        "state",
        "last_used",
        "kind",
        "ip_address",
        "created_at",
    )
    list_display_links = ("short_device_label",)
    list_filter = (StateFilter, "kind", LastUsedFilter, TagFilter)
    list_select_related = ("user", "refresh_token", "actor")
    search_help_text = _("User name, e-mail, address, or name of the device")
    ordering = ("-pk",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count all sessions once for each choice of each filter
    actions = ("revoke_selected", "revoke_others")
    fieldsets = (
        (None, {"fields": ("user", "actor", "device_label", "state", "kind")}),
        (_("Where"), {"fields": ("address", "user_agent")}),
        (_("When"), {"fields": ("created_at", "authenticated", "last_used", "expires_at")}),
        (_("How"), {"fields": ("methods", "tag")}),
    )

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(super().get_search_fields(request)) or (
            *(f"^user__{field}" for field in user_fields()),
            "name",
            "^ip_address",
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Session], search_term: str
    ) -> tuple[QuerySet[Session], bool]:
        """Search as :class:`Search` does. A subclass with ``search_fields`` of its own is searched by Django."""
        if self.search_fields or not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        search = Search(queryset, search_term)
        setattr(request, SEARCH, search)
        return queryset.filter(search.condition), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters by secrets, as Django's user admin does for passwords: they would allow guessing."""
        return not lookup.startswith(SECRET_FIELDS) and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not acts_for_another(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        """The sessions as they are, not as a replica still has them: an administrator acts on what is shown."""
        sessions = cast("SessionQuerySet", super().get_queryset(request)).using(write_alias())
        return sessions.with_user_visibility().select_related(*self.list_select_related)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        where = {} if action_location is None else {"action_location": action_location}  # new in Django 6.1
        actions: dict[str, Any] = super().get_actions(request, **where)
        delete: Any = actions.get("delete_selected")
        if hasattr(delete, "func"):  # Django 6.1
            actions["delete_selected"] = replace(delete, func=limited(delete.func))
        elif delete is not None:
            function, name, description = delete
            actions["delete_selected"] = limited(function), name, description
        return actions

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        base: Any = super().get_changelist(request, **kwargs)
        return bounded(base)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist: Any = super().get_changelist_instance(request)
        changelist.search = getattr(request, SEARCH, None)
        mark_own(request, changelist.result_list)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Session | None:
        session = super().get_object(request, object_id, from_field)
        mark_own(request, [session] if session else [])
        return session

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """List the sessions, the administrator's own first. The summary counts what is deleted with them."""
        _objects, counts, missing_permissions, protected = super().get_deleted_objects(objs, request)
        mark_own(request, objs)
        labels = [warning_label(session) for session in sorted(objs, key=is_own, reverse=True)]
        return labels, counts, missing_permissions, protected

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Session]) -> list[LogEntry]:
        return log(request, queryset)

    def delete_model(self, request: HttpRequest, obj: Session) -> None:
        self.delete_queryset(request, Session.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        end(request, queryset, reason=EndReason.DELETED)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return unless_signed_out(request, partial(super().delete_view, request, object_id, extra_context))

    @admin.action(description=_("Revoke selected sessions"), permissions=["delete"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse | None:
        return revoke(self, request, queryset, sessions=queryset, action=self.revoke_selected)

    @admin.action(description=_("Revoke other sessions"), permissions=["delete"])
    def revoke_others(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse | None:
        """End the other sessions of the users of the selected ones, except for the administrator's own session."""
        user_of = dict(queryset.order_by().values_list("pk", "user_id")[: MAX_REVOKED + 1])
        if len(user_of) > MAX_REVOKED:
            warn_of_too_many(self, request)
            return None
        of_their_users = self.get_queryset(request).filter(user__in=set(user_of.values()))
        others = of_their_users.exclude(pk__in=user_of)
        return revoke(self, request, queryset, sessions=others, action=self.revoke_others, keeps_own=True)
