"""The history in the admin: read-only, with filters, and an export. Its cost does not grow with the table."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from auth_sessions import moments
from auth_sessions.activity import export
from auth_sessions.activity.models import Activity
from auth_sessions.admin.change_list import bounded
from auth_sessions.admin.search import Search, user_fields
from auth_sessions.core.database import write_alias
from auth_sessions.db.uuid7 import first_key_of

AGES = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}

MARGIN = timedelta(days=1)
"""By how much a clock may differ that has made a key."""

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Activity]
else:
    ModelAdmin = admin.ModelAdmin


class DateFilter(admin.SimpleListFilter):
    """By time. The key begins with it, so that no more rows are read than are of that time."""

    title = _("date and time")
    parameter_name = "time"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("hour", _("Past hour")),
            ("day", _("Past 24 hours")),
            ("week", _("Past 7 days")),
            ("month", _("Past 30 days")),
            ("earlier", _("Earlier")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Activity]) -> QuerySet[Activity]:
        now = timezone.now()
        if age := AGES.get(self.value() or ""):
            since = moments.add(now, -age)
            return queryset.filter(pk__gte=first_key_of(moments.add(since, -MARGIN)), created_at__gte=since)
        if self.value() == "earlier":
            until = moments.add(now, -AGES["month"])
            return queryset.filter(pk__lt=first_key_of(moments.add(until, MARGIN)), created_at__lt=until)
        return queryset


class ActorFilter(admin.SimpleListFilter):
    """By who did it."""

    title = _("acting person")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("user", _("The user")), ("other", _("Somebody else")), ("nobody", _("Nobody, or not known"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Activity]) -> QuerySet[Activity]:
        if self.value() == "user":
            return queryset.filter(actor=F("user"))
        if self.value() == "other":
            return queryset.exclude(actor=None).exclude(actor=F("user"))
        return queryset.filter(actor=None) if self.value() == "nobody" else queryset


@admin.register(Activity)
class ActivityAdmin(ModelAdmin):
    """Read-only: a history that can be changed proves nothing."""

    list_display = ("user", "kind", "device_label", "reason", "actor", "created_at")
    list_display_links = ("kind",)
    list_filter = (DateFilter, "kind", "reason", ActorFilter)
    list_select_related = ("user", "actor")
    search_help_text = _("User name, e-mail, address, or name of the device")
    ordering = ("-pk",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count all rows once for each choice of each filter
    actions = ("export_selected",)
    fieldsets = (
        (None, {"fields": ("kind", "user", "actor", "reason", "scope", "created_at", "session_id")}),
        (_("What followed"), {"fields": ("emailed_at", "reported_at")}),
        (_("Where"), {"fields": ("device_label", "ip_address", "user_agent", "last_used_at")}),
        (_("Other device"), {"fields": ("other_device_label", "presented_ip_address", "presented_user_agent")}),
    )

    @admin.display(description=_("device"))
    def device_label(self, activity: Activity) -> str:
        """The person's own name, or the device; the ``title`` has all of a long name."""
        label = activity.label
        return format_html('<span title="{}">{}</span>', label, Truncator(label).chars(40))

    @admin.display(description=_("other device"))
    def other_device_label(self, activity: Activity) -> str | None:
        return None if activity.presented_device is None else activity.presented_device.label

    @admin.action(description=_("Export selected activities as CSV"), permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[Activity]) -> StreamingHttpResponse:
        response = StreamingHttpResponse(export.as_csv(queryset), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="activity.csv"'
        response["Cache-Control"] = "no-store"
        return response

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(super().get_search_fields(request)) or (
            *(f"^user__{field}" for field in user_fields()),
            "name",
            "^ip_address",
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Activity], search_term: str
    ) -> tuple[QuerySet[Activity], bool]:
        """Search as in the list of sessions. A subclass with ``search_fields`` of its own is searched by Django."""
        if self.search_fields or not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(Search(queryset, search_term).condition), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Activity | None = None) -> bool:
        """Nobody's here. On the pages of another model a row goes with its user: Django asks for each such row."""
        page = "" if request.resolver_match is None else request.resolver_match.url_name or ""
        return obj is not None and not page.startswith(f"{self.opts.app_label}_{self.opts.model_name}_")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        return super().get_queryset(request).using(write_alias()).select_related(*self.list_select_related)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        base: Any = super().get_changelist(request, **kwargs)
        return bounded(base)
