"""A sign-in, a refresh and a sign-out with tokens in HttpOnly cookies, for a page that cannot use Django's session."""

from typing import Any

from django.middleware.csrf import rotate_token
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api
from auth_sessions.authentication import BrowserSessionAuthentication, get_session_of_refresh_token
from auth_sessions.choices import Scope
from auth_sessions.conf import conf
from auth_sessions.models import Session
from auth_sessions.views import AuthSessionsView, RefreshView, SignInView, SignOutView

PATHS = {"access": "/", "refresh": "/api/cookies/"}
"""The cookies, and where a browser sends them: the refresh token to the views of this module only."""


def keep(response: Response) -> Response:
    """Move the tokens of a response to cookies, which no script can read."""
    for name, where in PATHS.items():
        token, age = response.data.pop(name), conf.AUTH_SESSIONS_IDLE_TIMEOUT
        response.set_cookie(name, token, max_age=age, path=where, secure=True, httponly=True, samesite="Strict")
    return response


def drop(response: Response) -> Response:
    for name, where in PATHS.items():
        response.delete_cookie(name, path=where, samesite="Strict")
    return response


class CSRFView(AuthSessionsView):
    """Whoever is signed in or not: a form of another site is refused."""

    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        BrowserSessionAuthentication().enforce_csrf(request)
        super().initial(request, *args, **kwargs)


class CookieSignInView(CSRFView, SignInView):
    def post(self, request: Request, **kwargs: object) -> Response:
        response = super().post(request, **kwargs)
        rotate_token(request._request)
        return keep(response)


class RefreshCookieView(CSRFView):
    """A refusal, and a sign-out of what has ended already, leave no cookies."""

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        return drop(response) if response.status_code in {204, 401} else response


class CookieRefreshView(RefreshCookieView, RefreshView):
    def post(self, request: Request, **kwargs: object) -> Response:
        pair = api.refresh(request.COOKIES.get("refresh", ""), request=request._request)
        return keep(Response({"access": pair.access, "refresh": pair.refresh}))


class CookieSignOutView(RefreshCookieView, SignOutView):
    def get_session(self, request: Request) -> Session:
        return get_session_of_refresh_token(request.COOKIES.get("refresh", ""), request=request._request)

    def post(self, request: Request, **kwargs: object) -> Response:
        response = super().post(request, **kwargs)
        return response if self.asked_scope == Scope.OTHERS else drop(response)


urlpatterns = [
    path("sign-in/", CookieSignInView.as_view()),
    path("refresh/", CookieRefreshView.as_view()),
    path("sign-out/", CookieSignOutView.as_view()),
]
