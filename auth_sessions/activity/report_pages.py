"""The page of one activity, its button "This wasn't me", and what to do after that."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from auth_sessions.activity import reporting
from auth_sessions.activity.emails import texts
from auth_sessions.activity.history import history_of
from auth_sessions.activity.models import Activity
from auth_sessions.choices import Scope
from auth_sessions.core.credentials import has_password
from auth_sessions.core.freshness import is_fresh
from auth_sessions.core.sign_out import acting_refused
from auth_sessions.pages.device_row import DeviceRow
from auth_sessions.pages.sign_out import SignOutPage
from auth_sessions.pages.views import DevicePage, Page


class EventPage(DevicePage):
    """A page about one of the person's own activities. Another person's answers 404."""

    def find_activity(self) -> Activity:
        found: Activity | None = history_of(self.current.user_id).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def describe(self, activity: Activity) -> texts.Texts:
        """The sentences of the page, which are those of the e-mail. A browser does not tell its time zone."""
        return texts.describe(activity, time_zone=timezone.get_current_timezone(), has_link=True)


class EventView(EventPage):
    """What happened, as an e-mail tells it."""

    template_name = "auth_sessions/activity/event.html"

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        activity = self.find_activity()
        return self.answer(activity=activity, **vars(self.describe(activity)))


class ReportPage(EventPage, SignOutPage):
    """The button "This wasn't me": asks, signs out every other device, and leads to a new password.

    This device stays signed in, for the new password, unless the activity is about it.
    """

    template_name = "auth_sessions/activity/report.html"

    def choose(self) -> list[DeviceRow]:
        self.activity = self.find_activity()
        return self.get_devices()

    def check_actor(self, devices: list[DeviceRow]) -> None:
        if self.current.is_staff_help:
            raise acting_refused()

    def needs_reauthentication(self, devices: list[DeviceRow]) -> bool:
        return not is_fresh(self.current, self.requirement)

    def get_question(self, devices: list[DeviceRow]) -> str:
        return _("Was this not you?")

    def get_consequences(self, devices: list[DeviceRow]) -> list[str]:
        ends_here = reporting.scope_of(self.activity, current=self.current) == Scope.GLOBAL
        return [
            _("All devices will be signed out, this one too, because it is about this device.")
            if ends_here
            else _("All other devices will be signed out. You stay signed in on this device."),
            _("Then choose a new password."),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        described = self.describe(self.activity)
        shown = {"activity": self.activity, "happened": described.happened, "facts": described.facts}
        return super().get_context_data(**shown, **kwargs)

    def sign_out(self, devices: list[DeviceRow]) -> HttpResponse:
        reporting.report(self.activity, current=self.current, request=self.request)
        return redirect("auth_sessions_activity_pages:reported")


@method_decorator((login_not_required, never_cache), name="dispatch")
class ReportedPage(Page):
    """After a report: leads to the project's page for a new password, or to the sign-in. Tells nothing of anybody."""

    template_name = "auth_sessions/activity/reported.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: object) -> HttpResponse:
        user = request.user if request.user.is_authenticated else None
        config: Any = apps.get_app_config("auth_sessions_activity")
        is_by_password = user is None or has_password(user)
        return super().get(
            request,
            *args,
            password_url=config.get_password_url(user) if is_by_password else "",
            login_url=resolve_url(settings.LOGIN_URL) if user is None else "",
            is_by_password=is_by_password,
        )
