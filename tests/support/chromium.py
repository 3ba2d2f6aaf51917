"""Pages of the example in Chromium, one context for each device."""

import json
import urllib.error
import urllib.request
from urllib.parse import urljoin

import pytest

from tests.support.device import IPHONE

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
expect = sync_api.expect

KEY = "sb-127-auth-token"


class Page:
    """A page on one device. Keeps what its console and its network said."""

    def __init__(self, browser, address, **context):
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.console, self.requested = [], []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.goto(address)

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def sign_in(self):
        self.press("Sign in")
        self.says("Signed in as ada@example.org.")
        return self

    def says(self, text):
        expect(self.page.get_by_role("status")).to_have_text(text)

    def shows(self, heading):
        expect(self.page.get_by_role("heading", name=heading, exact=True)).to_be_visible()

    def ask(self):
        self.press("Ask the server who I am")

    def panel(self, heading):
        return self.page.get_by_role("region", name=heading)

    @property
    def keys(self):
        return self.page.evaluate("Object.keys(localStorage)")

    def is_signed_in(self):
        self.ask()
        self.says("The server says: you are ada@example.org.")
        return self.keys == [KEY]

    def is_signed_out(self):
        """Signed out elsewhere: it knows when it asks, and then clears its storage."""
        assert self.keys == [KEY]
        self.ask()
        self.says("AuthSessionMissingError: Auth session missing! (The client has cleared its storage.)")
        self.shows("Sign in")
        expect(self.panel("Local storage now")).to_contain_text("empty")
        return self.keys == []


class BrowserPage(Page):
    """The other page of the example, on which a browser signs in by Django's own cookie."""

    def sign_in(self, username="ada", password="lovelace-1815"):
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")
        return self

    def lists(self, number):
        expect(self.devices).to_have_count(number)
        self.page.wait_for_load_state()  # for whoever measures: the style sheet may come later than the list
        return self

    def is_signed_in(self):
        """As the server answers a request for the page: with it, or with the way to the sign-in."""
        address = urljoin(self.page.url, "/browser/")
        self.page.goto(address)
        signed_in = self.page.url == address
        self.shows("Your devices" if signed_in else "Sign in")
        return signed_in

    def finds_out(self):
        """Signed out elsewhere: the open page learns it when it asks."""
        self.press("Look again")
        self.says("This browser has been signed out.")
        self.shows("Signed out")
        expect(self.devices).to_have_count(0)

    @property
    def devices(self):
        return self.page.get_by_role("list", name="Your devices").get_by_role("listitem")

    @property
    def cookies(self):
        return {cookie["name"] for cookie in self.context.cookies()}


class TokenClient:
    def __init__(self, address):
        self.address = address
        pair = self.call("auth/token/", {"username": "ada", "password": "lovelace-1815"})[1]
        self.access, self.refresh = pair["access"], pair["refresh"]

    def call(self, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "User-Agent": IPHONE, **headers}
        request = urllib.request.Request(f"{self.address}/api/{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, json.loads(response.read() or "null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def sign_out(self, scope):
        assert self.call("auth/sign-out/", {"scope": scope}, Authorization=f"Bearer {self.access}") == (204, None)

    def is_signed_in(self):
        """By access token, and by refresh token."""
        status = self.call("me/", Authorization=f"Bearer {self.access}")[0]
        refreshed, answer = self.call("auth/token/refresh/", {"refresh": self.refresh})
        if refreshed == 200:
            self.refresh = answer["refresh"]
        assert status == refreshed
        return status == 200
