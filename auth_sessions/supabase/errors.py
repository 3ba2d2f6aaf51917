"""Refusals as Supabase Auth sends them: a stable code, a message and a status, in one of two formats.

The request's ``X-Supabase-Api-Version`` selects the format. Clients act on the codes and messages, which are those of
Supabase Auth and are not translated.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from rest_framework import status
from rest_framework.exceptions import APIException, MethodNotAllowed, Throttled
from rest_framework.exceptions import ValidationError as FieldError

from auth_sessions import exceptions

VERSION_HEADER = "X-Supabase-Api-Version"
VERSION = date(2024, 1, 1)
"""Since this version ``code`` is the code of the error; in earlier ones it is the HTTP status."""

DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class SupabaseError(Exception):
    """A refusal in the format of Supabase Auth: status, code ("" if there is none), message, and extra members."""

    def __init__(self, http_status: int, code: str, message: str, *, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = http_status
        self.code = code
        self.message = message
        self.extra = dict(extra or {})

    @property
    def headers(self) -> dict[str, str]:
        """``x-sb-error-code``; for 401 also ``WWW-Authenticate`` (RFC 9110)."""
        code = {"x-sb-error-code": self.code} if self.code else {}
        return {**code, "WWW-Authenticate": "Bearer"} if self.status == status.HTTP_401_UNAUTHORIZED else code

    def body(self, *, versioned: bool) -> dict[str, Any]:
        """The new format also contains the legacy names, for clients that cannot read the version header."""
        code = self.code or (
            "unexpected_failure" if self.status >= status.HTTP_500_INTERNAL_SERVER_ERROR else "unknown"
        )
        if versioned:
            return {"code": code, "error_code": code, "message": self.message, "msg": self.message, **self.extra}
        return {"code": self.status, "error_code": code, "msg": self.message, **self.extra}


def is_versioned(request: HttpRequest) -> bool:
    """Whether the client requests the format of 2024-01-01, by that or a later date in the version header."""
    asked = request.META.get("HTTP_X_SUPABASE_API_VERSION", "")
    try:
        return bool(DATE.fullmatch(asked)) and date.fromisoformat(asked) >= VERSION
    except ValueError:
        return False


def bad_json(detail: object) -> SupabaseError:
    return SupabaseError(400, "bad_json", f"Could not parse request body as JSON: {detail}")


def validation_failed(message: str) -> SupabaseError:
    return SupabaseError(400, "validation_failed", message)


def invalid_address() -> SupabaseError:
    return validation_failed("Unable to validate email address: invalid format")


def bad_jwt(message: str, *, http_status: int = 403) -> SupabaseError:
    return SupabaseError(http_status, "bad_jwt", message)


def weak_password(message: str, reasons: list[str]) -> SupabaseError:
    """``reasons`` are among ``length``, ``characters`` and ``pwned``."""
    return SupabaseError(422, "weak_password", message, extra={"weak_password": {"reasons": reasons}})


Refusals = Mapping[type[exceptions.AuthSessionsError], tuple[int, str, str]]
"""The responses of one endpoint to refusals, by exception class; a subclass without one uses that of its parent."""

_CREDENTIALS = (400, "invalid_credentials", "Invalid login credentials")
_LIMIT = (403, exceptions.SessionLimitReached.code, "Too many devices are signed in")
_TOO_LONG = (400, "validation_failed", "Password is too long")

SIGN_IN_REFUSALS: Refusals = {
    exceptions.PasswordTooLong: _TOO_LONG,
    exceptions.SecondFactorRequired: (400, exceptions.SecondFactorRequired.code, "A code is required"),
    exceptions.SecondFactorInvalid: (400, exceptions.SecondFactorInvalid.code, "Invalid code"),
    exceptions.NoActiveAccount: _CREDENTIALS,
    exceptions.UserInactive: _CREDENTIALS,
    exceptions.UserNotFound: _CREDENTIALS,
    exceptions.SessionLimitReached: _LIMIT,
}

_NO_REFRESH_TOKEN = (400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")

REFRESH_REFUSALS: Refusals = {
    exceptions.TokenNotValid: _NO_REFRESH_TOKEN,
    exceptions.RefreshTokenForged: (400, "validation_failed", "Invalid Refresh Token: Not Issued By This Server"),
    exceptions.RefreshTokenAlreadyUsed: (400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"),
    exceptions.SessionInvalid: _NO_REFRESH_TOKEN,
    exceptions.SessionExpired: (400, "session_expired", "Invalid Refresh Token: Session Expired"),
    exceptions.SessionIdle: (400, "session_expired", "Invalid Refresh Token: Session Expired (Inactivity)"),
    exceptions.UserInactive: (400, "user_banned", "Invalid Refresh Token: User Banned"),
}

BEARER_REFUSALS: Refusals = {
    exceptions.PasswordTooLong: _TOO_LONG,
    exceptions.TokenNotValid: (403, "bad_jwt", "invalid JWT: unable to parse or verify signature"),
    # For every end of a session: the code on which every client deletes its session.
    exceptions.SessionInvalid: (403, "session_not_found", "Session from session_id claim in JWT does not exist"),
    exceptions.UserInactive: (403, "user_banned", "User is banned"),
    exceptions.UserNotFound: (403, "user_not_found", "User from sub claim in JWT does not exist"),
}

STEP_UP_REFUSALS: Refusals = {
    # 400, since clients take 401, 403 and 404 for a sign-out that has succeeded.
    exceptions.InsufficientUserAuthentication: (400, "reauthentication_needed", "This requires reauthentication"),
}
"""Those of ``RecentlyAuthenticated``, on a view of the project's."""


def refused(error: exceptions.AuthSessionsError, refusals: Refusals) -> SupabaseError:
    """The response of an endpoint to a refusal of the core."""
    named = (refusals[cls] for cls in type(error).__mro__ if cls in refusals)
    return SupabaseError(*next(named, (403, error.code, str(error))))


def translated(error: Exception) -> SupabaseError | None:
    """The response to an exception of Django's or DRF's, as in Supabase Auth; None for an unexpected failure."""
    match error:
        case SupabaseError():
            known = error
        case Throttled():
            known = SupabaseError(429, "over_request_rate_limit", "Request rate limit reached")
        case MethodNotAllowed():
            known = not_supported(error.status_code)
        case RequestDataTooBig():
            known = request_too_large()
        case SuspiciousOperation() | BadRequest():
            known = validation_failed("The request cannot be read")
        case ValidationError():
            known = validation_failed(" ".join(error.messages))
        case FieldError():
            known = validation_failed(_texts(error.detail))
        case APIException():
            known = SupabaseError(error.status_code, "", str(error.detail))
        case Http404() | PermissionDenied():
            known = SupabaseError(404 if isinstance(error, Http404) else 403, "", str(error))
        case _:
            return None
    return known


def _texts(detail: Any) -> str:
    """All messages of a validation error of DRF's, in one text."""
    if isinstance(detail, dict):
        detail = list(detail.values())
    return " ".join(_texts(each) for each in detail) if isinstance(detail, list) else str(detail)


def not_supported(http_status: int = 404) -> SupabaseError:
    """The response for an endpoint of Supabase Auth that is not implemented. Clients would retry after 501."""
    return SupabaseError(http_status, "not_supported", "This endpoint is not supported by this server")


def request_too_large() -> SupabaseError:
    return SupabaseError(413, "request_entity_too_large", "Request body too large")


def unexpected(error: Exception) -> SupabaseError:
    """An internal error: 503 if the database is unavailable or aborts, on which every client retries, otherwise 500."""
    transient = isinstance(error, (OperationalError, InterfaceError))
    return SupabaseError(
        503 if transient else 500,
        "unexpected_failure",
        "Unexpected failure, please check server logs for more information",
    )
