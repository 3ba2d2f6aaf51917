"""``signup``: a new user."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError
from django.views.decorators.debug import sensitive_variables
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions.conf import conf
from auth_sessions.core.database import write_alias
from auth_sessions.core.password_length import refusing_long_passwords
from auth_sessions.core.people import normalized_email
from auth_sessions.db.transactions import in_transaction
from auth_sessions.exceptions import NoActiveAccount
from auth_sessions.masking import secret_arguments
from auth_sessions.supabase import users
from auth_sessions.supabase.errors import SupabaseError, invalid_address, validation_failed
from auth_sessions.supabase.passwords import check_new
from auth_sessions.supabase.request_body import Body
from auth_sessions.supabase.responses import user_object
from auth_sessions.supabase.views.sign_in import SignInBaseView


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
            raise invalid_address() from None
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


def _already_registered() -> SupabaseError:
    return SupabaseError(422, "user_already_exists", "User already registered")
