"""The next pair of tokens."""

from django.views.decorators.debug import sensitive_variables
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api
from auth_sessions.masking import secret_arguments
from auth_sessions.serializers import RefreshSerializer
from auth_sessions.views.base import TokenPairView


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
