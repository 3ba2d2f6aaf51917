"""The example's other page: two browsers signed in by Django's own cookie, beside a device with tokens."""

import json
import re
import urllib.error
import urllib.request
from urllib.parse import urljoin

import pytest

from tests.integration.test_demo_page import PHONE, Page, chromium, expect  # noqa: F401
from tests.integration.test_package import ROOT
from tests.integration.test_readme import demo, demo_server  # noqa: F401

pytestmark = pytest.mark.integration

DEMO_SETTINGS = "tests.integration.demo_settings"

TOLD = {
    "Sign out here": "Signed out on this device. The others stay signed in.",
    "Sign out of other devices": "Signed out of the other devices. This one stays signed in.",
    "Sign out everywhere": "Signed out everywhere, on this device too.",
}


class Desk(Page):
    """A browser on the page."""

    def sign_in(self, username="ada", password="lovelace-1815"):
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")
        return self

    def lists(self, number):
        expect(self.devices).to_have_count(number)
        return self

    def is_signed_in(self):
        """As the server answers a request for the page: with it, or with the way to the sign-in."""
        address = urljoin(self.page.url, "/browser/")
        self.page.goto(address)
        signed_in = self.page.url == address
        self.shows("Your devices" if signed_in else "Sign in")
        return signed_in

    def is_told_so(self):
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
        headers = {"Content-Type": "application/json", "User-Agent": PHONE, **headers}
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


@pytest.fixture
def address(demo):  # noqa: F811
    return f"http://127.0.0.1:{demo[0]}"


@pytest.fixture
def open_page(chromium, address):  # noqa: F811
    pages = []

    def open_page(**context):
        pages.append(Desk(chromium, f"{address}/browser/", **context))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()


@pytest.fixture
def phone(address):
    return TokenClient(address)


@pytest.fixture
def library(open_page):
    return open_page().sign_in().lists(1)


@pytest.fixture
def desk(open_page, library, phone):
    """The last of the three to sign in."""
    return open_page().sign_in().lists(3)


def still_in(**devices):
    return {name for name, device in devices.items() if device.is_signed_in()}


def test_one_list_of_both_kinds(desk):
    expect(desk.devices.filter(has_text="This device")).to_have_count(1)
    expect(desk.devices.first).to_contain_text("This device")
    expect(desk.devices.filter(has_text="browser")).to_have_count(2)
    expect(desk.devices.filter(has_text="token")).to_contain_text("Chrome on iOS")
    desk.shows("Signed in as ada")
    assert desk.cookies == {"sessionid", "csrftoken"}
    assert desk.page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert desk.console == []


@pytest.mark.parametrize(
    ("button", "left"),
    [
        ("Sign out here", {"library", "phone"}),
        ("Sign out of other devices", {"desk"}),
        ("Sign out everywhere", set()),
    ],
)
def test_a_scope_from_a_browser(desk, library, phone, button, left):
    desk.press(button)
    desk.says(TOLD[button])
    if "desk" in left:
        desk.lists(1)
    else:
        desk.shows("Signed out")
        assert desk.cookies == {"csrftoken"}
    if "library" not in left:
        library.is_told_so()
    assert still_in(desk=desk, library=library, phone=phone) == left
    assert desk.console == []


@pytest.mark.parametrize(("scope", "left"), [("local", {"desk", "library"}), ("others", {"phone"}), ("global", set())])
def test_a_scope_from_a_token(desk, library, phone, scope, left):
    phone.sign_out(scope)
    if "desk" in left:
        desk.press("Look again")
        desk.lists(2)
    else:
        desk.is_told_so()
    assert still_in(desk=desk, library=library, phone=phone) == left


def test_django_s_logout_is_local(desk, library, phone):
    desk.press("Log out")
    desk.shows("Sign in")
    assert desk.cookies == {"csrftoken"}
    assert still_in(desk=desk, library=library, phone=phone) == {"library", "phone"}
    library.press("Look again")
    library.lists(2)


def test_back_in_after_a_sign_out(desk, phone):
    desk.press("Sign out everywhere")
    desk.says(TOLD["Sign out everywhere"])
    desk.page.get_by_role("link", name="Sign in again").click()
    desk.sign_in().lists(1)
    assert still_in(desk=desk, phone=phone) == {"desk"}


def test_a_request_without_the_csrf_token_ends_nothing(desk, phone):
    status = desk.page.evaluate("async () => (await fetch('/api/auth/sign-out/', { method: 'POST' })).status")
    assert status == 403
    assert still_in(desk=desk, phone=phone) == {"desk", "phone"}


def test_a_wrong_password_says_so(open_page):
    desk = open_page().sign_in(password="babbage-1791")
    expect(desk.page.get_by_role("alert")).to_contain_text("Please enter a correct username and password.")
    assert desk.cookies == {"csrftoken"}


def test_by_keyboard_alone(open_page):
    desk = open_page()
    expect(desk.page.get_by_label("User name")).to_be_visible()
    keyboard = desk.page.keyboard
    for text in ("grace", "hopper-1906"):
        keyboard.press("Tab")
        keyboard.press("Control+A")
        keyboard.type(text)
    keyboard.press("Enter")
    desk.shows("Signed in as grace")
    desk.lists(1)  # the script is at work
    for name in ("Look again", "Sign out here", "Sign out of other devices", "Sign out everywhere"):
        keyboard.press("Tab")
        expect(desk.page.get_by_role("button", name=name)).to_be_focused()
    keyboard.press("Enter")
    desk.says(TOLD["Sign out everywhere"])
    expect(desk.page.get_by_role("heading", name="Signed out")).to_be_focused()


def test_the_ways_to_the_page(desk, address, demo):  # noqa: F811
    assert f"{address}/browser/" in demo[1].read_text()
    desk.page.get_by_role("link", name="The same with tokens").click()
    desk.page.get_by_role("link", name="own session cookie").click()
    desk.lists(3)


def test_everything_comes_from_here_and_nothing_is_inline(desk, address):
    """The pages' own policy is `default-src 'self'`: the browser reports a breach on its console."""
    for path in ("/browser/", "/accounts/login/"):
        desk.page.goto(f"{address}{path}")
        policy = desk.page.locator("meta[http-equiv=Content-Security-Policy]")
        assert policy.get_attribute("content") == "default-src 'self'"
        assert desk.page.locator("style, [style], script:not([src])").count() == 0
        names = "[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())"
        assert [name for name in desk.page.evaluate(names) if name.startswith("on")] == []
    assert [url for url in desk.requested if not url.startswith(f"{address}/")] == []
    assert desk.console == []


def test_text_goes_in_as_text():
    for script in (ROOT / "example_project" / "static" / "example_project").glob("*.js"):
        assert not re.search("innerHTML|outerHTML|insertAdjacentHTML|document.write|eval", script.read_text())


def test_it_fits_a_small_screen(open_page):
    small = open_page(viewport={"width": 320, "height": 640})
    assert small.page.evaluate("document.documentElement.scrollWidth") == 320
    small.sign_in().lists(1)
    assert small.page.evaluate("document.documentElement.scrollWidth") == 320
