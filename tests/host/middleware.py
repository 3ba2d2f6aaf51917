"""Middleware of the host."""

import asyncio
from functools import partial
from types import SimpleNamespace

from asgiref.sync import iscoroutinefunction
from django.contrib.auth import get_user, get_user_model, login
from django.contrib.auth.middleware import AuthenticationMiddleware, RemoteUserMiddleware
from django.contrib.sessions import middleware as sessions
from django.db import transaction
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject

from auth_sessions.middleware import BrowserSessionMiddleware


class NotedActor(BrowserSessionMiddleware):
    """Who acts is who the host's view has noted."""

    def get_actor(self, request):
        noted = request.session.get("staff")
        return get_user_model().objects.get(pk=noted) if noted else super().get_actor(request)


class OnEventLoop(BrowserSessionMiddleware):
    """Fails in a thread, where Django calls what is not async."""

    def process_request(self, request):
        asyncio.get_running_loop()
        super().process_request(request)


def impersonate(get_response):
    """The user that the session names, in the place of who signed in."""

    def middleware(request):
        if request.user.is_authenticated and "as" in request.session:
            request.user = get_user_model().objects.get(pk=request.session["as"])
        return get_response(request)

    return middleware


def as_named(get_response):
    """The same, but does not ask who signed in."""

    def middleware(request):
        if "as" in request.session:
            request.user = get_user_model().objects.get(pk=request.session["as"])
        return get_response(request)

    return middleware


def service(get_response):
    """Whoever calls is a service, which no model knows."""

    def middleware(request):
        request.user = SimpleNamespace(pk="service", is_authenticated=True)
        return get_response(request)

    return middleware


def rolls_back(get_response):
    """One transaction around the request, kept where it went well."""

    def middleware(request):
        with transaction.atomic():
            response = get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
            return response

    return middleware


def content_security_policy(get_response):
    """What ``django.middleware.csp`` does from Django 6.0 on."""

    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response

    return middleware


VIEWS_ASKED = set()
"""The names of the views that :func:`remember_views` has seen."""


def remember_views(get_response):
    """Notes which view answered."""

    def middleware(request):
        response = get_response(request)
        VIEWS_ASKED.add(request.resolver_match and request.resolver_match.view_name)
        return response

    return middleware


def finds_user_again(get_response):
    """An authentication of the host's own: Django's, and as lazy."""

    def middleware(request):
        request.user = SimpleLazyObject(lambda: get_user(request))
        return get_response(request)

    return middleware


def finds_user_at_once(get_response):
    """The same, evaluated."""

    def middleware(request):
        request.user = get_user(request)
        return get_response(request)

    return middleware


class SessionMiddleware:
    """As that of django-user-sessions: it derives from nothing of Django's."""

    def __init__(self, get_response):
        self.inner = sessions.SessionMiddleware(get_response)

    def __call__(self, request):
        return self.inner(request)


class AuthenticatesAgain(AuthenticationMiddleware):
    """Sets ``request.user`` and ``request.auser``."""


def asks_who(get_response):
    """Evaluates ``request.user``, as one that logs each request does."""

    def middleware(request):
        str(request.user.is_authenticated)
        return get_response(request)

    return middleware


class FindsUserForView:
    """Sets ``request.user`` when it is known which view answers."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, *args):
        request.user = SimpleLazyObject(lambda: get_user(request))


class WrapsUserForView(FindsUserForView):
    """Sets the user that it has found, and nobody evaluates it."""

    def process_view(self, request, *args):
        request.user = SimpleLazyObject(partial(_evaluated, request.user))


class ProxyUserMiddleware(RemoteUserMiddleware):
    header = "HTTP_X_USER"


def signs_in_by_header(get_response):
    """A login by header with a backend that knows nothing of it."""

    def middleware(request):
        name = request.headers.get("X-User")
        if name and not request.user.is_authenticated:
            user = get_user_model()._base_manager.get(**{get_user_model().USERNAME_FIELD: name})
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return get_response(request)

    return middleware


class OwnBrowserSessionMiddleware(BrowserSessionMiddleware):
    """A project's own subclass."""


def _evaluated(user):
    str(user.is_authenticated)
    return user


def wraps_user(get_response):
    """As the middleware of django-otp: lazy, and about the user that it finds."""

    def middleware(request):
        request.user = SimpleLazyObject(partial(_evaluated, request.user))
        return get_response(request)

    return middleware


@sync_and_async_middleware
def fails_after_a_login(get_response):
    """Stands outside of the app's middleware, and fails once a view has logged in."""

    def middleware(request):
        response = get_response(request)
        if request.path.startswith("/login/remember/"):
            raise RuntimeError
        return response

    async def async_middleware(request):
        await get_response(request)
        raise RuntimeError

    return async_middleware if iscoroutinefunction(get_response) else middleware
