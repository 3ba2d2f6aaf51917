"""Rate limits: one scope per action, off until the project gives the scope a rate."""

from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from auth_sessions.devices import client_address


class ActionThrottle(ScopedRateThrottle):
    """Counts by client address, taken as ``AUTH_SESSIONS_TRUSTED_PROXIES`` says; never by user, who is not known yet.

    The rate stands in ``REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]`` under the view's ``action_throttle_scope``.
    """

    scope_attr = "action_throttle_scope"

    def get_rate(self) -> Any:
        return api_settings.DEFAULT_THROTTLE_RATES.get(str(self.scope))

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.cache_format % {"scope": self.scope, "ident": client_address(request._request)}
