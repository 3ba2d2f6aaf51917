"""Who opens a socket: by Django's session cookie, or by an access token."""

from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any, cast
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.http import is_same_domain
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import AUTH_HEADER_TYPE_BYTES

from auth_sessions import exceptions, refusals
from auth_sessions.authentication import SessionJWTAuthentication, get_session, get_valid_session
from auth_sessions.channels.credentials import take_token
from auth_sessions.middleware import BrowserSessionMiddleware
from auth_sessions.models import Session
from auth_sessions.tokens import SessionAccessToken, parse

SESSION = "auth_session"
"""The key of the live session in a scope; None if nobody is signed in."""

ERROR = "auth_error"
"""The key of the ``AuthSessionsError`` that refused the credentials; None if they were accepted, or there are none."""


class SessionAuthMiddleware:
    """Sets ``scope["user"]``, ``scope["auth_session"]`` and ``scope["auth_error"]``, in place of ``AuthMiddleware``.

    An access token is accepted from the header ``Authorization``, as the subprotocol after ``bearer``, or as the
    parameter ``access_token`` of the URL; it is removed from the scope. It must be valid when the socket is opened, and
    wins over a cookie. Django's session cookie is validated as in a request, by the middleware of the project
    (``SessionMiddleware``, ``AuthenticationMiddleware``, ``BrowserSessionMiddleware`` and their subclasses). A browser
    may send it from pages of other sites: it counts only with an ``Origin`` of this host, one of
    ``CSRF_TRUSTED_ORIGINS``, or none. Origin validators of Channels would also refuse clients that are no browsers.

    Without a live session the user is an ``AnonymousUser``: ``SessionConsumerMixin`` refuses such a socket, and closes
    one whose session ends. A project with tenants overrides :meth:`authenticate`, and calls it with the tenant set.
    """

    def __init__(self, inner: Callable[..., Awaitable[Any]]) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if scope["type"] not in {"http", "websocket"}:
            return await self.inner(scope, receive, send)
        scope, token, subprotocol = take_token(scope)
        scope[SESSION] = scope[ERROR] = None
        try:
            scope[SESSION] = await database_sync_to_async(self.authenticate)(scope, token)
        except exceptions.AuthSessionsError as error:
            scope[ERROR] = error
        scope["user"] = AnonymousUser() if scope[SESSION] is None else scope[SESSION].user
        return await self.inner(scope, receive, send if subprotocol is None else _answering(send, subprotocol))

    def authenticate(self, scope: dict[str, Any], token: str | None) -> Session | None:
        """The live session of a handshake, with its user; None without credentials. Called in a thread.

        ``token`` is the access token of the subprotocol or the URL. Raises what ``api.get_session`` raises.
        """
        request = ASGIRequest({"method": "GET", **scope}, BytesIO())
        if token is not None:
            with refusals.telling(request):
                return get_valid_session(parse(SessionAccessToken, token))
        header = SessionJWTAuthentication().get_header(cast("Request", request)) or b""
        if {*header.split()[:1]} & AUTH_HEADER_TYPE_BYTES:  # and not Basic, which a browser repeats
            return get_session(request, raise_exception=True)
        return _get_browser_session(request) if _is_from_trusted_origin(request) else None


def _answering(send: Any, subprotocol: str) -> Any:
    """``send`` that accepts with this subprotocol where the consumer chooses none."""

    async def answer(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept" and not message.get("subprotocol"):
            message = {**message, "subprotocol": subprotocol}
        await send(message)

    return answer


def _is_from_trusted_origin(request: HttpRequest) -> bool:
    """As Django compares the origin of a POST, without the scheme: a proxy may have ended TLS."""
    origin = request.META.get("HTTP_ORIGIN")
    if origin is None:
        return True
    try:
        host = urlsplit(origin).netloc.lower()
        if host == request.get_host().lower():
            return True
    except (ValueError, DisallowedHost):
        return False
    scheme = urlsplit(origin).scheme
    trusted = [urlsplit(each) for each in settings.CSRF_TRUSTED_ORIGINS]
    return any(scheme == each.scheme and is_same_domain(host, each.netloc.removeprefix("*")) for each in trusted)


def _get_browser_session(request: HttpRequest) -> Session | None:
    """The session of the cookie, found, recorded and saved by the middleware of the project, as in a request."""
    found: list[Session | None] = [None]

    def view(request: HttpRequest) -> HttpResponse:
        found[0] = get_session(request)
        return HttpResponse()

    get_response: Callable[[HttpRequest], Any] = view
    for each in reversed(_find_middleware()):
        get_response = each(get_response)
    if get_response is view:
        return None
    try:
        get_response(request)
    except SessionInterrupted:  # signed out meanwhile
        return None
    return found[0]


def _find_middleware() -> list[type]:
    """The classes of the project that find Django's session, its user and ours; [] if browsers have no sessions.

    Where the project has something else in the place of Django's own, such as a function, Django's takes its place: the
    cookie is read alike.
    """
    installed = [import_string(name) for name in settings.MIDDLEWARE]
    wanted = (SessionMiddleware, AuthenticationMiddleware, BrowserSessionMiddleware)
    chain = [each for each in installed if any(_stands_for(each, one) for one in wanted)]
    ours = next((each for each in chain if _stands_for(each, BrowserSessionMiddleware)), None)
    if ours is None:
        return []
    if not any(_stands_for(each, AuthenticationMiddleware) for each in chain):
        chain.insert(chain.index(ours), AuthenticationMiddleware)
    if not any(_stands_for(each, SessionMiddleware) for each in chain):
        chain.insert(0, SessionMiddleware)
    return chain


def _stands_for(middleware: Any, wanted: type) -> bool:
    """Whether it is a subclass, or a class of the same name: that of django-user-sessions derives from nothing."""
    return isinstance(middleware, type) and (issubclass(middleware, wanted) or middleware.__name__ == wanted.__name__)
