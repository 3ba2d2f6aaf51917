"""Validates the browser session of each request that has Django's session cookie."""

from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from auth_sessions.core import browser_acting, browser_state, browser_validation, responses
from auth_sessions.core.acting import find_actor


class BrowserSessionMiddleware:
    """Makes Django logins sessions of ``kind="browser"``, and signs a browser out once its session has ended.

    It must be placed after Django's ``AuthenticationMiddleware``. ``request.user`` and ``request.auser()`` stay lazy: a
    request that evaluates the user costs one SELECT more, and any other request none. A user whom a later middleware
    has set without asking for ``request.user`` is validated as well, from the view on, or, where ``process_view()`` has
    set it, at the response; ``request.auser()`` always gives ``request.user``.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
            vars(self)["process_view"] = self._aprocess_view  # Django would call the other one in a thread

    def __call__(self, request: HttpRequest) -> Any:
        if iscoroutinefunction(self):
            return self.__acall__(request)
        self.process_request(request)
        return self.process_response(request, self.get_response(request))

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        self.process_request(request)
        response = await self.get_response(request)
        return await sync_to_async(self.process_response)(request, response)

    def process_request(self, request: HttpRequest) -> None:
        if not hasattr(request, "session") or not hasattr(request, "user"):
            raise ImproperlyConfigured(
                "BrowserSessionMiddleware must be placed after Django's SessionMiddleware and AuthenticationMiddleware "
                "(or whatever sets request.user)."
            )
        browser_state.begin(request, get_actor=self.get_actor)
        _validate_lazily(request)

    def process_view(self, request: HttpRequest, *args: object) -> Any:
        """Validate the user whom another middleware has set since, unless it has asked for ``request.user`` itself."""
        browser_state.note_view(request)
        if browser_state.needs_validation(request) and not _is_lazy(request):
            _validate_lazily(request)

    async def _aprocess_view(self, request: HttpRequest, *args: object) -> Any:
        BrowserSessionMiddleware.process_view(self, request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if browser_state.needs_validation(request) and not _is_lazy(request):
            browser_validation.judge_late(request, response)
        browser_acting.on_response(request, status_code=response.status_code)
        responses.sync_on_response(request, status_code=response.status_code)
        browser_acting.end_left(request)
        if directives := responses.get_clear_site_data(request, status_code=response.status_code):
            response.headers.setdefault("Clear-Site-Data", directives)
        return response

    def get_actor(self, request: HttpRequest) -> AbstractBaseUser | None:
        """Who really acts where somebody has logged in as the user of ``request.session``; None: nobody does.

        Knows django-hijack and django-loginas. A project with a "log in as" of its own overrides it, and reads what its
        view has noted, for example the key of a user in ``request.session``. It is called when Django's ``login()``
        signs in, again at the response if the login replaced another user's, and for a login that has no row yet. It
        must not read ``request.user``, which is evaluated meanwhile.
        """
        state = browser_state.get_state(request)
        return find_actor(request, previous=None if state is None else state.previous)


class _LazyUser(SimpleLazyObject):  # type: ignore[type-arg]
    """A type of its own: to tell whether it has been replaced, without evaluating what has replaced it."""


def _is_lazy(request: HttpRequest) -> bool:
    return issubclass(type(request.user), _LazyUser)


def _validate_lazily(request: HttpRequest) -> None:
    request.user = _LazyUser(_ValidatedUser(request).get)  # type: ignore[assignment]
    request.auser = partial(_auser, request)


async def _auser(request: HttpRequest) -> Any:
    return await sync_to_async(_evaluate_user)(request)


def _evaluate_user(request: HttpRequest) -> Any:
    user = request.user
    getattr(user, "is_authenticated", None)
    return user


class _ValidatedUser:
    """The user of a request as Django finds it, validated once for each Django session that the request has."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.found = request.user
        """Lazy, and never evaluated itself: each validation evaluates a copy."""
        self.django_session: Any = None
        self.user: Any = None

    def get(self) -> Any:
        """The user, or ``AnonymousUser`` if the session has ended. Django's session is then flushed."""
        if self.django_session is not self.request.session:  # a package may have replaced it
            self.user = browser_validation.find_user(self.request, copy(self.found))
            self.django_session = self.request.session
        return self.user
