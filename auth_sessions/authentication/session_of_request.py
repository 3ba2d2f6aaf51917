"""The session of a request, by whatever it was authenticated."""

from typing import cast

from django.http import HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from auth_sessions import exceptions, refusals
from auth_sessions.authentication.bearer import SessionJWTAuthentication
from auth_sessions.authentication.default_classes import get_bearer_classes
from auth_sessions.core import browser_validation
from auth_sessions.models import Session
from auth_sessions.tokens import SessionAccessToken


def get_session(request: HttpRequest | Request, *, raise_exception: bool = False) -> Session | None:
    """The session of a request, by Bearer token or cookie; None if there is none.

    ``request`` is DRF's or Django's own. For Django's own, each call costs the one SELECT of
    :class:`SessionJWTAuthentication`. With ``raise_exception`` the reason is raised instead:
    :class:`~auth_sessions.exceptions.TokenNotValid`, or a subclass of
    :class:`~auth_sessions.exceptions.SessionInvalid` (``SessionNotFound`` for a request without credentials).
    """
    try:
        session = _find_session(request)
    except exceptions.AuthSessionsError:
        if raise_exception:
            raise
        return None
    if session is None and raise_exception:
        raise exceptions.SessionNotFound
    return session


def _find_session(request: HttpRequest | Request) -> Session | None:
    if isinstance(request, Request):
        return getattr(request.auth, "session", None) or _get_browser_session(request)
    for authentication in (each() for each in get_bearer_classes()):
        if token := _token_found_by(authentication, request):
            with refusals.telling(request):
                return _session_accepted_by(authentication, token)
    return browser_validation.get_current(request)


def _token_found_by(authentication: SessionJWTAuthentication, request: HttpRequest) -> bytes | None:
    """The access token in the header, or where the project's class has it; None if there is none.

    Raises ``TokenNotValid`` for a malformed header.
    """
    try:
        header = authentication.get_header(cast("Request", request))
        return None if header is None else authentication.get_raw_token(header)
    except AuthenticationFailed as error:
        raise exceptions.TokenNotValid from error


def _session_accepted_by(authentication: SessionJWTAuthentication, token: bytes) -> Session:
    """The session of an access token; a project's class may refuse more than the app does (``TokenNotValid``)."""
    try:
        validated = authentication.get_validated_token(token)
        if not isinstance(validated, SessionAccessToken):  # simplejwt's own
            raise exceptions.TokenNotValid
        authentication.get_user(validated)
    except APIException as error:
        if isinstance(error.__cause__, exceptions.AuthSessionsError):
            raise error.__cause__ from error.__cause__.__cause__
        raise exceptions.TokenNotValid from error
    return validated.session


def _get_browser_session(request: Request) -> Session | None:
    """The session of the cookie, if the request was authenticated as the same user."""
    session = browser_validation.get_current(request._request)
    return session if session is not None and request.user and session.user_id == request.user.pk else None
