"""The filters of the list of sessions."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_sessions.core.database import all_sessions
from auth_sessions.models import Session
from auth_sessions.querysets import LAST_USED_AT, SessionQuerySet

LISTED_TAGS = 50
"""How many tags the filter lists: a project may give each of its clients a tag."""

AGES = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


class StateFilter(admin.SimpleListFilter):
    """Live or ended, by expiry and idleness. A changed password shows in the column only: SQL cannot compare it."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", _("Live")), ("ended", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        sessions = cast("SessionQuerySet", queryset)
        if self.value() == "live":
            return sessions.live()
        if self.value() == "ended":
            return sessions.not_live()
        return queryset


class LastUsedFilter(admin.SimpleListFilter):
    """By last use: the later of ``last_seen_at`` and the last refresh."""

    title = _("last used")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("hour", _("Past hour")),
            ("day", _("Past 24 hours")),
            ("week", _("Past 7 days")),
            ("earlier", _("Earlier")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        used = queryset.alias(last_used=LAST_USED_AT)
        if age := AGES.get(self.value() or ""):
            return used.filter(last_used__gt=timezone.now() - age)
        if self.value() == "earlier":
            return used.filter(last_used__lte=timezone.now() - AGES["week"])
        return queryset


class TagFilter(admin.SimpleListFilter):
    """By tag. It is hidden if the project sets no tags."""

    title = _("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        tags = all_sessions().exclude(tag="").order_by("tag").values_list("tag", flat=True).distinct()
        return [(tag, tag) for tag in tags[:LISTED_TAGS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        tag = self.value()
        if tag and "\0" in tag:  # PostgreSQL refuses this character
            return queryset.none()
        return queryset.filter(tag=tag) if tag else queryset
