"""The page that asks a person who is signed in to show again that it is them, and what it shares with other pages."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from auth_sessions import api
from auth_sessions.choices import Scope
from auth_sessions.core.freshness import USUAL, Requirement, is_fresh, refuse_acting
from auth_sessions.core.otp import has_no_codes
from auth_sessions.core.reauthentication import renew
from auth_sessions.exceptions import SessionInvalid
from auth_sessions.masking import secret_arguments
from auth_sessions.mixins import SecondFactorMixin, StepUpMixin
from auth_sessions.pages.reauthentication import Proof, ProofForm
from auth_sessions.pages.views import DevicePage
from auth_sessions.step_up import AskedRequirement, get_next, get_own_url


class ProofPage(StepUpMixin, DevicePage):
    """The base of the pages that may ask for a proof of identity.

    The project's own page (``AUTH_SESSIONS_REAUTHENTICATION_URL``) asks instead, if it has one. Otherwise this one asks
    for the password and a second factor, and whoever has no password, or passkeys alone, signs in again.
    """

    requirement: Requirement = USUAL

    @cached_property
    def own_url(self) -> str | None:
        return get_own_url(self.request.get_full_path(), self.requirement)

    @cached_property
    def asks_here(self) -> bool:
        return self.own_url is None and self.has_password(self.current.user) and not self._needs_passkey()

    def _needs_passkey(self) -> bool:
        """Whether the app's own second factor would ask for a code that the person cannot have."""
        view = type(self)
        asks_usual = view.second_factor is SecondFactorMixin.second_factor
        proves_usual = view.verify_identity is StepUpMixin.verify_identity
        return asks_usual and proves_usual and has_no_codes(self.current.user)

    def make_form(self, data: Any = None) -> ProofForm:
        return ProofForm(data, verify=self.verify)

    @secret_arguments("credentials")
    def verify(self, credentials: Mapping[str, Any]) -> Proof:
        return self.verify_identity(self.request, self.current, credentials)

    def prove_elsewhere(self) -> HttpResponse:
        """To the project's own page. Without one, re-authentication is a new sign-in (a social login): sign out here.

        Both lead back to this page.
        """
        if self.own_url is not None:
            return HttpResponseRedirect(self.own_url)
        api.sign_out(self.current, Scope.LOCAL, request=self.request)
        return redirect(self.request.get_full_path())  # which requires the sign-in

    def renew(self, form: ProofForm) -> None:
        """Record the proof. Raises ``SessionNotFound`` if this device has been signed out meanwhile."""
        user, amr = form.proof
        renew(self.current, user, amr=amr, request=self.request)

    def asking(self, form: ProofForm | None) -> dict[str, Any]:
        """What ``auth_sessions/proof.html`` needs. ``form`` is the one that was sent, if it was."""
        return {
            "form": (form or self.make_form()) if self.asks_here else None,
            "must_leave": not self.asks_here,
            "has_own_page": self.own_url is not None,
        }

    def with_status(self, response: HttpResponse, form: ProofForm) -> HttpResponse:
        if form.is_too_long():
            response.status_code = HTTPStatus.BAD_REQUEST
        return response


class ReauthenticateView(ProofPage):
    """``?next=``: asks for the proof, and leads there. Whoever has given it already is led there at once.

    ``max_age`` and ``acr_values`` in the query say what is required, as ``recently_authenticated`` writes them.
    """

    template_name = "auth_sessions/reauthenticate.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.requirement = AskedRequirement.read(request.GET)

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        refuse_acting(self.current)
        return self.go_on() if is_fresh(self.current, self.requirement) else self.ask()

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        refuse_acting(self.current)
        if not self.asks_here:
            return self.prove_elsewhere()
        form = self.make_form(request.POST)
        if not form.is_valid():
            return self.with_status(self.ask(form), form)
        try:
            self.renew(form)
        except SessionInvalid:
            return self.signed_out_meanwhile()
        if not is_fresh(self.current, self.requirement):
            raise PermissionDenied(_("This requires a second factor, and you have not set one up."))
        return self.go_on()

    def ask(self, form: ProofForm | None = None) -> HttpResponse:
        return self.answer(**self.asking(form))

    def go_on(self) -> HttpResponse:
        return HttpResponseRedirect(get_next(self.request))
