"""The sign-out by the person, in three scopes."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api, refusals
from auth_sessions.authentication import get_session, get_session_of_refresh_token
from auth_sessions.choices import Scope
from auth_sessions.core.browser_validation import has_stale_cookie
from auth_sessions.core.sign_out import complete_local_sign_out
from auth_sessions.exceptions import AuthSessionsError, SessionNotFound
from auth_sessions.models import Session
from auth_sessions.serializers import SignOutSerializer
from auth_sessions.views.base import AuthSessionsView


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

    @property
    def is_own_sign_out(self) -> bool:
        """Whether nothing but the session that asks ends, for which ``RecentlyAuthenticated`` asks no proof."""
        return getattr(self, "asked_scope", None) == Scope.LOCAL

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
