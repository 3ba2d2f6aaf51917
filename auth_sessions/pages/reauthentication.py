"""Re-authentication: whether the last proof of identity is recent enough, and the form that asks for another."""

from typing import Any, cast

from django import forms
from django.contrib.auth import authenticate, get_user_model, update_session_auth_hash
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from auth_sessions.conf import conf
from auth_sessions.core.usage import mark_reauthenticated
from auth_sessions.models import Session


def is_recent(session: Session) -> bool:
    """Whether the last proof of identity is younger than ``AUTH_SESSIONS_REAUTHENTICATION_AGE``.

    Never where somebody acts in the person's name.
    """
    if session.is_staff_help:
        return False
    age = conf.AUTH_SESSIONS_REAUTHENTICATION_AGE
    authenticated_at = session.authenticated_at
    return age is None or (authenticated_at is not None and timezone.now() - authenticated_at < age)


class PasswordForm(forms.Form):
    """Asks the signed-in person for their password, which ``django.contrib.auth.authenticate()`` verifies."""

    password = forms.CharField(strip=False, error_messages={"required": _("Enter your password.")})

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        super().__init__(data)
        self.request = request

    @sensitive_variables()
    def clean_password(self) -> AbstractBaseUser:
        """The user, as the backend that accepted the password returned it."""
        person = cast("AbstractBaseUser", self.request.user)
        credentials = {get_user_model().USERNAME_FIELD: person.get_username()}
        user = authenticate(self.request, **credentials, password=self.cleaned_data["password"])
        if user is None or user.pk != person.pk:
            raise ValidationError(_("This password was not accepted. Try again."))
        return user

    def mark_reauthenticated(self, session: Session) -> None:
        """Record the proof of identity, and update Django's session hash if ``authenticate()`` upgraded the hash.

        Otherwise Django would sign the browser out.
        """
        user = self.cleaned_data["password"]
        mark_reauthenticated(session, user)
        if user.password != cast("AbstractBaseUser", self.request.user).password:
            update_session_auth_hash(self.request, user)
