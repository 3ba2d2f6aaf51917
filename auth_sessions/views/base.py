"""What the views have in common: authentication, refusals, the reading of a body."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, cast

from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, RawPostDataException
from django.utils.functional import classproperty
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, NotAuthenticated, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from auth_sessions import api, refusals
from auth_sessions.authentication import BrowserSessionAuthentication, get_bearer_classes, to_api_exception
from auth_sessions.core.credentials import keep_answer
from auth_sessions.exceptions import AuthSessionsError
from auth_sessions.mixins import OwnTransactionsMixin
from auth_sessions.models import Session
from auth_sessions.parsers import ConcealingParser
from auth_sessions.preferences import tell_end_reason
from auth_sessions.throttling import ActionThrottle


class AuthSessionsView(OwnTransactionsMixin, APIView):
    """The base of the views: authentication, permissions, throttling, and refusals. No response may be cached."""

    authentication_classes: Sequence[type[BaseAuthentication]] = cast(
        "Any", classproperty(lambda cls: (*get_bearer_classes(), BrowserSessionAuthentication))
    )
    """By token as in the project's own views, then by Django's cookie."""

    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)
    serializer_class: type[BaseSerializer[Any]]
    action_throttle_scope: str | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Hide passwords, codes and refresh tokens in Django's error reports."""
        return sensitive_post_parameters("password", "otp", "refresh", "token")(super().as_view(**initkwargs))

    def get_parsers(self) -> list[BaseParser]:
        return [ConcealingParser(parser) for parser in super().get_parsers()]

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), ActionThrottle()]

    @property
    def description(self) -> str:
        """What the browsable API and ``OPTIONS`` say of the view: its docstring, without the marks of code."""
        return (type(self).__doc__ or "").replace("``", "")

    def get_authenticate_header(self, request: Request) -> str:
        """The challenge of a 401, that of the project's own class, also in a view without authentication classes."""
        return get_bearer_classes()[0]().authenticate_header(request)

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        if not request.successful_authenticator:
            raise AuthenticationFailed(str(NotAuthenticated.default_detail), code="not_authenticated")
        super().permission_denied(request, message=message, code=code)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal of the app's without a rollback: a session that it has ended stays ended."""
        if not isinstance(exc, AuthSessionsError):
            return super().handle_exception(exc)
        refusals.tell(exc, request=self.request)
        refusal = self.to_api_exception(exc)
        tell_end_reason(refusal, exc, request=self.request)
        with _transactions_kept():
            return super().handle_exception(refusal)

    def to_api_exception(self, error: AuthSessionsError) -> APIException:
        """The DRF exception by which the view answers a refusal."""
        return to_api_exception(error)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final: Response = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store, private"  # earlier releases of Django's cache middleware know private only
        keep_answer(request._request)
        return final

    @sensitive_variables()
    def read(self, request: Request, instance: Session | None = None) -> Any:
        """The validated serializer of the request's body. Raises 400, or 411 for a body of unknown length."""
        serializer = self.serializer_class(instance, data=_body(request), partial=instance is not None)
        if not serializer.is_valid():
            # Without the serializer, from which the browsable API would fill its form with what was sent.
            raise ValidationError(dict(serializer.errors))
        return serializer


class LengthRequired(APIException):
    """411 (RFC 9110, section 15.5.12), because DRF treats a body of unknown length as empty."""

    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_detail = {"detail": _("Send the length of the body."), "code": "length_required"}


def _body(request: Request) -> Any:
    if _has_body_of_unknown_length(request._request):
        raise LengthRequired
    return request.data


def _has_body_of_unknown_length(request: HttpRequest) -> bool:
    """Whether the request has a body without ``Content-Length``: chunked, or over HTTP/2, which needs no header."""
    length = request.META.get("CONTENT_LENGTH")
    if length and length != "0":
        return False
    if isinstance(request, ASGIRequest):
        with suppress(RawPostDataException):  # the body has been read already
            return bool(request.body)
        return False
    if request.META.get("wsgi.input_terminated"):  # otherwise nothing limits what would be read
        return bool(request.META["wsgi.input"].read(1))
    return "HTTP_TRANSFER_ENCODING" in request.META


@contextmanager
def _transactions_kept() -> Iterator[None]:
    """Undo what DRF's exception handler does under ``ATOMIC_REQUESTS``: it marks open transactions for rollback."""
    in_transaction = [c for c in connections.all(initialized_only=True) if c.in_atomic_block]
    marks = [connection.get_rollback() for connection in in_transaction]
    try:
        yield
    finally:
        for connection, mark in zip(in_transaction, marks, strict=True):
            connection.set_rollback(mark)


class TokenPairView(AuthSessionsView):
    """The base of the views that issue tokens, to clients that are not authenticated yet."""

    authentication_classes = ()
    permission_classes = ()
    response_serializer_class: type[BaseSerializer[Any]] | None = None
    """The members of :meth:`get_response_data`, for an OpenAPI schema, where a project overrides that."""

    def get_response_data(self, session: Session, pair: api.TokenPair) -> dict[str, Any]:
        """The members of the response. A project that sends more of the user overrides it."""
        return {"access": pair.access, "refresh": pair.refresh}
