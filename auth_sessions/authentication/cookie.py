"""By Django's session cookie."""

from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from auth_sessions.core import browser_validation


class BrowserSessionAuthentication(SessionAuthentication):
    """Authenticates by Django's session cookie, with CSRF enforced, if the middleware has found the session live.

    The middleware is ``BrowserSessionMiddleware``. ``request.auth`` is None.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, None] | None:
        session = browser_validation.get_current(request._request)
        if session is None:
            return None
        self.enforce_csrf(request)
        return session.user, None
