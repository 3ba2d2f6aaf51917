"""The endpoints of Supabase's clients. Each view reads its input, calls one function, and builds the response."""

import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.core.signals import got_request_exception
from django.core.validators import validate_email
from django.db import IntegrityError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.log import log_response
from django.views.decorators.debug import sensitive_variables
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView, set_rollback

from auth_sessions import __version__, api, refusals
from auth_sessions.choices import Scope
from auth_sessions.conf import conf
from auth_sessions.core.creation import end_on_error
from auth_sessions.core.credentials import keep_answer, refusing_long_passwords
from auth_sessions.core.database import all_sessions, lock_with_caller, user_row, write_alias
from auth_sessions.core.freshness import is_fresh
from auth_sessions.core.people import EMAIL_LENGTH, email_of, is_same_email, normalized_email
from auth_sessions.core.sign_out import complete_local_sign_out
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.exceptions import AuthSessionsError, NoActiveAccount
from auth_sessions.masking import secret_arguments
from auth_sessions.mixins import OwnTransactionsMixin, ReauthenticationMixin, SignInMixin
from auth_sessions.supabase import errors, users
from auth_sessions.supabase.authentication import BearerAuthentication, SignOutAuthentication
from auth_sessions.supabase.errors import SupabaseError, validation_failed
from auth_sessions.supabase.passwords import check_differs, check_new
from auth_sessions.supabase.request_body import Body, BodyParser
from auth_sessions.supabase.responses import session_object, user_object
from auth_sessions.throttling import ActionThrottle
from auth_sessions.tokens import SessionAccessToken
from auth_sessions.tokens.keys import public_keys


class JSONOnly(BaseContentNegotiation):
    """Responds with JSON, independently of ``Accept``."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        return BodyParser()

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class SupabaseView(OwnTransactionsMixin, APIView):
    """The base of the endpoints: no authentication (clients send the API key as a Bearer token), and refusals.

    Refusals are not passed to the project's ``EXCEPTION_HANDLER``: the clients support one format only.
    """

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes = ()
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = JSONOnly
    versioning_class = None
    metadata_class = None
    action_throttle_scope: str | None = None
    refusals: errors.Refusals = errors.BEARER_REFUSALS

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), ActionThrottle()]

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal without a rollback: a session that it has ended stays ended. Roll back and log any other."""
        refusals.tell(exc, request=self.request)
        if isinstance(exc, AuthSessionsError):
            return self._answer(errors.refused(exc, self.refusals))
        error = errors.translated(exc)
        if error is not None:
            return self._answer(error)
        set_rollback()
        request = self.request._request
        got_request_exception.send(sender=None, request=request)
        error = errors.unexpected(exc)
        error_id = uuid.uuid4().hex
        response = self._answer(error, error_id=error_id)
        log_response(
            "Unexpected failure %s: %s", error_id, request.path, response=response, request=request, exception=exc
        )
        return response

    def _answer(self, error: SupabaseError, **more: str) -> Response:
        versioned = errors.is_versioned(self.request._request)
        body = error.body(versioned=versioned)
        return Response(body if versioned else {**body, **more}, status=error.status, headers=error.headers)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final: Response = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "no-store")
        keep_answer(request._request)
        if errors.is_versioned(request._request):
            final[errors.VERSION_HEADER] = errors.VERSION.isoformat()
        return final


class SignInBaseView(SignInMixin, SupabaseView):
    """The base of a sign-in and a sign-up."""

    action_throttle_scope = "auth_sessions_token"
    refusals = errors.SIGN_IN_REFUSALS

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


class RefreshTokenGrantView(SupabaseView):
    """``POST token?grant_type=refresh_token`` ``{"refresh_token"}``."""

    action_throttle_scope = "auth_sessions_refresh"
    refusals = errors.REFRESH_REFUSALS

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        token = Body(request._request).text("refresh_token")
        if not token:
            raise validation_failed("Refresh token is not valid")
        return Response(session_object(self.refresh(request, token)))

    @secret_arguments("token")
    def refresh(self, request: Request, token: str) -> api.TokenPair:
        """The new pair. Raises an error of ``auth_sessions.exceptions``."""
        return api.refresh(token, request=request._request)


class UnsupportedGrantView(SupabaseView):
    """Any other grant."""

    def post(self, request: Request, **kwargs: object) -> Response:
        raise SupabaseError(400, "invalid_credentials", "unsupported_grant_type")


class TokenView(UnsupportedGrantView):
    """``POST token?grant_type=``: calls the view of the grant."""

    grants: ClassVar[Mapping[str, type[SupabaseView]]] = {
        "password": PasswordGrantView,
        "refresh_token": RefreshTokenGrantView,
    }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            name = request.GET.get("grant_type", "")
        except SuspiciousOperation:  # too many parameters
            name = ""
        grant = self.grants.get(name)
        if grant is None:
            return super().dispatch(request, *args, **kwargs)
        return _view_of(cast("Hashable", grant))(request, *args, **kwargs)


@cache
def _view_of(grant: Any) -> Callable[..., HttpResponseBase]:
    view: Callable[..., HttpResponseBase] = grant.as_view()
    return view


class SignedInView(SupabaseView):
    """The base of the endpoints that require an access token."""

    authentication_classes = (BearerAuthentication,)

    def get_caller(self) -> AbstractBaseUser:
        return cast("AbstractBaseUser", self.request.user)

    def get_token(self) -> SessionAccessToken:
        """The validated access token, with its ``session``."""
        return cast("SessionAccessToken", self.request.auth)


class LogoutView(SignedInView):
    """``POST logout?scope=``: ``global`` (default), ``local`` or ``others``; 204.

    ``as_view(scope=...)`` sets another default.
    ``local`` for a session that has already ended is 204, too.
    """

    authentication_classes = (SignOutAuthentication,)
    action_throttle_scope = "auth_sessions_sign_out"

    scope = Scope.GLOBAL
    asked_scope: str

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.asked_scope = next(iter(request.query_params.getlist("scope")), "") or self.scope
        super().initial(request, *args, **kwargs)

    def post(self, request: Request, **kwargs: object) -> Response:
        if self.asked_scope not in Scope:
            raise validation_failed(f'Unsupported logout scope "{self.asked_scope}"')
        api.sign_out(self.get_token().session, Scope(self.asked_scope), request=request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def handle_exception(self, exc: Exception) -> Response:
        asked_scope = getattr(self, "asked_scope", "")  # it fails before the query is read
        if complete_local_sign_out(exc, asked_scope, request=self.request._request):
            return Response(status=status.HTTP_204_NO_CONTENT)
        return super().handle_exception(exc)


class UserView(ReauthenticationMixin, SignedInView):
    """``GET user``, and ``PUT user`` ``{"password"?, "current_password"?, "data"?}``: the user object.

    A new password ends every other session. ``data`` is merged into ``user_metadata``; null deletes a key.
    """

    update_throttle_scope: str | None = "auth_sessions_token"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Throttle PUT as a sign-in: with ``current_password`` the response shows whether a password is right."""
        if request.method == "PUT":
            self.action_throttle_scope = self.update_throttle_scope
        super().initial(request, *args, **kwargs)

    def get(self, request: Request, **kwargs: object) -> Response:
        asked, audience = request.META.get("HTTP_X_JWT_AUD"), self.get_token().payload.get("aud")
        if asked and asked not in (audience if isinstance(audience, list) else [audience]):
            raise validation_failed("Token audience doesn't match request audience")
        return Response(user_object(self.get_caller()))

    @sensitive_variables()
    def put(self, request: Request, **kwargs: object) -> Response:
        body, user = Body(request._request), self.get_caller()
        if body.holds("app_metadata"):
            raise SupabaseError(403, "not_admin", "Updating app_metadata requires admin privileges")
        if body.text("phone"):
            raise validation_failed("Phone numbers are not supported")
        email, data = normalized_email(body.text("email")), body.metadata("data")
        if len(email) > EMAIL_LENGTH:
            raise _no_address()
        has_new_address = bool(email) and not is_same_email(email, email_of(user))
        if body.holds("password"):
            if self.get_token().session.is_staff_help:  # who acts in the user's name cannot prove to be that user
                raise SupabaseError(400, "reauthentication_needed", "Password update requires reauthentication")
            check_new(body.text("password"), user)
            # Outside of the transaction, which would undo what a lock-out counts.
            self.check_current_password(request, user, body)

        def update() -> None:
            # In the order in which all code locks: the user, then sessions, then the profile.
            stored, own = lock_by_primary_key(user_row(user)), self.get_token().session
            sessions = all_sessions().of_person(user.pk) if body.holds("password") else all_sessions().filter(pk=own.pk)
            lock_with_caller(sessions, caller=own, using=write_alias())
            if has_new_address:
                self.change_email(user, email)
            users.merge_user_metadata(user, data)
            if body.holds("password"):
                for each in stored:
                    check_differs(body.text("password"), each.password)
                api.change_password(user, body.text("password"), keep=own, request=request._request)

        in_transaction(update, using=write_alias())
        return Response(user_object(user))

    @secret_arguments("password")
    def check_current_password(self, request: Request, user: AbstractBaseUser, body: Body) -> None:
        """Verify ``current_password``, if it is given; see ``AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD``.

        Raises 400 ``current_password_invalid``, ``current_password_required``, or for a person without a password
        ``reauthentication_needed``.
        """
        if body.holds("current_password"):
            password = body.text("current_password")
            if not password or self.verify_password(request._request, user, password) is None:
                raise SupabaseError(400, "current_password_invalid", "The current password is not correct")
            return
        demand = conf.AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD
        if not demand:
            return
        has_password = self.has_password(user)
        if is_fresh(self.get_token().session) and (demand == "unless_recent" or not has_password):
            return
        if has_password:
            raise SupabaseError(
                400, "current_password_required", "Current password required when setting new password."
            )
        raise SupabaseError(400, "reauthentication_needed", "Password update requires reauthentication")

    def change_email(self, user: AbstractBaseUser, email: str) -> None:
        """Override it to accept a new address, at once or after a confirmation. Raises 400 ``validation_failed``."""
        raise validation_failed("The email address cannot be changed here")


class SignupView(SignInBaseView):
    """``POST signup`` ``{"email", "password", "data"?}``, if ``AUTH_SESSIONS_SUPABASE_SIGNUP``: signs in at once.

    If the project's backends do not accept the new user (yet), the response is the user object alone, on which clients
    wait for a confirmation.
    """

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        if not conf.AUTH_SESSIONS_SUPABASE_SIGNUP:
            raise SupabaseError(422, "signup_disabled", "Signups not allowed for this instance")
        body = Body(request._request)
        email, password = normalized_email(body.text("email")), body.text("password")
        self._check(email, phone=body.text("phone"), password=password)
        user = self._create(email, password, data=body.metadata("data"))
        try:
            return self.sign_in(request, email, password, body)
        except NoActiveAccount:
            return Response(user_object(user))

    @staticmethod
    @secret_arguments("password")
    def _check(email: str, *, phone: str, password: str) -> None:
        if not email and not phone:
            raise SupabaseError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        if not password:
            raise validation_failed("Signup requires a valid password")
        if not email:
            raise SupabaseError(400, "phone_provider_disabled", "Phone signups are disabled")
        try:
            validate_email(email)
        except ValidationError:
            raise _no_address() from None
        if users.usernames(email):
            raise _already_registered()

    @secret_arguments("password")
    def _create(self, email: str, password: str, *, data: dict[str, Any]) -> AbstractBaseUser:
        user = self.build_user(email)
        check_new(password, user)
        with refusing_long_passwords(password):
            user.set_password(password)
        key = user.pk

        def save() -> None:
            user.pk, user._state.adding = key, True  # also at a second attempt
            user.save()
            users.merge_user_metadata(user, data)

        try:
            user.full_clean()
            in_transaction(save, using=write_alias())
        except ValidationError as error:
            if any(each.code == "unique" for each in error.error_dict.get(get_user_model().USERNAME_FIELD, ())):
                raise _already_registered() from error
            raise validation_failed(" ".join(error.messages)) from error
        except IntegrityError as error:
            if users.is_taken(user):  # created by another request meanwhile
                raise _already_registered() from error
            raise
        return user

    def build_user(self, email: str) -> AbstractBaseUser:
        """The new user, not saved and without a password. The user name is the address, if its field accepts that."""
        return users.build(email)


def _no_address() -> SupabaseError:
    return validation_failed("Unable to validate email address: invalid format")


def _already_registered() -> SupabaseError:
    return SupabaseError(422, "user_already_exists", "User already registered")


class KeySetView(SupabaseView):
    """``GET .well-known/jwks.json``: the public keys of the access tokens (RFC 7517); none under HS256."""

    def get(self, request: Request, **kwargs: object) -> Response:
        return Response({"keys": public_keys()}, headers={"Cache-Control": "public, max-age=600"})


class HealthView(SupabaseView):
    """``GET health``: the name and the version of the server."""

    def get(self, request: Request, **kwargs: object) -> Response:
        description = "auth_sessions, for the clients of Supabase Auth"
        return Response({"version": __version__, "name": "auth_sessions", "description": description})


class SettingsView(SupabaseView):
    """``GET settings``: the available ways to sign in."""

    def get(self, request: Request, **kwargs: object) -> Response:
        return Response(
            {
                "external": {"email": True, "phone": False, "anonymous_users": False},
                "disable_signup": not conf.AUTH_SESSIONS_SUPABASE_SIGNUP,
                "mailer_autoconfirm": users.is_autoconfirmed(),
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
                "saml_private_key_next_configured": False,
                "passkeys_enabled": False,
            }
        )


class UnknownPathView(SupabaseView):
    """Any other path of Supabase Auth: 404 ``not_supported``, as JSON."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise errors.not_supported()
