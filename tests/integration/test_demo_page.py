"""The example's page: the published supabase-js in a browser, one context for each device."""

import os
import re
import shutil

import pytest

from tests.integration.test_package import ROOT
from tests.integration.test_readme import demo, demo_server  # noqa: F401

pytestmark = pytest.mark.integration

sync_api = pytest.importorskip("playwright.sync_api", reason="the demo page needs playwright")
expect = sync_api.expect

DEMO_SETTINGS = "tests.integration.demo_settings"
NAMES = ("chromium", "chromium-browser", "google-chrome")
VENDOR = ROOT / "example_project" / "static" / "example_project" / "vendor"
KEY = "sb-127-auth-token"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/144.0 Mobile/15E148 Safari/604.1"
)
QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def chromium():
    """One browser for this module. Playwright's event loop runs until it is left: here is no ORM, nor afterwards."""
    path = os.environ.get("AUTH_SESSIONS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"the demo page needs AUTH_SESSIONS_CHROMIUM, or one of {', '.join(NAMES)} on PATH")
    expect.set_options(timeout=20_000)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


class Page:
    """The page on one device. Keeps what its console and its network said."""

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


@pytest.fixture
def open_page(chromium, demo):  # noqa: F811
    port, _ = demo
    pages = []

    def open_page(**context):
        pages.append(Page(chromium, f"http://127.0.0.1:{port}/demo/", **context))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()


@pytest.fixture
def laptop(open_page):
    return open_page()


@pytest.fixture
def phone(open_page):
    return open_page(user_agent=PHONE)


def test_in_and_out(laptop):
    laptop.shows("Sign in")
    assert laptop.keys == []
    laptop.sign_in()
    assert laptop.keys == [KEY]
    expect(laptop.panel("Local storage before")).to_contain_text("empty")
    expect(laptop.panel("Local storage now")).to_contain_text(re.compile(rf"{KEY}\s*access_token: ey"))
    expect(laptop.page.get_by_role("list", name="Your devices")).to_contain_text("This device")
    laptop.press("Sign out here")
    laptop.says("Signed out on this device. The others stay signed in.")
    assert laptop.keys == []
    expect(laptop.panel("Local storage before")).to_contain_text(KEY)
    expect(laptop.panel("Local storage now")).to_contain_text("empty")
    expect(laptop.page.locator("#events li")).to_contain_text(["SIGNED_OUT", "SIGNED_IN", "INITIAL_SESSION"])
    assert laptop.console == []


def test_it_stays_signed_in_when_opened_again(laptop):
    laptop.sign_in()
    laptop.page.reload()
    laptop.shows("Signed in as ada@example.org")
    expect(laptop.page.get_by_role("list", name="Your devices").get_by_role("listitem")).to_have_count(1)
    assert laptop.console == []


def test_the_devices(laptop, phone):
    phone.sign_in()
    laptop.sign_in()
    items = laptop.page.get_by_role("list", name="Your devices").get_by_role("listitem")
    expect(items).to_have_count(2)
    expect(items.filter(has_text="This device")).to_have_count(1)
    expect(items.filter(has_text="Chrome on iOS")).to_have_count(1)


def test_local_leaves_the_others(laptop, phone):
    phone.sign_in()
    laptop.sign_in().press("Sign out here")
    laptop.says("Signed out on this device. The others stay signed in.")
    assert laptop.keys == []
    assert phone.is_signed_in()


def test_others_leaves_this_one(laptop, phone):
    phone.sign_in()
    laptop.sign_in().press("Sign out of other devices")
    laptop.says("Signed out of the other devices. This one stays signed in.")
    expect(laptop.page.get_by_role("list", name="Your devices").get_by_role("listitem")).to_have_count(1)
    assert laptop.is_signed_in()
    assert phone.is_signed_out()


def test_global_leaves_none(laptop, phone):
    phone.sign_in()
    laptop.sign_in().press("Sign out everywhere")
    laptop.says("Signed out everywhere, on this device too.")
    laptop.shows("Sign in")
    assert laptop.keys == []
    assert phone.is_signed_out()


def test_the_list_of_an_ended_session_says_so(laptop, phone):
    phone.sign_in()
    laptop.sign_in().press("Sign out of other devices")
    laptop.says("Signed out of the other devices. This one stays signed in.")
    phone.press("Look again")
    expect(phone.page.get_by_role("status")).to_contain_text("session_not_found: ")
    assert phone.is_signed_out()


def test_a_wrong_password_says_so(laptop):
    laptop.page.get_by_label("Password").fill("babbage-1791")
    laptop.press("Sign in")
    laptop.says("invalid_credentials: Invalid login credentials")
    expect(laptop.page.get_by_role("button", name="Sign in")).to_be_enabled()
    assert laptop.keys == []


def test_by_keyboard_alone(laptop):
    expect(laptop.page.get_by_label("E-mail")).to_be_visible()
    keyboard = laptop.page.keyboard
    for text in ("grace@example.org", "hopper-1906"):
        keyboard.press("Tab")
        keyboard.press("Control+A")
        keyboard.type(text)
    keyboard.press("Enter")
    laptop.says("Signed in as grace@example.org.")
    expect(laptop.page.get_by_role("heading", name="Signed in as grace@example.org")).to_be_focused()
    for name in ("Ask the server who I am", "Look again", "Sign out here"):
        keyboard.press("Tab")
        expect(laptop.page.get_by_role("button", name=name)).to_be_focused()
    keyboard.press("Enter")
    laptop.says("Signed out on this device. The others stay signed in.")
    expect(laptop.page.get_by_role("heading", name="Sign in", exact=True)).to_be_focused()


def test_everything_comes_from_here_and_nothing_is_inline(laptop):
    """The page's own policy is `default-src 'self'`: the browser reports a breach on its console."""
    policy = laptop.page.locator("meta[http-equiv=Content-Security-Policy]")
    assert policy.get_attribute("content") == "default-src 'self'"
    laptop.sign_in()
    assert laptop.page.locator("style, [style], script:not([src])").count() == 0
    names = "[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())"
    assert [name for name in laptop.page.evaluate(names) if name.startswith("on")] == []
    here = re.sub("/demo/$", "/", laptop.page.url)
    assert {f"{here}auth/v1/token?grant_type=password", f"{here}api/auth/sessions/"} <= set(laptop.requested)
    assert [url for url in laptop.requested if not url.startswith(here)] == []
    assert laptop.console == []


def test_the_client_is_the_published_one(laptop):
    version = re.search(r"@supabase/supabase-js ([\d.]+),", (VENDOR / "NOTE").read_text())[1]
    with laptop.page.expect_request("**/auth/v1/token?*") as token:
        laptop.sign_in()
    assert f"supabase-js/{version}" in token.value.headers["x-client-info"]
    assert token.value.headers["apikey"] == "sb_publishable_demo"


def test_it_fits_a_small_screen(open_page):
    small = open_page(viewport={"width": 320, "height": 640}).sign_in()
    assert small.page.evaluate("document.documentElement.scrollWidth") == 320
