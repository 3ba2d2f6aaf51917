"""The form that asks the person who is signed in for another proof of identity."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from auth_sessions import exceptions
from auth_sessions.masking import conceal

Proof = tuple[AbstractBaseUser | None, Iterable[str]]
"""What ``StepUpMixin.verify_identity`` returns."""


class SecretField(forms.CharField):
    """A text that no error report shows."""

    def to_python(self, value: Any) -> Any:
        return conceal(super().to_python(value))


class ProofForm(forms.Form):
    """Asks for the password and, once ``verify`` has found that one is needed, for the code of a second factor.

    ``verify`` is ``StepUpMixin.verify_identity`` for this request: it returns the :attr:`proof`, or raises.
    """

    password = SecretField(strip=False, error_messages={"required": _("Enter your password.")})
    otp = SecretField(required=False, max_length=128)

    proof: Proof
    asks_for_code = False

    def __init__(self, data: Any = None, *, verify: Callable[[Mapping[str, Any]], Proof]) -> None:
        super().__init__(data)
        self.verify = verify

    @sensitive_variables()
    def clean(self) -> None:
        self.asks_for_code = bool(self.data.get("otp"))
        if self.errors:
            return
        try:
            self.proof = self.verify(self.cleaned_data)
        except (exceptions.SecondFactorRequired, exceptions.SecondFactorInvalid) as error:
            self.asks_for_code = True
            self.add_error("otp", str(error))
        except exceptions.ReauthenticationFailed:
            self.add_error("password", _("This password was not accepted. Try again."))
        except exceptions.PasswordTooLong as error:
            self.add_error("password", forms.ValidationError(str(error), code=error.code))

    def is_too_long(self) -> bool:
        return self.has_error("password", exceptions.PasswordTooLong.code)
