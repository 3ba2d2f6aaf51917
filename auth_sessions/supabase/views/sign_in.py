"""The sign-in by e-mail address and password."""

from django.views.decorators.debug import sensitive_variables
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api
from auth_sessions.core.creation import end_on_error
from auth_sessions.core.people import normalized_email
from auth_sessions.masking import secret_arguments
from auth_sessions.mixins import SignInMixin
from auth_sessions.supabase import users
from auth_sessions.supabase.errors import SIGN_IN_REFUSALS, SupabaseError, validation_failed
from auth_sessions.supabase.request_body import Body
from auth_sessions.supabase.responses import session_object
from auth_sessions.supabase.views.base import SupabaseView


class SignInBaseView(SignInMixin, SupabaseView):
    """The base of a sign-in and a sign-up."""

    action_throttle_scope = "auth_sessions_token"
    refusals = SIGN_IN_REFUSALS

    @secret_arguments("password")
    def sign_in(self, request: Request, email: str, password: str, body: Body) -> Response:
        credentials = {**body.members, "otp": body.text("otp").strip()}
        pair = api.sign_in(
            request._request,
            self.get_credentials(email, password),
            tag=self.get_tag(),
            lifetime=self.get_lifetime(),
            normalize=False,
            second_factor=lambda user: self.second_factor(request._request, user, credentials),
        )
        with end_on_error(pair.session):
            return Response(session_object(pair))

    @secret_arguments("password")
    def get_credentials(self, email: str, password: str) -> dict[str, str]:
        """The credentials for ``authenticate()``: the user name of the one user with this address, and the password."""
        return users.credentials(email, password)


class PasswordGrantView(SignInBaseView):
    """``POST token?grant_type=password`` ``{"email", "password", "otp"?}``: creates a session.

    ``weak_password`` of the response is null: the app does not validate the password that signs in.
    """

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        body = Body(request._request)
        email, phone = normalized_email(body.text("email")), body.text("phone")
        if email and phone:
            raise validation_failed("Only an email address or phone number should be provided on login.")
        if phone:
            raise SupabaseError(422, "phone_provider_disabled", "Phone logins are disabled")
        if not email:
            raise validation_failed("missing email or phone")
        response = self.sign_in(request, email, body.text("password"), body)
        response.data["weak_password"] = None
        return response
