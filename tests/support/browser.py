"""A user's browser: it keeps one cookie, and signs in on a page of the host."""

from importlib import import_module

from django.conf import settings
from rest_framework.test import APIClient

from auth_sessions import testing
from auth_sessions.models import Session
from tests.support.device import MACBOOK, PASSWORD, Calls
from tests.support.host import has_browsers, require


class Browser(Calls, testing.Browser):
    content_type = "application/json"
    access = None

    def __init__(self, user_agent=MACBOOK, *, client=None):
        require(has_browsers)
        super().__init__(client=client or APIClient(HTTP_USER_AGENT=user_agent))

    def sign_in(self, user, password=PASSWORD, path="/login/"):
        response = self.submit(path, {"username": user.get_username(), "password": password})
        assert response.status_code in {200, 302}, response.content
        assert self.is_signed_in()
        self.session_id = self.page("/which/").json()["session"]
        return self

    def is_signed_in(self, path="/who/"):
        return self.page(path).status_code == 200

    def me(self):
        return self.page("/who/")

    refresh = me

    def page(self, path):
        return self.request("GET", path)

    def submit(self, path, data=None):
        return self.request("POST", path, data, content_type=testing.Browser.content_type)

    def copy(self):
        """Another tab, or a thief, with the same cookie."""
        other = Browser()
        other.client.cookies[settings.SESSION_COOKIE_NAME] = self.cookie
        return other


class HelpDesk(Browser):
    """The browser of a member of the staff who acts in the name of others."""

    def act_as(self, user):
        assert self.submit("/login/as/", {"username": user.get_username()}).status_code == 200
        self.session_id = self.page("/which/").json()["session"]
        return self

    def stop(self):
        return self.submit("/login/stop/")

    @property
    def who(self):
        """The key of the user it is signed in as."""
        answer = self.page("/who/")
        return answer.json()["user"] if answer.status_code == 200 else None

    @property
    def row(self):
        return Session.objects.get(pk=self.session_id)


def entry_is_left(cookie):
    """Whether the store still holds a browser's entry; a signed cookie has none."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return bool(store().exists(cookie))
