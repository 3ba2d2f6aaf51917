"""``logout``: the sign-out, in three scopes."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api
from auth_sessions.choices import Scope
from auth_sessions.core.sign_out import complete_local_sign_out
from auth_sessions.supabase.authentication import SignOutAuthentication
from auth_sessions.supabase.errors import validation_failed
from auth_sessions.supabase.views.base import SignedInView


class LogoutView(SignedInView):
    """``POST logout?scope=``: ``global`` (default), ``local`` or ``others``; 204.

    ``as_view(scope=...)`` sets another default.
    ``local`` for a session that has already ended is 204, too.
    """

    authentication_classes = (SignOutAuthentication,)
    action_throttle_scope = "auth_sessions_sign_out"

    scope = Scope.GLOBAL
    asked_scope: str

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.asked_scope = next(iter(request.query_params.getlist("scope")), "") or self.scope
        super().initial(request, *args, **kwargs)

    @property
    def is_own_sign_out(self) -> bool:
        """Whether nothing but the session that asks ends, for which ``RecentlyAuthenticated`` asks no proof."""
        return getattr(self, "asked_scope", None) == Scope.LOCAL

    def post(self, request: Request, **kwargs: object) -> Response:
        if self.asked_scope not in Scope:
            raise validation_failed(f'Unsupported logout scope "{self.asked_scope}"')
        api.sign_out(self.get_token().session, Scope(self.asked_scope), request=request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def handle_exception(self, exc: Exception) -> Response:
        asked_scope = getattr(self, "asked_scope", "")  # it fails before the query is read
        if complete_local_sign_out(exc, asked_scope, request=self.request._request):
            return Response(status=status.HTTP_204_NO_CONTENT)
        return super().handle_exception(exc)
