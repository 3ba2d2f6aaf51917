"""From an app to a browser."""

from collections.abc import Sequence
from typing import Any, cast

from django.utils.functional import classproperty
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_variables
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api
from auth_sessions.authentication import get_bearer_classes, get_session
from auth_sessions.core.browser_state import get_state
from auth_sessions.core.hand_over import LIFETIME
from auth_sessions.masking import Secret, secret_arguments
from auth_sessions.models import Session
from auth_sessions.paths import path_of
from auth_sessions.serializers import HandOverSerializer
from auth_sessions.views.base import AuthSessionsView
from auth_sessions.views.sign_in import BrowserSessionsMissing


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
