"""Sign-ins by password, for tokens or for a cookie."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.middleware.csrf import get_token
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_variables
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle

from auth_sessions import api
from auth_sessions.authentication import BrowserSessionAuthentication
from auth_sessions.core.browser_sign_in import sign_in_browser
from auth_sessions.core.browser_state import get_state
from auth_sessions.core.creation import end_on_error
from auth_sessions.mixins import SignInMixin
from auth_sessions.models import Session
from auth_sessions.serializers import SessionSerializer, SignInSerializer
from auth_sessions.throttling import ActionThrottle
from auth_sessions.views.base import AuthSessionsView, TokenPairView

_T = TypeVar("_T")


class PasswordSignInView(SignInMixin, AuthSessionsView):
    """The base of both sign-ins: ``POST {<USERNAME_FIELD>, "password", "otp"?, "device_name"?}``.

    401 ``no_active_account``, ``second_factor_required`` or ``second_factor_invalid``.
    """

    authentication_classes = ()
    permission_classes = ()
    serializer_class = SignInSerializer
    session_serializer_class: type[BaseSerializer[Any]] = SessionSerializer
    action_throttle_scope = "auth_sessions_token"

    @sensitive_variables()
    def sign_in(self, request: Request, sign_in: Callable[..., _T]) -> _T:
        """The result of ``sign_in``, called with what was sent and with what the view says."""
        serializer = self.read(request)
        return sign_in(
            request._request,
            serializer.credentials,
            name=serializer.validated_data.get("device_name", ""),
            tag=self.get_tag(),
            lifetime=self.get_lifetime(),
            second_factor=lambda user: self.second_factor(request._request, user, serializer.validated_data),
        )

    def show(self, session: Session) -> Any:
        return self.session_serializer_class(session, context={"current": session}).data


class SignInView(PasswordSignInView, TokenPairView):
    """Creates a session with tokens: 200 ``{"access", "refresh", "session"}``; also 403 ``session_limit_reached``."""

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        pair = self.sign_in(request, api.sign_in)
        with end_on_error(pair.session):
            return Response(self.get_response_data(pair.session, pair))

    def get_response_data(self, session: Session, pair: api.TokenPair) -> dict[str, Any]:
        return {**super().get_response_data(session, pair), "session": self.show(session)}


class BrowserSignInView(PasswordSignInView):
    """For a page of the same site. ``POST`` logs in by Django's session, whose cookie no script can read.

    200 with the session. A request without the CSRF token is refused (403), also before anybody is signed in (OWASP:
    login CSRF). Each response sets the CSRF cookie, and gives the token in the header by which it comes back; it is
    another one after the sign-in. ``GET``: 204, for the first token. 501 ``browser_sessions_missing`` without
    ``BrowserSessionMiddleware``.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return ensure_csrf_cookie(super().as_view(**initkwargs))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST":
            if get_state(request._request) is None:
                raise BrowserSessionsMissing
            BrowserSessionAuthentication().enforce_csrf(request)
        super().initial(request, *args, **kwargs)

    def get_throttles(self) -> list[BaseThrottle]:
        """A ``GET`` counts as no attempt."""
        if self.request.method == "POST":
            return super().get_throttles()
        return [throttle for throttle in super().get_throttles() if not isinstance(throttle, ActionThrottle)]

    def get(self, request: Request, **kwargs: object) -> Response:
        return Response(status=status.HTTP_204_NO_CONTENT)

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        return Response(self.show(self.sign_in(request, sign_in_browser)))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        final[self.get_csrf_header()] = get_token(request._request)
        return final

    @staticmethod
    def get_csrf_header() -> str:
        """The header in which Django expects the CSRF token, and in which a response gives it."""
        return settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")


class BrowserSessionsMissing(APIException):
    """501: the project has no browser sessions."""

    status_code = status.HTTP_501_NOT_IMPLEMENTED
    default_detail = {
        "detail": _("This site has no sign-in by cookie: BrowserSessionMiddleware is not installed."),
        "code": "browser_sessions_missing",
    }
