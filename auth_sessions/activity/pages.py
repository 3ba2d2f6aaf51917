"""The history in the browser: "Recent activity" below the list of devices, and a page of its own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string

from auth_sessions.activity import sentences
from auth_sessions.activity.alerts import ALERTS
from auth_sessions.activity.history import history_of
from auth_sessions.activity.models import Activity
from auth_sessions.models import Session
from auth_sessions.pages.views import DevicePage
from auth_sessions.paths import path_of

RECENT, PAGE_SIZE = 5, 50


@dataclass(frozen=True, kw_only=True)
class ActivityRow:
    """One event on the pages. Unknown values are ""; those of the other device are that of a copy or a move."""

    id: uuid.UUID
    kind: str
    session_id: uuid.UUID | None
    text: str
    type: str
    is_alert: bool
    is_current: bool
    moment: datetime
    when: str
    address: str
    place: str
    other_address: str
    report_url: str

    @classmethod
    def of(cls, activity: Activity, *, current: Session) -> ActivityRow:
        return cls(
            id=activity.pk,
            kind=activity.kind,
            session_id=activity.session_id,
            text=sentences.describe(activity),
            type=activity.device.type.value,
            is_alert=activity.kind in ALERTS,
            is_current=activity.session_id == current.pk,
            moment=activity.created_at,
            when=sentences.format_when(activity.created_at),
            address=activity.ip_address or "",
            place=activity.place,
            other_address=activity.presented_ip_address or "",
            report_url=_report_url(activity),
        )


def show_recent(request: HttpRequest, current: Session) -> str:
    """The section of the page "Your devices". Without events there is none."""
    rows = [ActivityRow.of(activity, current=current) for activity in history_of(current.user_id)[: RECENT + 1]]
    if not rows:
        return ""
    context = {
        "events": rows[:RECENT],
        "all_url": path_of("auth_sessions_activity_pages:activity") if len(rows) > RECENT else "",
    }
    return render_to_string("auth_sessions/activity/recent.html", context, request)


def _report_url(activity: Activity) -> str:
    """Where the person says that it was not them; "" for what needs no second look, and after they have said so."""
    is_open = activity.kind in ALERTS and activity.reported_at is None
    return path_of("auth_sessions_activity_pages:report", activity.pk) if is_open else ""


class ActivityPage(DevicePage):
    """The history, newest first; with ``?before=`` and the id of an event what was before that."""

    template_name = "auth_sessions/activity/activity.html"

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        before, activities = request.GET.get("before"), history_of(self.current.user_id)
        if before is not None:
            try:
                activities = activities.filter(pk__lt=uuid.UUID(before))
            except ValueError:
                raise Http404 from None
        found = list(activities[: PAGE_SIZE + 1])
        return self.answer(
            # A function, so that the texts are in the language of the page.
            events=lambda: [ActivityRow.of(activity, current=self.current) for activity in found[:PAGE_SIZE]],
            last=found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None,
            is_first=before is None,
            devices_url=path_of("auth_sessions_pages:devices"),
        )
