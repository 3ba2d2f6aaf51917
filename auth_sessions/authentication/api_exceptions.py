"""Refusals as the exceptions of Django REST framework."""

import math
from typing import Any, cast

from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, PermissionDenied, ValidationError
from rest_framework_simplejwt.authentication import AUTH_HEADER_TYPES
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken

from auth_sessions import exceptions


def to_api_exception(error: exceptions.AuthSessionsError) -> APIException:
    """The DRF exception for a refusal, ``{"detail", "code"}``: in general 401, as in simplejwt.

    403 for the session limit, for a session that may not be handed over, and for somebody who has no way to prove their
    identity again. A password that is too long is an error of its field, 400. A proof of identity that is too old is
    the challenge of RFC 9470.
    """
    if isinstance(error, exceptions.InsufficientUserAuthentication):
        return StepUpRequired(error)
    if isinstance(error, exceptions.PasswordTooLong):
        return ValidationError({"password": [str(error)]}, code=error.code)
    refused = (exceptions.SessionLimitReached, exceptions.HandOverRefused, exceptions.ReauthenticationUnavailable)
    if isinstance(error, refused):
        return PermissionDenied({"detail": str(error), "code": error.code})
    if isinstance(error, exceptions.TokenNotValid):
        return InvalidToken(str(error))
    return AuthenticationFailed(str(error), code=error.code)


class StepUpRequired(APIException):
    """401 with the challenge of RFC 9470, section 3: the person must prove their identity again.

    The body is ``{"detail", "code", "max_age"?, "acr_values"?}``: seconds, and words of RFC 8176 with spaces between.
    """

    status_code = status.HTTP_401_UNAUTHORIZED

    def __init__(self, error: exceptions.InsufficientUserAuthentication) -> None:
        super().__init__({"detail": str(error), "code": error.code}, error.code)
        seconds = None if error.max_age is None else math.floor(error.max_age.total_seconds())
        description = "More recent" if error.is_too_old else "A different"
        parameters = {"error": error.code, "error_description": f"{description} authentication is required"}
        details = cast("dict[str, Any]", self.detail)
        if seconds is not None:
            parameters["max_age"], details["max_age"] = str(seconds), _DetailNumber(seconds)
        if error.methods:
            parameters["acr_values"] = " ".join(error.methods)
            details["acr_values"] = ErrorDetail(parameters["acr_values"], error.code)
        quoted = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
        # DRF's exception handler sends it as `WWW-Authenticate`.
        self.auth_header = f"{AUTH_HEADER_TYPES[0]} {quoted}"


class _DetailNumber(int):
    """A number in the details of an error, of which handlers ask the code, as of texts."""

    code = exceptions.InsufficientUserAuthentication.code
