"""An app that hands its sign-in over to a browser."""

import re
from urllib.parse import parse_qs, urlsplit

from django.test import Client

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import IPHONE

PAGE = "/account/hand-over/"


def ask(device, **body):
    """The code that an app gets."""
    response = device.post("hand-over/", body)
    assert response.status_code == 201, response.content
    return response.json()["code"]


class Website(Browser):
    """The browser of a phone: it checks, as a real one would, that forms carry the CSRF token."""

    def __init__(self):
        super().__init__(client=Client(enforce_csrf_checks=True, headers={"user-agent": IPHONE}))

    def opens(self, code):
        """Follow the app's link, to the page that asks."""
        response = self.client.get(PAGE, {"code": code})
        if response.status_code == 302 and response.url == PAGE:
            return self.client.get(PAGE)
        return response

    def presses(self, page):
        """Send the form of a page that asks."""
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)"', page.content.decode()))
        assert set(fields) == {"csrfmiddlewaretoken", "code"}
        return self.client.post(PAGE, fields)

    def continues(self, code):
        """Open the page and press its button."""
        return self.presses(self.opens(code))

    def takes_over(self, device, **body):
        """Signed in from an app, which is asked first."""
        response = self.continues(ask(device, **body))
        assert response.status_code == 302, response.content
        return self.note_session()

    def note_session(self):
        self.session_id = self.page("/which/").json()["session"]
        return self

    @property
    def row(self):
        return Session.objects.get(pk=self.session_id)


def code_in(url):
    (code,) = parse_qs(urlsplit(url).query)["code"]
    return code
