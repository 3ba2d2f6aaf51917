"""The REST API. Each view reads its input, calls one function, and builds the response."""

import sys
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TypeVar, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import Http404, HttpRequest, QueryDict, RawPostDataException
from django.middleware.csrf import get_token
from django.utils.functional import classproperty
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import (
    APIException,
    NotAuthenticated,
    ValidationError,
)
from rest_framework.fields import Field, IntegerField
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from auth_sessions import api, refusals
from auth_sessions.authentication import (
    BrowserSessionAuthentication,
    get_bearer_classes,
    get_session,
    get_session_of_refresh_token,
    to_api_exception,
)
from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.core.browser_sign_in import sign_in_browser
from auth_sessions.core.browser_state import get_state
from auth_sessions.core.browser_validation import has_stale_cookie
from auth_sessions.core.creation import end_on_error
from auth_sessions.core.credentials import keep_answer
from auth_sessions.core.database import all_sessions, all_users
from auth_sessions.core.freshness import refuse_acting
from auth_sessions.core.hand_over import LIFETIME
from auth_sessions.core.listing import list_live
from auth_sessions.core.reauthentication import renew
from auth_sessions.core.sign_out import complete_local_sign_out, end_chosen
from auth_sessions.core.usage import rename_session
from auth_sessions.exceptions import AuthSessionsError, SessionNotFound
from auth_sessions.masking import Secret, secret_arguments
from auth_sessions.mixins import OwnTransactionsMixin, SignInMixin, StepUpMixin
from auth_sessions.models import Session
from auth_sessions.parsers import ConcealingParser
from auth_sessions.paths import path_of
from auth_sessions.preferences import tell_end_reason
from auth_sessions.querysets import SessionQuerySet
from auth_sessions.serializers import (
    HandOverSerializer,
    ReauthenticateSerializer,
    RefreshSerializer,
    SessionSerializer,
    SignInSerializer,
    SignOutSerializer,
)
from auth_sessions.throttling import ActionThrottle

_T = TypeVar("_T")


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
        final["Cache-Control"] = "no-store"
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


class HandOverView(AuthSessionsView):
    """``POST {"next"?}`` from an app: 201 with a code by which a browser signs in as the same person, once.

    ``{"code", "expires_in", "url"}``: the seconds for which the code is good, and the page that takes it (null where
    none is mounted). 403 ``hand_over_refused`` where somebody acts in the user's name; 501 ``browser_sessions_missing``
    without ``BrowserSessionMiddleware``.
    """

    authentication_classes: Sequence[type[BaseAuthentication]] = cast(
        "Any", classproperty(lambda cls: get_bearer_classes())
    )
    serializer_class = HandOverSerializer
    action_throttle_scope = "auth_sessions_hand_over"

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        if get_state(request._request) is None:
            raise BrowserSessionsMissing
        next_url = self.read(request).validated_data.get("next", "")
        session = cast("Session", get_session(request, raise_exception=True))
        code = api.create_hand_over(session, next_url=next_url)
        data = {"code": code, "expires_in": int(LIFETIME.total_seconds()), "url": self.get_url(request, code)}
        return Response(data, status=status.HTTP_201_CREATED)

    @secret_arguments("code")
    def get_url(self, request: Request, code: str) -> str | None:
        """The URL of the page that takes the code. A project overrides it whose website has another host."""
        path = path_of("auth_sessions_pages:hand-over")
        return Secret(f"{request.build_absolute_uri(path)}?{urlencode({'code': code})}") if path else None


class RefreshView(TokenPairView):
    """``POST {"refresh"}``: 200 ``{"access", "refresh"}``, or 401 with the code of the refusal."""

    serializer_class = RefreshSerializer
    action_throttle_scope = "auth_sessions_refresh"

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        serializer = self.read(request)
        pair = self.refresh(request, serializer.validated_data["refresh"])
        return Response(self.get_response_data(pair.session, pair))

    @secret_arguments("token")
    def refresh(self, request: Request, token: str) -> api.TokenPair:
        return api.refresh(token, request=request._request)


class ReauthenticateView(StepUpMixin, AuthSessionsView):
    """``POST {"password"?, "otp"?}``: a later proof of identity, by all that a sign-in asks for; the session stays.

    200 ``{"access", "session"}`` for a session with tokens, whose refresh token is not rotated; ``{"session"}`` for a
    cookie. 401 ``reauthentication_failed``, ``second_factor_required`` or ``second_factor_invalid``, which sign nobody
    out. 403 ``reauthentication_unavailable`` for a person with neither a password nor a second factor, and 403 for
    somebody who acts in another person's name. A project with a proof of its own overrides ``verify_identity()`` and
    ``serializer_class``.
    """

    serializer_class = ReauthenticateSerializer
    session_serializer_class: type[BaseSerializer[Any]] = SessionSerializer
    response_serializer_class: type[BaseSerializer[Any]] | None = None
    """The members of :meth:`get_response_data`, for an OpenAPI schema, where a project overrides that."""
    action_throttle_scope = "auth_sessions_token"

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        session = get_session(request)
        if session is None:
            raise SessionNotFound
        refuse_acting(session)
        user, amr = self.verify_identity(request._request, session, self.read(request).validated_data)
        renew(session, user, amr=amr, request=request._request)
        return Response(self.get_response_data(session))

    @secret_arguments("credentials")
    def verify_identity(
        self, request: HttpRequest, session: Session, credentials: Mapping[str, Any]
    ) -> tuple[AbstractBaseUser | None, Iterable[str]]:
        if self.has_password(session.user) and not credentials.get("password"):
            raise ValidationError({"password": [Field.default_error_messages["required"]]}, code="required")
        return super().verify_identity(request, session, credentials)

    def get_response_data(self, session: Session) -> dict[str, Any]:
        """The members of the response. A project that sends more overrides it."""
        has_token = session.kind == SessionKind.TOKEN
        tokens = {"access": api.issue_access_token(session, request=self.request._request)} if has_token else {}
        return {**tokens, "session": self.session_serializer_class(session, context={"current": session}).data}


class SignOutView(AuthSessionsView):
    """``POST`` with ``scope`` in the query or the body: ``global`` (default), ``local`` or ``others``; 204.

    ``as_view(scope=...)`` sets another default. The session is that of a Bearer access token, of Django's cookie, or of
    ``{"refresh"}``, which takes precedence over the others and is verified as in a refresh, but not rotated. ``local``
    for a session that has already ended is 204, too.
    """

    permission_classes = ()
    serializer_class = SignOutSerializer
    action_throttle_scope = "auth_sessions_sign_out"

    scope = Scope.GLOBAL
    asked_scope: Scope
    refresh: str | None

    @sensitive_variables()
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        data = self.read(request).validated_data
        self.refresh = data.get("refresh")
        self.asked_scope = self._one_scope(request, *([data["scope"]] if "scope" in data else ()))
        if self.refresh is not None:
            request.authenticators = ()
        super().initial(request, *args, **kwargs)

    def post(self, request: Request, **kwargs: object) -> Response:
        api.sign_out(self.get_session(request), self.asked_scope, request=request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_session(self, request: Request) -> Session:
        if self.refresh is not None:
            return get_session_of_refresh_token(self.refresh, request=request._request)
        session = get_session(request)
        if session is None:
            if has_stale_cookie(request._request):
                raise refusals.told(SessionNotFound())  # by the middleware, if there was such a session
            self.permission_denied(request)
        return session

    def handle_exception(self, exc: Exception) -> Response:
        refused = exc if isinstance(exc, AuthSessionsError) else exc.__cause__
        asked_scope = getattr(self, "asked_scope", "")  # it fails before the body is read
        if complete_local_sign_out(refused, asked_scope, request=self.request._request):
            return Response(status=status.HTTP_204_NO_CONTENT)
        return super().handle_exception(exc)

    def _one_scope(self, request: Request, *in_body: str) -> Scope:
        """The scope of the request, or the default. Raises 400 for an unknown one, and for two different ones."""
        in_form = request.data.getlist("scope") if isinstance(request.data, QueryDict) else []
        asked = {*request.query_params.getlist("scope"), *in_form, *in_body} or {self.scope}
        if len(asked) > 1:
            raise ValidationError({"scope": [_("Name one scope.")]})
        scope = asked.pop()
        if scope not in Scope:
            raise ValidationError({"scope": [_("There is no such scope.")]})
        return Scope(scope)


class SessionsView(AuthSessionsView):
    """The caller's own live sessions. The queryset contains no other person's, so those answer 404."""

    serializer_class: type[BaseSerializer[Any]] = SessionSerializer

    def get_queryset(self) -> SessionQuerySet:
        if getattr(self, "swagger_fake_view", False):  # a generator of schemas asks, without a request
            return all_sessions().none()
        return all_sessions().live(user=self.get_owner()).select_related("refresh_token")

    def get_owner(self) -> AbstractBaseUser:
        return self.get_caller()

    def get_caller(self) -> AbstractBaseUser:
        return cast("AbstractBaseUser", self.request.user)

    def get_object(self) -> Session:
        try:
            session_id = uuid.UUID(self.kwargs["session_id"])
        except ValueError:
            raise Http404 from None
        return get_object_or_404(self.get_queryset(), pk=session_id)

    def end(
        self,
        chosen: SessionQuerySet,
        *,
        reason: EndReason,
        scope: Scope | None = None,
        revoked_users: Collection[Any] = (),
    ) -> None:
        end_chosen(
            chosen,
            caller=get_session(self.request),
            reason=reason,
            scope=scope,
            actor=self.get_caller(),
            request=self.request._request,
            revoked_users=revoked_users,
        )

    def show(self, sessions: Session | list[Session]) -> Response:
        context = {"current": get_session(self.request)}
        shown = self.serializer_class(cast("Any", sessions), many=isinstance(sessions, list), context=context)
        return Response(shown.data)

    def show_list(self) -> Response:
        """All sessions, or with ``?limit=`` so many of them. Raises 400 for what is no positive integer."""
        limit, current = self.get_limit(), get_session(self.request)
        if limit is None and self._is_plain:
            return self.show(cast("Any", list_live(self.get_owner(), current=current)))
        return self.show(self.get_queryset().current_first(current, limit=limit))

    @property
    def _is_plain(self) -> bool:
        """Whether a project has changed neither what is listed nor how it is shown."""
        view = type(self)
        overridden = view.get_queryset, view.show, self.serializer_class
        return overridden == (SessionsView.get_queryset, SessionsView.show, SessionSerializer)

    def get_limit(self) -> int | None:
        if "limit" not in self.request.query_params:
            return None
        try:
            limit: int = IntegerField(min_value=1).run_validation(self.request.query_params["limit"])
        except ValidationError as error:
            raise ValidationError({"limit": error.detail}) from error
        return min(limit, sys.maxsize)  # what a database takes


class SessionListView(SessionsView):
    """``GET ?limit=``: the caller's sessions, the current one first, then by last use."""

    def get(self, request: Request, **kwargs: object) -> Response:
        return self.show_list()


class CurrentSessionView(SessionsView):
    """``GET``: the session this request comes from."""

    def get(self, request: Request, **kwargs: object) -> Response:
        session = get_session(request)
        if session is None:
            raise Http404
        shown = self.get_queryset().filter(pk=session.pk).first()
        if shown is None:  # it has just ended
            raise SessionNotFound
        return self.show(shown)


class SessionDetailView(SessionsView):
    """``GET``, ``PATCH {"name"}`` and ``DELETE`` of one of the caller's sessions; DELETE signs it out."""

    def get(self, request: Request, **kwargs: object) -> Response:
        return self.show(self.get_object())

    def patch(self, request: Request, **kwargs: object) -> Response:
        session = self.get_object()
        name = self.read(request, session).validated_data.get("name", session.name)
        if not rename_session(session, name, caller=get_session(request)):
            raise Http404
        return self.show(session)

    def delete(self, request: Request, **kwargs: object) -> Response:
        session, current = self.get_object(), get_session(request)
        if session == current:
            api.sign_out(current, Scope.LOCAL, request=request._request)
        else:
            self.end(all_sessions().filter(pk=session.pk), reason=EndReason.SIGNED_OUT)
        return Response(status=status.HTTP_204_NO_CONTENT)


class HasSessionPermission(BasePermission):
    """Requires the view's ``permission_required``; ``is_staff`` is not required."""

    def has_permission(self, request: Request, view: Any) -> bool:
        has_perm = getattr(request.user, "has_perm", None)
        return bool(has_perm and has_perm(view.permission_required))


class StaffView(SessionsView):
    """Another user's sessions, for callers with ``permission_required``."""

    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated, HasSessionPermission)
    permission_required: str

    def get_owner(self) -> AbstractBaseUser:
        if "\0" in self.kwargs["pk"]:
            raise Http404
        return get_object_or_404(all_users(), pk=self.kwargs["pk"])


class UserSessionListView(StaffView):
    """``GET ?limit=``: a user's sessions. Needs ``auth_sessions.view_session``."""

    permission_required = "auth_sessions.view_session"

    def get(self, request: Request, **kwargs: object) -> Response:
        return self.show_list()


class UserSignOutView(StaffView):
    """``POST``: ends all sessions of a user; 204. Needs ``auth_sessions.delete_session``."""

    permission_required = "auth_sessions.delete_session"

    def post(self, request: Request, **kwargs: object) -> Response:
        owner = self.get_owner()
        sessions = all_sessions().of_person(owner.pk)
        self.end(sessions, reason=EndReason.REVOKED, scope=Scope.GLOBAL, revoked_users=[owner.pk])
        return Response(status=status.HTTP_204_NO_CONTENT)
