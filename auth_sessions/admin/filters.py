"""The filters of the list of sessions."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_sessions import moments
from auth_sessions.core.database import all_sessions
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet, unused_since, used_after

LISTED_TAGS = 50
"""How many tags the filter lists: a project may give each of its clients a tag."""

LATEST = 10_000
"""The filter lists the tags of so many sessions, the newest. The others are found, too: ``?tag=``."""

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
        if age := AGES.get(self.value() or ""):
            return queryset.filter(used_after(moments.add(timezone.now(), -age)))
        if self.value() == "earlier":
            return queryset.filter(unused_since(moments.add(timezone.now(), -AGES["week"])))
        return queryset


class TagFilter(admin.SimpleListFilter):
    """By tag. It is hidden if the project sets no tags."""

    title = _("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        latest = all_sessions().order_by("-pk").values_list("tag", flat=True)[:LATEST]
        chosen = {self.value() or ""}
        tags = sorted(set(latest) - {""} - chosen)[:LISTED_TAGS]
        return [(tag, tag) for tag in sorted({*tags, *chosen} - {""})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        tag = self.value()
        return queryset.filter(tag=tag) if tag else queryset
