"""``user``: the person who is signed in."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.views.decorators.debug import sensitive_variables
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, lock_with_caller, user_row, write_alias
from auth_sessions.core.freshness import is_fresh
from auth_sessions.core.people import EMAIL_LENGTH, email_of, is_same_email, normalized_email
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.masking import secret_arguments
from auth_sessions.mixins import ReauthenticationMixin
from auth_sessions.supabase import users
from auth_sessions.supabase.errors import SupabaseError, invalid_address, validation_failed
from auth_sessions.supabase.passwords import check_differs, check_new
from auth_sessions.supabase.request_body import Body
from auth_sessions.supabase.responses import user_object
from auth_sessions.supabase.views.base import SignedInView


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
        _refuse_unsupported(body)
        email, data = normalized_email(body.text("email")), body.metadata("data")
        if len(email) > EMAIL_LENGTH:
            raise invalid_address()
        has_new_address = bool(email) and not is_same_email(email, email_of(user))
        is_alone = not (has_new_address or data)
        if body.holds("password"):
            if self.get_token().session.is_staff_help:  # who acts in the user's name cannot prove to be that user
                raise SupabaseError(400, "reauthentication_needed", "Password update requires reauthentication")
            # Outside of the transaction, which would undo what a lock-out counts. A validator may know the passwords
            # that the person has had: it is asked when nothing but the password can be refused.
            self.check_current_password(request, user, body)
            if is_alone:
                check_new(body.text("password"), user)

        def update() -> None:
            # In the order in which all code locks: the user, then sessions, then the profile.
            stored, own = lock_by_primary_key(user_row(user)), self.get_token().session
            sessions = all_sessions().of_person(user.pk) if body.holds("password") else all_sessions().filter(pk=own.pk)
            lock_with_caller(sessions, caller=own, using=write_alias())
            if has_new_address:
                self.change_email(user, email)
            users.merge_user_metadata(user, data)
            if body.holds("password"):
                if not is_alone:
                    check_new(body.text("password"), user)
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


def _refuse_unsupported(body: Body) -> None:
    if body.holds("app_metadata"):
        raise SupabaseError(403, "not_admin", "Updating app_metadata requires admin privileges")
    if body.text("phone"):
        raise validation_failed("Phone numbers are not supported")
