"""Who is calling, over Django's own session cookie."""

from copy import copy
from http import HTTPStatus
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from auth_sessions.core import django_sessions


class BrowserSessionMiddleware(MiddlewareMixin):
    """Django logins become sessions of ``kind="browser"``, and count for nothing once those have ended.

    Stands after Django's ``AuthenticationMiddleware``. ``request.user`` and ``request.auser()`` stay lazy: one SELECT
    more for a request that asks for the user, nothing for any other.
    """

    def process_request(self, request: HttpRequest) -> None:
        if not hasattr(request, "session") or not hasattr(request, "user"):
            raise ImproperlyConfigured(
                "BrowserSessionMiddleware must stand after Django's SessionMiddleware and AuthenticationMiddleware."
            )
        setattr(request, django_sessions.STATE, django_sessions.State())
        user, auser = request.user, request.auser
        verdict: dict[str, Any] = {}

        def judge(found: Any, mark: str | None) -> Any:
            if verdict.get("store") is not request.session:  # a package may put another in its place
                verdict.update(store=request.session, user=_judged(request, found, mark))
            return verdict["user"]

        async def find() -> Any:
            mark = await request.session.aget(django_sessions.MARK)
            return await sync_to_async(judge)(await auser(), mark)

        def ask() -> Any:
            mark = request.session.get(django_sessions.MARK)
            return judge(copy(user), mark)  # of a lazy user that nobody asked yet: one to be asked anew each time

        request.user = cast("Any", SimpleLazyObject(ask))
        request.auser = find

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        django_sessions.settle(request, failed=response.status_code >= HTTPStatus.BAD_REQUEST)
        return response


def _judged(request: HttpRequest, user: Any, mark: str | None) -> Any:
    """The user, or nobody: a person whose session has ended is signed out as by Django's ``logout()``."""
    if not user.is_authenticated:
        if mark is not None:
            django_sessions.drop(mark)
        return user
    if django_sessions.judge(request, user):
        return user
    request.session.flush()
    return AnonymousUser()
