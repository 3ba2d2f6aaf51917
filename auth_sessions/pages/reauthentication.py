"""Re-authentication: the form that asks the person who is signed in for another proof of identity."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from auth_sessions.core.usage import mark_reauthenticated
from auth_sessions.exceptions import PasswordTooLong
from auth_sessions.masking import conceal
from auth_sessions.models import Session


class SecretField(forms.CharField):
    """A text that no error report shows."""

    def to_python(self, value: Any) -> Any:
        return conceal(super().to_python(value))


class PasswordForm(forms.Form):
    """Asks the signed-in person for their password, which ``verify`` verifies."""

    password = SecretField(strip=False, error_messages={"required": _("Enter your password.")})

    def __init__(
        self, request: HttpRequest, data: Any = None, *, verify: Callable[[str], AbstractBaseUser | None]
    ) -> None:
        super().__init__(data)
        self.request = request
        self.verify = verify

    @sensitive_variables()
    def clean_password(self) -> AbstractBaseUser:
        """The user, as the backend that accepted the password returned it."""
        try:
            user = self.verify(self.cleaned_data["password"])
        except PasswordTooLong as error:
            raise ValidationError(str(error), code=error.code) from None
        if user is None:
            raise ValidationError(_("This password was not accepted. Try again."))
        return user

    def is_too_long(self) -> bool:
        return self.has_error("password", PasswordTooLong.code)

    def mark_reauthenticated(self, session: Session) -> None:
        """Record the proof of identity, and update Django's session hash if ``authenticate()`` upgraded the hash.

        Otherwise Django would sign the browser out.
        """
        user = self.cleaned_data["password"]
        mark_reauthenticated(session, user, amr=["pwd"], request=self.request)
        if user.password != cast("AbstractBaseUser", self.request.user).password:
            update_session_auth_hash(self.request, user)
