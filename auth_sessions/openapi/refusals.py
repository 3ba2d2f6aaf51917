"""The refusals of the REST API as responses of a schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import status

from auth_sessions import exceptions

Responses = dict[int, Any]

TEXT = {"type": "string"}

SESSION_CODES = sorted({cls.code for cls in exceptions.SessionInvalid.__subclasses__()})
"""Why a session is not live."""

REFRESH_CODES = [exceptions.TokenNotValid.code, *SESSION_CODES, exceptions.RefreshTokenAlreadyUsed.code]

ACCESS_CODES = ["not_authenticated", "bad_authorization_header", exceptions.TokenNotValid.code, *SESSION_CODES]
"""Of a request by access token or cookie."""


def json_object(*, required: Iterable[str] | None = None, **properties: Any) -> dict[str, Any]:
    """The schema of an object with these members, all of them ``required`` unless that names some."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
    }


DETAIL = json_object(detail=TEXT)

FIELD_ERRORS = {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}


def refused(description: str, *codes: str) -> OpenApiResponse:
    """``{"detail", "code"}``, with one of these codes. For ``Prefer: end-reason`` also why a session has ended."""
    code = {"type": "string", "enum": list(dict.fromkeys(codes))}
    shape = json_object(detail=TEXT, code=code)
    if exceptions.SessionNotFound.code in codes:
        shape["properties"]["end_reason"] = TEXT
    return OpenApiResponse(shape, description)


STEP_UP: dict[str, Any] = json_object(
    detail=TEXT,
    code={"type": "string", "enum": [exceptions.InsufficientUserAuthentication.code]},
    max_age={"type": "integer", "description": "How old the proof of identity may be, in seconds."},
    acr_values={"type": "string", "description": "Methods (RFC 8176), one of which is required; spaces between."},
    required=["detail", "code"],
)
"""The challenge of RFC 9470, of a view that requires a recent proof of identity."""

THROTTLED: Responses = {status.HTTP_429_TOO_MANY_REQUESTS: OpenApiResponse(DETAIL, "Too many requests.")}

UNAUTHORIZED: Responses = {status.HTTP_401_UNAUTHORIZED: refused("Nobody is signed in.", *ACCESS_CODES)}

FORBIDDEN: Responses = {status.HTTP_403_FORBIDDEN: OpenApiResponse(DETAIL, "Not allowed, or without a CSRF token.")}

NOT_FOUND: Responses = {status.HTTP_404_NOT_FOUND: OpenApiResponse(DETAIL, "There is no such session or user.")}

INVALID: Responses = {status.HTTP_400_BAD_REQUEST: OpenApiResponse(FIELD_ERRORS, "Errors by field.")}

BODY_REFUSED: Responses = {
    status.HTTP_400_BAD_REQUEST: OpenApiResponse(
        {"oneOf": [FIELD_ERRORS, DETAIL]}, "Errors by field, or a body that cannot be parsed."
    ),
    status.HTTP_411_LENGTH_REQUIRED: refused("The body has no `Content-Length`.", "length_required"),
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: OpenApiResponse(DETAIL, "The body is of another type."),
}

NO_CONTENT: Responses = {status.HTTP_204_NO_CONTENT: OpenApiResponse(None, "Done.")}
