"""A person's browser, as the tests see it: it keeps one cookie, and signs in by a page of the host."""

from django.conf import settings
from django.test import Client

from tests.device import MACBOOK, PASSWORD


class Browser:
    def __init__(self, user_agent=MACBOOK):
        self.client = Client(headers={"user-agent": user_agent}, enforce_csrf_checks=False)

    def sign_in(self, user, password=PASSWORD, path="/login/"):
        response = self.client.post(path, {"username": user.get_username(), "password": password})
        assert response.status_code in {200, 302}, response.content
        assert self.is_signed_in()
        return self

    def is_signed_in(self, path="/who/"):
        return self.get(path).json()["user"] is not None

    def sign_out(self, scope=None):
        return self.client.post("/api/auth/sign-out/", {} if scope is None else {"scope": scope})

    def sessions(self):
        response = self.get("/api/auth/sessions/")
        assert response.status_code == 200, response.content
        return response.json()

    def get(self, path):
        return self.client.get(path)

    def post(self, path, data=None):
        return self.client.post(path, data)

    def copy(self):
        """Another tab, or a thief, with the same cookie."""
        other = Browser()
        other.client.cookies[settings.SESSION_COOKIE_NAME] = self.cookie
        return other

    @property
    def session_id(self):
        return self.get("/which/").json()["session"]

    @property
    def cookie(self):
        return self.client.cookies[settings.SESSION_COOKIE_NAME].value
