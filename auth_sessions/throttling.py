"""Rate limits: one scope for each action, without a limit until the project sets a rate for the scope."""

import logging
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from auth_sessions import refusals
from auth_sessions.devices.device import client_network

_logger = logging.getLogger("auth_sessions")


class ActionThrottle(ScopedRateThrottle):
    """Counts requests by client address (of IPv6 the /64), never by user, who is not known yet.

    ``AUTH_SESSIONS_TRUSTED_PROXIES`` determines the address. Requests that arrive at the same moment may pass together:
    as in DRF's own classes, counting is two steps, reading and writing. The rate is that of the view's
    ``action_throttle_scope`` in ``REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]``. While the cache fails in which requests
    are counted, no request is throttled, so that people can still sign in and out.
    """

    scope_attr = "action_throttle_scope"

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            is_allowed = super().allow_request(request, view)
        except (ImproperlyConfigured, LookupError, TypeError, ValueError):  # the rate cannot be parsed
            raise
        except Exception:
            _logger.exception("Requests cannot be counted, and are not throttled")
            return True
        if not is_allowed:
            refusals.tell_rate_limit(str(self.scope), request=request._request)
        return is_allowed

    def get_rate(self) -> Any:
        return api_settings.DEFAULT_THROTTLE_RATES.get(str(self.scope))

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.cache_format % {"scope": self.scope, "ident": client_network(request._request)}
