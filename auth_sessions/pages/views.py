"""The page "Your devices", in plain HTML. It needs ``BrowserSessionMiddleware``."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required, login_required
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from auth_sessions.core import browser_state, browser_validation
from auth_sessions.core.database import all_sessions
from auth_sessions.core.people import known_name
from auth_sessions.core.usage import rename_session
from auth_sessions.devices import names
from auth_sessions.exceptions import SessionInvalid
from auth_sessions.masking import conceal_members
from auth_sessions.mixins import OwnTransactionsMixin
from auth_sessions.models import Session
from auth_sessions.pages import formatting
from auth_sessions.pages.device_row import DeviceRow
from auth_sessions.pages.messages import add_message, get_messages
from auth_sessions.pages.sections import get_sections
from auth_sessions.querysets import SessionQuerySet
from auth_sessions.step_up import fetch_cookie, leave_mark

_PROTECTION = (
    never_cache,
    xframe_options_deny,
    csrf_protect,
    sensitive_post_parameters("password", "otp"),
    login_required,
)


class Page(OwnTransactionsMixin, TemplateView):
    """A page in the active language if the app is translated to it, otherwise in English; it is marked accordingly."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        language = formatting.get_page_language()
        direction = "rtl" if language.partition("-")[0] in settings.LANGUAGES_BIDI else "ltr"
        return super().get_context_data(language=language, direction=direction, **kwargs)


class BrowserPage(Page):
    """A page that needs to know the session of the browser. What is sent to it is concealed from error reports."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if request.method == "POST":
            request.POST = conceal_members(request.POST)
        if browser_state.get_state(request) is None:
            raise ImproperlyConfigured(
                "The pages need auth_sessions.middleware.BrowserSessionMiddleware in MIDDLEWARE."
            )


@method_decorator(_PROTECTION, name="dispatch")
class DevicePage(BrowserPage):
    """The base of the pages of a signed-in person. Its queryset contains that person's devices only."""

    current: Session

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        current = browser_validation.get_current(request)
        if current is None and request.method == "GET" and browser_state.is_deferred(request):
            return fetch_cookie(request)
        if current is None:  # impersonation, or a user who is not signed in by Django's login()
            raise PermissionDenied(_("Sign in yourself to see your devices."))
        if clean := leave_mark(request):
            return clean
        self.current = current
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> SessionQuerySet:
        return all_sessions().live(user=self.current.user).select_related("refresh_token")

    def get_devices(self) -> list[DeviceRow]:
        return [self.show(session) for session in self.get_queryset().current_first(self.current)]

    def show(self, session: Session) -> DeviceRow:
        return DeviceRow.of(session, current=self.current)

    def find(self, pk: uuid.UUID) -> Session | None:
        """One of the person's devices, or None if it is gone. Raises ``Http404`` if it is another person's."""
        session = self.get_queryset().filter(pk=pk).first()
        if session is None and all_sessions().filter(pk=pk).exclude(user_id=self.current.user_id).exists():
            raise Http404
        return session

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(page_messages=get_messages(self.request), person=self.get_person(), **kwargs)

    def get_person(self) -> str:
        """The name that the page shows and a password manager looks for: the user name, or the address for a UUID."""
        return known_name(self.current.user)

    def answer(self, **context: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(**context))

    def back(self, text: str) -> HttpResponse:
        """Redirect to the list, which shows this text."""
        add_message(self.request, text)
        return redirect("auth_sessions_pages:devices")

    def already_gone(self) -> HttpResponse:
        return self.back(_("That device is signed out already."))

    def signed_out_meanwhile(self) -> HttpResponse:
        """Return after a sign-in, if this device has been signed out since its request was authenticated."""
        return redirect(self.request.get_full_path())


class DevicesView(DevicePage):
    """The list of devices: the current one and those used last, or with ``?all`` every one, more briefly."""

    template_name = "auth_sessions/devices.html"
    max_listed = 100

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        is_all = "all" in request.GET
        sessions = self.get_queryset().current_first(self.current, limit=None if is_all else self.max_listed + 1)
        total = len(sessions)
        if total > self.max_listed and not is_all:
            sessions, total = sessions[: self.max_listed], self.get_queryset().count()
        devices = [self.show(session) for session in sessions]
        others = total - self.count_current(devices)
        return self.answer(
            devices=devices,
            total=total,
            others=others,
            is_brief=len(devices) > self.max_listed,
            sections=get_sections(request, self.current),
        )

    def count_current(self, devices: list[DeviceRow]) -> int:
        """How many devices are of the current sign-in: in an app, and in the browsers that it was handed over to."""
        current, listed = self.current, sum(device.stays_with_current for device in devices)
        if len(devices) < self.max_listed or not (current.has_dependents or current.depends_on_id):
            return listed
        return (
            self.get_queryset().filter(Q(pk=current.sign_in_id) | Q(depends_on=current.sign_in_id, actor=None)).count()
        )


class _NameForm(forms.Form):
    """The person's own name for a device."""

    name = forms.CharField(required=False, max_length=Session._meta.get_field("name").max_length)


class RenameView(DevicePage):
    """Renames a device. An empty name restores its label."""

    template_name = "auth_sessions/rename.html"

    def get(self, request: HttpRequest, *args: object, **kwargs: Any) -> HttpResponse:
        session = self.find(kwargs["pk"])
        if session is None:
            return self.already_gone()
        return self.answer(device=self.show(session), form=_NameForm(initial={"name": session.name}))

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        session, form = self.find(pk), _NameForm(request.POST)
        if session is None:
            return self.already_gone()
        if not form.is_valid():
            return self.answer(device=self.show(session), form=form)
        try:
            is_renamed = rename_session(session, form.cleaned_data["name"], caller=self.current)
        except SessionInvalid:
            return self.signed_out_meanwhile()
        if not is_renamed:
            return self.already_gone()
        return self.back(_("The device is now called “%(name)s”.") % {"name": names.isolated(str(session))})


@method_decorator((login_not_required, never_cache), name="dispatch")
class SignedOutView(Page):
    """The page after the sign-out of this device, in a project without ``LOGOUT_REDIRECT_URL``."""

    template_name = "auth_sessions/signed_out.html"
    everywhere = False

    def get(self, request: HttpRequest, *args: Any, **kwargs: object) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect("auth_sessions_pages:devices")
        return super().get(request, *args, everywhere=self.everywhere, login_url=resolve_url(settings.LOGIN_URL))
