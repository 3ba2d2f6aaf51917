"""Pages that sign out one device, the others, or all, after a confirmation that tells the consequences."""

from abc import ABC, abstractmethod

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from auth_sessions import api
from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.database import all_sessions
from auth_sessions.core.freshness import is_fresh
from auth_sessions.core.sign_out import acting_refused, end_chosen
from auth_sessions.devices import names
from auth_sessions.exceptions import SessionInvalid
from auth_sessions.pages import formatting
from auth_sessions.pages.device_row import DeviceRow
from auth_sessions.pages.reauthentication import ProofForm
from auth_sessions.pages.revocation_delay import get_revocation_delay
from auth_sessions.pages.step_up import ProofPage


class SignOutPage(ProofPage, ABC):
    """GET asks for a confirmation, POST signs out. The choice is in the URL, so that it outlives re-authentication."""

    template_name = "auth_sessions/sign_out.html"

    @abstractmethod
    def choose(self) -> list[DeviceRow]:
        """The devices to sign out; an empty list if they are signed out already."""

    @abstractmethod
    def get_question(self, devices: list[DeviceRow]) -> str:
        """The question of the page, which is its heading."""

    @abstractmethod
    def get_consequences(self, devices: list[DeviceRow]) -> list[str]:
        """The consequences of the sign-out, in sentences."""

    @abstractmethod
    def sign_out(self, devices: list[DeviceRow]) -> HttpResponse:
        """Sign out, and redirect to the page that shows the result."""

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        devices = self.choose()
        self.check_actor(devices)
        return self.ask(devices) if devices else self.already_gone()

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        devices = self.choose()
        if not devices:
            return self.already_gone()
        self.check_actor(devices)
        form = None
        if self.needs_reauthentication(devices):
            if not self.asks_here:
                return self.prove_elsewhere()
            form = self.make_form(request.POST)
            if not form.is_valid():
                return self.with_status(self.ask(devices, form), form)
        try:
            if form is not None:
                self.renew(form)
            return self.sign_out(devices)
        except SessionInvalid:
            return self.signed_out_meanwhile()

    def check_actor(self, devices: list[DeviceRow]) -> None:
        """Refuse the devices of a person to somebody who acts in their name, and cannot prove to be that person."""
        if self.current.is_staff_help and any(not device.is_current for device in devices):
            raise acting_refused()

    def ask(self, devices: list[DeviceRow], form: ProofForm | None = None) -> HttpResponse:
        return self.answer(
            question=self.get_question(devices),
            device=devices[0] if len(devices) == 1 else None,
            consequences=[*self.get_consequences(devices), *self.delays(devices)],
            **(self.asking(form) if self.needs_reauthentication(devices) else {}),
        )

    def needs_reauthentication(self, devices: list[DeviceRow]) -> bool:
        """Whether re-authentication is required: for other devices, if the last proof of identity is not recent."""
        return any(not device.is_current for device in devices) and not is_fresh(self.current, self.requirement)

    def delays(self, devices: list[DeviceRow]) -> list[str]:
        """A sentence on how long an app among the devices may still have access; empty if it has none."""
        delay = get_revocation_delay() if any(device.is_app for device in devices) else None
        return [] if delay is None else [formatting.format_delay(delay)]

    def back_with_result(self, text: str, devices: list[DeviceRow]) -> HttpResponse:
        return self.back(" ".join([text, *self.delays(devices)]))

    def leave(self, scope: Scope) -> HttpResponse:
        """Sign out here or everywhere, and redirect to ``LOGOUT_REDIRECT_URL``, or to the page "signed out"."""
        api.sign_out(self.current, scope, request=self.request)
        return self.left("signed-out-everywhere" if scope == Scope.GLOBAL else "signed-out")

    def left(self, page: str = "signed-out") -> HttpResponse:
        return redirect(settings.LOGOUT_REDIRECT_URL or f"auth_sessions_pages:{page}")


class SignOutView(SignOutPage):
    """One device, perhaps this one."""

    def choose(self) -> list[DeviceRow]:
        session = self.find(self.kwargs["pk"])
        return [] if session is None else [self.show(session)]

    def get_question(self, devices: list[DeviceRow]) -> str:
        if devices[0].is_current:
            return _("Sign out of this device?")
        return _("Sign out of “%(device)s”?") % {"device": names.isolated(devices[0].name)}

    def get_consequences(self, devices: list[DeviceRow]) -> list[str]:
        if devices[0].is_current:
            has_others = self.get_queryset().exclude(pk=devices[0].id).exists()
            others = [_("Other devices stay as they are.")] if has_others else []
            return [_("You will have to sign in here again."), *others]
        signed_out = _("The device will be signed out and has to sign in again.")
        if devices[0].ends_current:
            return [signed_out, _("You came here from this app, and will be signed out here, too.")]
        if devices[0].is_app and devices[0].has_dependents:
            return [signed_out, _("Browsers that you have signed in from this app will be signed out, too.")]
        return [signed_out, _("Nothing changes on your other devices.")]

    def sign_out(self, devices: list[DeviceRow]) -> HttpResponse:
        (device,) = devices
        if device.is_current:
            return self.leave(Scope.LOCAL)
        end_chosen(
            all_sessions().filter(pk=device.id),
            caller=self.current,
            reason=EndReason.SIGNED_OUT,
            actor=self.current.user,
            request=self.request,
        )
        if device.ends_current:
            return self.left()
        return self.back_with_result(
            _("Signed out of “%(device)s”.") % {"device": names.isolated(device.name)}, devices
        )


class SignOutOthersView(SignOutPage):
    """All devices but this one, and the app whose sign-in was handed over to it."""

    def choose(self) -> list[DeviceRow]:
        return [device for device in self.get_devices() if not device.stays_with_current]

    def already_gone(self) -> HttpResponse:
        return self.back(_("You are not signed in on any other device."))

    def get_question(self, devices: list[DeviceRow]) -> str:
        count = len(devices)
        question = ngettext("Sign out of %(count)s other device?", "Sign out of %(count)s other devices?", count)
        return question % {"count": localize(count)}

    def get_consequences(self, devices: list[DeviceRow]) -> list[str]:
        return [
            ngettext(
                "It will be signed out and has to sign in again.",
                "They will be signed out and have to sign in again.",
                len(devices),
            ),
            _("You stay signed in on this device."),
        ]

    def sign_out(self, devices: list[DeviceRow]) -> HttpResponse:
        api.sign_out(self.current, Scope.OTHERS, request=self.request)
        count = len(devices)
        text = ngettext("Signed out of %(count)s other device.", "Signed out of %(count)s other devices.", count)
        return self.back_with_result(text % {"count": localize(count)}, devices)


class SignOutEverywhereView(SignOutPage):
    """All devices, this one too."""

    def choose(self) -> list[DeviceRow]:
        return self.get_devices()

    def get_question(self, devices: list[DeviceRow]) -> str:
        return _("Sign out everywhere?")

    def get_consequences(self, devices: list[DeviceRow]) -> list[str]:
        count = len(devices)
        text = ngettext(
            "You are signed in on this device only; it will be signed out.",
            "All %(count)s devices will be signed out, including this one.",
            count,
        )
        return [text % {"count": localize(count)}, _("You will have to sign in here again.")]

    def sign_out(self, devices: list[DeviceRow]) -> HttpResponse:
        return self.leave(Scope.GLOBAL)
