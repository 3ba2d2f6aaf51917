"""Who is calling, by the header of an app or by the cookie of a browser.

A module of its own: Django REST framework imports it before its views (``DEFAULT_AUTHENTICATION_CLASSES``).
"""

from typing import Any

from rest_framework.request import Request

from auth_sessions.authentication import BrowserSessionAuthentication, SessionJWTAuthentication
from auth_sessions.masking import SecretBytes


class CookieJWTAuthentication(SessionJWTAuthentication):
    """By the header, or else, with CSRF enforced, by the cookie."""

    def get_header(self, request: Request) -> Any:
        header = super().get_header(request)
        if header is None and (token := request.COOKIES.get("access")):
            return SecretBytes(f"Bearer {token}".encode())
        return header

    def authenticate(self, request: Request) -> Any:
        authenticated = super().authenticate(request)
        if authenticated is not None and super().get_header(request) is None:
            BrowserSessionAuthentication().enforce_csrf(request)
        return authenticated
