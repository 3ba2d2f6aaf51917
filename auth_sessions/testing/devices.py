"""What is signed in: a device that keeps two tokens, a browser that keeps a cookie."""

import json
from collections.abc import Iterable, Mapping
from copy import copy
from http.cookies import SimpleCookie
from typing import Any, Protocol, Self, cast
from urllib.parse import urlencode

import jwt
from django.conf import settings
from django.contrib.auth import get_user_model, load_backend, login
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.test import AsyncClient, Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils.crypto import get_random_string
from rest_framework_simplejwt.authentication import AUTH_HEADER_TYPES

from auth_sessions import api
from auth_sessions.core.presented import SESSION_ID_KEY
from auth_sessions.paths import path_of
from auth_sessions.testing.live import LiveClient
from auth_sessions.testing.requests import make_request, pass_middleware
from auth_sessions.tokens.keys import simple_jwt

FIREFOX_ON_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:148.0) Gecko/20100101 Firefox/148.0"
CHROME_ON_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/144.0 Mobile/15E148 Safari/604.1"
)

JSON = "application/json"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}


class Response(Protocol):
    """What the responses of Django's test client and those of a live server have in common."""

    status_code: int
    content: bytes
    headers: Mapping[str, str]
    cookies: SimpleCookie

    def __getitem__(self, header: str) -> str: ...

    def json(self) -> Any: ...


class BaseDevice:
    """Requests with what the device holds, to the project itself or to a live server."""

    content_type = JSON
    """Of the data of a request that names no other."""
    paths: Mapping[str, str] = {}
    """The project's own paths for what the device calls by itself, by the name of the URL in the REST API: ``token``,
    ``token-refresh``, ``sign-out``. Without one, the REST API must be mounted."""

    def __init__(
        self, live_server_url: str = "", *, client: Client | None = None, user_agent: str = FIREFOX_ON_MAC
    ) -> None:
        """``client`` is one that the test has, such as ``self.client`` of a ``TestCase``; it keeps its user agent."""
        self.client: Any = LiveClient(live_server_url) if live_server_url else client or Client()
        self.client.defaults.setdefault("HTTP_USER_AGENT", user_agent)
        self.session_id: str | None = None
        self._is_next_lost = False
        self._lost: Response | None = None

    @property
    def credentials(self) -> dict[str, str]:
        """The headers by which the device says who it is."""
        return {}

    @property
    def request_defaults(self) -> dict[str, str]:
        """What the client sends with each request, as ``request.META`` has it: user agent, address."""
        return dict(self.client.defaults)

    @property
    def is_live(self) -> bool:
        return isinstance(self.client, LiveClient)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Response:
        return self.request("GET", path, headers=headers)

    def post(
        self, path: str, data: Any = None, *, content_type: str = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        return self.request("POST", path, data, content_type=content_type, headers=headers)

    def put(
        self, path: str, data: Any = None, *, content_type: str = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        return self.request("PUT", path, data, content_type=content_type, headers=headers)

    def patch(
        self, path: str, data: Any = None, *, content_type: str = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        return self.request("PATCH", path, data, content_type=content_type, headers=headers)

    def delete(
        self, path: str, data: Any = None, *, content_type: str = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        return self.request("DELETE", path, data, content_type=content_type, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request with the credentials of this device; no redirect is followed."""
        return self._send(
            method, path, data, content_type=content_type, headers={**self.credentials, **(headers or {})}
        )

    def _send(
        self, method: str, path: str, data: Any = None, *, content_type: str = "", headers: Mapping[str, str]
    ) -> Response:
        if isinstance(self.client, AsyncClient):
            raise TypeError("A device sends its requests by Django's Client; async code calls it by sync_to_async().")
        is_lost, self._is_next_lost = self._is_next_lost, False
        cookies = copy_of(self.client.cookies)
        body, content_type = encode(data, content_type or self.content_type)
        response = cast("Response", self.client.generic(method, path, body, content_type=content_type, headers=headers))
        self._lost = None
        if is_lost:
            self.client.cookies, self._lost = cookies, response
        return response

    def lose_next_response(self) -> Self:
        """The next request reaches the server, and the device keeps nothing of the response: no token, no cookie.

        The test gets the response nevertheless.
        """
        self._is_next_lost = True
        return self

    def steal(self, *, user_agent: str = "") -> Self:
        """Another device that holds a copy of what this one holds now."""
        thief = copy(self)
        thief.client = copy(self.client)
        if not self.is_live:  # a handler has read MIDDLEWARE once
            handler = self.client.handler
            thief.client.handler = type(handler)(handler.enforce_csrf_checks)
        thief.client.cookies = copy_of(self.client.cookies)
        thief.client.defaults = {**self.client.defaults, **({"HTTP_USER_AGENT": user_agent} if user_agent else {})}
        thief._is_next_lost, thief._lost = False, None
        return thief

    def sign_out(self, scope: str = "") -> Response:
        """Sign out at ``POST sign-out/`` of the REST API. The device keeps what it holds, as a thief of it would."""
        return self.post(self._path_of("sign-out"), {"scope": scope} if scope else {}, content_type=JSON)

    def _path_of(self, name: str) -> str:
        if path := self.paths.get(name) or path_of(f"auth_sessions:{name}"):
            return path
        raise ImproperlyConfigured(
            f'"auth_sessions:{name}" is not mounted. Include "auth_sessions.urls" in the URLs. If it is below a '
            f'namespace or a parameter, or the path is your own, name that in a subclass: paths = {{"{name}": "/..."}}.'
        )


class Device(BaseDevice):
    """Keeps an access token and a refresh token, as an app does."""

    access: str | None = None
    refresh_token: str | None = None

    @property
    def credentials(self) -> dict[str, str]:
        if self.access is None:
            return {}
        name = simple_jwt("AUTH_HEADER_NAME").removeprefix("HTTP_").replace("_", "-").title()
        return {name: f"{AUTH_HEADER_TYPES[0]} {self.access}"}

    def sign_in(
        self,
        user: AbstractBaseUser,
        *,
        amr: Iterable[str] = (),
        name: str = "",
        tag: str = "",
        lifetime: api.Lifetime = api.DEFAULT,
        actor: AbstractBaseUser | None = None,
    ) -> Self:
        """Sign in by ``api.sign_in_user()``, which needs neither a password nor a URL."""
        request = make_request(self.request_defaults)
        pair = api.sign_in_user(user, request=request, amr=amr, name=name, tag=tag, lifetime=lifetime, actor=actor)
        return self.take(pair.access, pair.refresh)

    def sign_in_with_password(self, user: AbstractBaseUser, password: str, **data: Any) -> Self:
        """Sign in at ``POST token/`` of the REST API, with more ``data`` such as ``device_name``."""
        body = {get_user_model().USERNAME_FIELD: user.get_username(), "password": password, **data}
        return self.keep(self._send("POST", self._path_of("token"), body, headers={}))

    def refresh(self) -> Response:
        """Refresh at ``POST token/refresh/`` of the REST API, and keep the new pair, unless it is refused or lost."""
        response = self._send("POST", self._path_of("token-refresh"), {"refresh": self.refresh_token}, headers={})
        if response.status_code == 200:  # noqa: PLR2004
            self.keep(response)
        return response

    def keep(self, response: Response) -> Self:
        """Keep the tokens of a response ``{"access", "refresh"}``, as of a sign-in of the project's own.

        Those of a response that was lost are not kept.
        """
        if response is self._lost:
            return self
        body = response.json() if response.headers.get("Content-Type", "").startswith(JSON) else None
        if not isinstance(body, dict) or "access" not in body:
            raise AssertionError(f"This response has no tokens: {response.status_code} {response.content!r}")
        return self.take(body["access"], body.get("refresh", self.refresh_token))

    def take(self, access: str, refresh: str | None) -> Self:
        """Hold these tokens from now on."""
        self.access, self.refresh_token = access, refresh
        self.session_id = jwt.decode(access, options={"verify_signature": False}).get("session_id")
        return self


class Browser(BaseDevice):
    """Keeps the cookie of Django's session."""

    content_type = MULTIPART_CONTENT

    def __init__(
        self, live_server_url: str = "", *, client: Client | None = None, user_agent: str = FIREFOX_ON_MAC
    ) -> None:
        super().__init__(live_server_url, client=client, user_agent=user_agent)
        self._last_cookie = ""

    @property
    def cookie(self) -> str:
        """The value of the session cookie, or the last one: a sign-out deletes it. "" if there never was one."""
        morsel = self.client.cookies.get(settings.SESSION_COOKIE_NAME)
        return (morsel.value if morsel else "") or self._last_cookie

    def sign_in(self, user: AbstractBaseUser, *, backend: str = "") -> Self:
        """Sign in by Django's ``login()``, in a request of this browser.

        ``backend`` is the path of an authentication backend; by default the first that can read users.
        """
        if backend and backend not in settings.AUTHENTICATION_BACKENDS:
            raise ValueError(f"{backend} is not in AUTHENTICATION_BACKENDS: Django would sign nobody in by it.")
        found: list[str | None] = []

        def view(request: HttpRequest) -> None:
            login(request, cast("Any", user), backend=backend or first_backend())
            session = api.get_session(request)
            if session is not None:  # it is named on commit, which never comes in a TestCase
                request.session[SESSION_ID_KEY] = str(session.pk)
            found.append(None if session is None else str(session.pk))

        cookies = {name: morsel.value for name, morsel in self.client.cookies.items()}
        request = make_request(self.request_defaults, cookies=cookies)
        response: Any = pass_middleware(request, view)
        self.client.cookies.update(response.cookies)
        (self.session_id,) = found
        self._last_cookie = self.cookie
        return self

    def _send(
        self, method: str, path: str, data: Any = None, *, content_type: str = "", headers: Mapping[str, str]
    ) -> Response:
        self._last_cookie = self.cookie
        if self.is_live and method not in SAFE_METHODS:
            headers = {**self._csrf_headers(), **headers}
        response = super()._send(method, path, data, content_type=content_type, headers=headers)
        self._last_cookie = self.cookie
        return response

    def _csrf_headers(self) -> dict[str, str]:
        """The token that a page of the project would send along; Django's test client is not asked for it."""
        cookies = self.client.cookies
        if settings.CSRF_COOKIE_NAME not in cookies:
            cookies[settings.CSRF_COOKIE_NAME] = get_random_string(32)
        header = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")
        return {header: cookies[settings.CSRF_COOKIE_NAME].value}


def first_backend() -> str:
    """The backend by which Django's ``force_login()`` signs in."""
    return next(path for path in settings.AUTHENTICATION_BACKENDS if hasattr(load_backend(path), "get_user"))


def copy_of(cookies: SimpleCookie) -> SimpleCookie:
    """A copy that stays when Django's client writes another value to one of these."""
    return SimpleCookie({name: cast("Any", morsel.copy()) for name, morsel in cookies.items()})


def encode(data: Any, content_type: str) -> tuple[bytes, str]:
    if data is None:
        return b"", content_type
    if isinstance(data, (str, bytes)):
        return data.encode() if isinstance(data, str) else data, content_type
    if content_type == MULTIPART_CONTENT:
        return encode_multipart(BOUNDARY, data), content_type
    if content_type.startswith(JSON):
        return json.dumps(data, cls=DjangoJSONEncoder).encode(), content_type
    return urlencode(data, doseq=True).encode(), content_type
