"""Requests that no URL gets: what the app and the project's own middleware make of what a device presents."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.urls import ResolverMatch
from django.utils.module_loading import import_string

from auth_sessions.middleware import BrowserSessionMiddleware

MIDDLEWARE = (SessionMiddleware, AuthenticationMiddleware, BrowserSessionMiddleware)
"""What decides who is signed in by a cookie."""


def make_request(
    defaults: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, cookies: Mapping[str, str] | None = None
) -> HttpRequest:
    request = RequestFactory(**defaults).get("/", headers=headers)
    request.COOKIES.update(cookies or {})
    return request


def pass_middleware(
    request: HttpRequest, view: Callable[[HttpRequest], None], *, is_question: bool = False
) -> HttpResponseBase:
    """Call a view behind the project's middleware that decides who is signed in by a cookie. Returns its response.

    A question saves nothing to the store of Django's sessions: a cache, a file or another database rolls nothing back.
    It is answered by a 500, for which Django and the app keep nothing of what has changed in the session.
    """

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not hasattr(request, "user"):
            raise ImproperlyConfigured("A browser needs Django's SessionMiddleware and AuthenticationMiddleware.")
        view(request)
        return HttpResponse(status=500 if is_question else 200)

    handler: Callable[[HttpRequest], Any] = respond
    for path in reversed(settings.MIDDLEWARE):
        middleware = import_string(path)
        if isinstance(middleware, type) and issubclass(middleware, MIDDLEWARE):
            handler = middleware(handler)
            if is_question and isinstance(handler, SessionMiddleware):
                handler.SessionStore = without_writing(handler.SessionStore)
    request.resolver_match = ResolverMatch(respond, (), {})  # a login before the view would be another one's
    response: HttpResponseBase = handler(request)
    return response


def without_writing(store: type[SessionBase]) -> type[SessionBase]:
    """A store that reads the same entries, and neither saves nor deletes one."""

    def write_nothing(*args: object, **kwargs: object) -> None:
        pass

    names = {"save": write_nothing, "delete": write_nothing, "__module__": store.__module__}
    return type(store.__name__, (store,), names)
