"""A page with a script of the same site: it keeps nothing but what its browser keeps, and sends the CSRF token."""

import json
from functools import partial

from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import AsyncClient, Client

from tests.support.browser import Browser
from tests.support.device import MACBOOK, PASSWORD
from tests.support.host import has_browsers, require


async def _awaited(request):
    return await request()


class SinglePageApp(Browser):
    """As in a browser, every request is checked for CSRF. ``server`` is ``"wsgi"`` or ``"asgi"``."""

    def __init__(self, server="wsgi"):
        super().__init__(client={"wsgi": Client, "asgi": AsyncClient}[server](enforce_csrf_checks=True))
        self.server = server

    def call(self, method, path, data=None, **headers):
        csrf = self.client.cookies.get(settings.CSRF_COOKIE_NAME)
        if csrf is not None:
            headers = {"X-CSRFToken": csrf.value, **headers}
        headers = {name: value for name, value in {"User-Agent": MACBOOK, **headers}.items() if value is not None}
        body = "" if data is None else json.dumps(data)
        request = partial(self.client.generic, method, path, body, content_type="application/json", headers=headers)
        return async_to_sync(_awaited)(request) if self.server == "asgi" else request()

    def get(self, path):
        return self.call("GET", f"/api/auth/{path}")

    def post(self, path, data=None, **headers):
        return self.call("POST", f"/api/auth/{path}", data or {}, **headers)

    def sign_out(self, scope=None):
        return self.post("sign-out/", {"scope": scope} if scope else {})

    def page(self, path):
        return self.call("GET", path)

    def ask_for_token(self):
        response = self.get("sign-in/")
        assert (response.status_code, response.content) == (204, b"")
        return self

    def try_sign_in(self, user, password=PASSWORD, **extra):
        return self.post("sign-in/", {user.USERNAME_FIELD: user.get_username(), "password": password, **extra})

    def sign_in(self, user, password=PASSWORD, **extra):
        require(has_browsers)
        self.ask_for_token()
        response = self.try_sign_in(user, password, **extra)
        assert response.status_code == 200, response.content
        self.session_id = response.json()["id"]
        return self

    def copy(self):
        other = SinglePageApp(self.server)
        other.client.cookies.load({name: morsel.value for name, morsel in self.client.cookies.items()})
        return other
