"""What a client asks for by the request header ``Prefer`` (RFC 7240)."""

from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.request import Request

from auth_sessions.core import end_reasons
from auth_sessions.exceptions import SessionNotFound

END_REASON = "end-reason"
"""The preference to be told why a session has ended."""


def tell_end_reason(refusal: APIException, error: BaseException | None, *, request: Request) -> None:
    """Add ``end_reason`` to a refusal of Django REST framework, as :func:`add_end_reason` does, and the headers."""
    for name, value in add_end_reason(refusal, error, request=request).items():
        _add_header(request, name, value)


def add_end_reason(
    refusal: APIException, error: BaseException | None, *, request: HttpRequest | Request
) -> dict[str, str]:
    """Add ``end_reason`` to the refusal of a session that has ended, if the client prefers it and it is known.

    Returns the headers of the response. The signature of the token has been verified: nobody else learns anything.
    Costs one SELECT, and nothing for a client that does not ask.
    """
    if not isinstance(error, SessionNotFound) or error.session_id is None or not isinstance(refusal.detail, dict):
        return {}
    if not _prefers(request, END_REASON):
        return {}
    reason = end_reasons.find(error.session_id)
    if reason is None:
        return {"Vary": "Prefer"}
    refusal.detail["end_reason"] = ErrorDetail(reason)
    return {"Vary": "Prefer", "Preference-Applied": END_REASON}


def _prefers(request: HttpRequest | Request, name: str) -> bool:
    """Whether the header has this preference, without a value. What cannot be parsed is no preference."""
    asked = (preference.partition(";")[0].strip() for preference in request.META.get("HTTP_PREFER", "").split(","))
    return any(each.lower() in {name, f"{name}=", f'{name}=""'} for each in asked)


def _add_header(request: Request, name: str, value: str) -> None:
    """Add a value to a header of the view's response, whichever view it is: DRF takes them from there."""
    view: Any = (getattr(request, "parser_context", None) or {}).get("view")
    headers = getattr(view, "headers", None)
    if headers is not None:
        present = [each.strip() for each in headers.get(name, "").split(",") if each.strip()]
        headers[name] = ", ".join(dict.fromkeys([*present, value]))
