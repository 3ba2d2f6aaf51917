"""Rate limits: one scope per action, off until the project gives the scope a rate."""

import logging
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from auth_sessions.devices.device import client_address

logger = logging.getLogger("auth_sessions")


class ActionThrottle(ScopedRateThrottle):
    """Counts by client address, taken as ``AUTH_SESSIONS_TRUSTED_PROXIES`` says; never by user, who is not known yet.

    The rate stands in ``REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]`` under the view's ``action_throttle_scope``. While
    the cache that counts fails, no request is throttled: whoever knows their password can sign in, and out.
    """

    scope_attr = "action_throttle_scope"

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return super().allow_request(request, view)
        except (ImproperlyConfigured, LookupError, TypeError, ValueError):  # of a rate that is none
            raise
        except Exception:
            logger.exception("Requests are not counted, and not limited")
            return True

    def get_rate(self) -> Any:
        return api_settings.DEFAULT_THROTTLE_RATES.get(str(self.scope))

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.cache_format % {"scope": self.scope, "ident": client_address(request._request)}
