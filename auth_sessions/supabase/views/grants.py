"""``token``: one view for each grant."""

from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, ClassVar, cast

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.debug import sensitive_variables
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api
from auth_sessions.masking import secret_arguments
from auth_sessions.supabase.errors import REFRESH_REFUSALS, SupabaseError, validation_failed
from auth_sessions.supabase.request_body import Body
from auth_sessions.supabase.responses import session_object
from auth_sessions.supabase.views.base import SupabaseView
from auth_sessions.supabase.views.sign_in import PasswordGrantView


class RefreshTokenGrantView(SupabaseView):
    """``POST token?grant_type=refresh_token`` ``{"refresh_token"}``."""

    action_throttle_scope = "auth_sessions_refresh"
    refusals = REFRESH_REFUSALS

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        token = Body(request._request).text("refresh_token")
        if not token:
            raise validation_failed("Refresh token is not valid")
        return Response(session_object(self.refresh(request, token)))

    @secret_arguments("token")
    def refresh(self, request: Request, token: str) -> api.TokenPair:
        """The new pair. Raises an error of ``auth_sessions.exceptions``."""
        return api.refresh(token, request=request._request)


class UnsupportedGrantView(SupabaseView):
    """Any other grant."""

    def post(self, request: Request, **kwargs: object) -> Response:
        raise SupabaseError(400, "invalid_credentials", "unsupported_grant_type")


class TokenView(UnsupportedGrantView):
    """``POST token?grant_type=``: calls the view of the grant."""

    grants: ClassVar[Mapping[str, type[SupabaseView]]] = {
        "password": PasswordGrantView,
        "refresh_token": RefreshTokenGrantView,
    }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            name = request.GET.get("grant_type", "")
        except SuspiciousOperation:  # too many parameters
            name = ""
        grant = self.grants.get(name)
        if grant is None:
            return super().dispatch(request, *args, **kwargs)
        return _view_of(cast("Hashable", grant))(request, *args, **kwargs)


@cache
def _view_of(grant: Any) -> Callable[..., HttpResponseBase]:
    view: Callable[..., HttpResponseBase] = grant.as_view()
    return view
