"""A later proof of identity, in the same session."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import ValidationError
from rest_framework.fields import Field
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from auth_sessions import api
from auth_sessions.authentication import get_session
from auth_sessions.choices import SessionKind
from auth_sessions.core.freshness import refuse_acting
from auth_sessions.core.reauthentication import renew
from auth_sessions.exceptions import SessionNotFound
from auth_sessions.masking import secret_arguments
from auth_sessions.mixins import StepUpMixin
from auth_sessions.models import Session
from auth_sessions.serializers import ReauthenticateSerializer, SessionSerializer
from auth_sessions.views.base import AuthSessionsView


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
