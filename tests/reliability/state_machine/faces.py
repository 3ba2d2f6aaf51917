"""The interfaces as a client calls them: each answers with a code of the model, or with what it gives."""

import json
from typing import NamedTuple

from django.test import Client, RequestFactory
from django.utils.functional import cached_property
from rest_framework.test import APIClient

from auth_sessions import api, exceptions
from tests.reliability.state_machine import model
from tests.support.device import MACBOOK


class Tokens(NamedTuple):
    access: str
    refresh: str
    session_key: str | None = None


class Rest:
    """The REST API."""

    refusals = {}

    @cached_property
    def client(self):
        return APIClient(HTTP_USER_AGENT=MACBOOK)

    def sign_in(self, username, password):
        response = self._post("token/", {"username": username, "password": password})
        if response.status_code != 200:
            return self._code(response)
        body = response.json()
        return Tokens(body["access"], body["refresh"], body["session"]["id"])

    def refresh(self, raw):
        response = self._post("token/refresh/", {"refresh": raw})
        if response.status_code != 200:
            return self._code(response)
        return Tokens(response.json()["access"], response.json()["refresh"])

    def use(self, access, path="/api/me/"):
        response = self.client.get(path, **_bearer(access))
        return None if response.status_code == 200 else self._code(response)

    def use_list(self, access):
        return self.use(access, "/api/auth/sessions/")

    def use_cached(self, access):
        return self.use(access, "/api/fast/pk/")

    def sign_out(self, scope, *, access=None, refresh=None):
        body = {"scope": scope} if refresh is None else {"scope": scope, "refresh": refresh}
        response = self._post("sign-out/", body, **_bearer(access))
        return None if response.status_code == 204 else self._code(response)

    def delete(self, access, session_key):
        """None if the session has ended, 404 if the caller has no such session that is live."""
        response = self.client.delete(f"/api/auth/sessions/{session_key}/", **_bearer(access))
        return {204: None, 404: 404}.get(response.status_code) or (
            None if response.status_code == 204 else self._code(response)
        )

    def _post(self, path, data, **headers):
        return self.client.post(f"/api/auth/{path}", data, format="json", **headers)

    def _code(self, response):
        assert response.status_code in {401, 403}, (response.status_code, response.content)
        return response.json()["code"] if response.status_code != 404 else 404


class Supabase:
    """The Supabase API, whose codes are those of Supabase Auth."""

    refresh_codes = {model.NOT_FOUND: "refresh_token_not_found", model.PASSWORD: "refresh_token_not_found"}
    refresh_codes |= {model.INACTIVE: "user_banned"}
    bearer_codes = {model.NOT_VALID: "bad_jwt", model.EXPIRED: model.NOT_FOUND, model.PASSWORD: model.NOT_FOUND}
    bearer_codes |= {model.INACTIVE: "user_banned"}
    sign_in_codes = {model.NO_ACCOUNT: "invalid_credentials"}

    @cached_property
    def client(self):
        return Client(raise_request_exception=True, HTTP_USER_AGENT=MACBOOK, HTTP_APIKEY="sb_publishable_key")

    def sign_in(self, username, password):
        email = f"{username}@example.org"
        return self._pair(self._send("POST", "token?grant_type=password", {"email": email, "password": password}))

    def refresh(self, raw):
        return self._pair(self._send("POST", "token?grant_type=refresh_token", {"refresh_token": raw}))

    def use(self, access):
        return self._code(self._send("GET", "user", **_bearer(access)))

    def sign_out(self, scope, *, access):
        return self._code(self._send("POST", f"logout?scope={scope}", **_bearer(access)))

    def change_password(self, access, password):
        return self._code(self._send("PUT", "user", {"password": password}, **_bearer(access)))

    def _send(self, method, path, body=None, **headers):
        data = b"" if body is None else json.dumps(body).encode()
        return self.client.generic(method, f"/auth/v1/{path}", data, content_type="application/json", **headers)

    def _pair(self, response):
        if code := self._code(response):
            return code
        body = response.json()
        return Tokens(body["access_token"], body["refresh_token"])

    def _code(self, response):
        if response.status_code in {200, 204}:
            return None
        assert 400 <= response.status_code < 500, response.content
        return response.json()["error_code"]


class Python:
    """What a project calls."""

    def refresh(self, raw):
        try:
            pair = api.refresh(raw)
        except exceptions.AuthSessionsError as error:
            return error.code
        return Tokens(pair.access, pair.refresh)

    def use(self, access):
        try:
            api.get_session(RequestFactory().get("/", **_bearer(access)), raise_exception=True)
        except exceptions.AuthSessionsError as error:
            return error.code
        return None


class Browser:
    """A browser with Django's own session, and one cookie."""

    def __init__(self):
        self.client = Client(HTTP_USER_AGENT=MACBOOK)

    def sign_in(self, username, password):
        """Whether it is."""
        response = self.client.post("/login/", {"username": username, "password": password})
        return response.status_code == 302

    def which(self):
        return self.client.get("/which/").json()["session"]

    def is_signed_in(self):
        return self.client.get("/who/").status_code == 200

    def submit(self, path, **data):
        return self.client.post(path, data)

    @property
    def cookie(self):
        return self.client.cookies["sessionid"].value


def _bearer(access):
    return {} if access is None else {"HTTP_AUTHORIZATION": f"Bearer {access}"}
