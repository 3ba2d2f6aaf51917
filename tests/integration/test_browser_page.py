"""The example's other page: two browsers signed in by Django's own cookie, beside a device with tokens."""

import re

import pytest

from tests.support.chromium import BrowserPage, TokenClient, expect
from tests.support.device import still_signed_in
from tests.support.paths import ROOT

DEMO_SETTINGS = "tests.integration.demo_settings"
PAGE = (BrowserPage, "/browser/")

MESSAGES = {
    "Sign out here": "Signed out on this device. The others stay signed in.",
    "Sign out of other devices": "Signed out of the other devices. This one stays signed in.",
    "Sign out everywhere": "Signed out everywhere, on this device too.",
}


@pytest.fixture
def phone(address):
    return TokenClient(address)


@pytest.fixture
def library_browser(open_page):
    return open_page().sign_in().lists(1)


@pytest.fixture
def office_browser(open_page, library_browser, phone):
    """The last of the three to sign in."""
    return open_page().sign_in().lists(3)


def test_one_list_of_both_kinds(office_browser):
    expect(office_browser.devices.filter(has_text="This device")).to_have_count(1)
    expect(office_browser.devices.first).to_contain_text("This device")
    expect(office_browser.devices.filter(has_text="browser")).to_have_count(2)
    expect(office_browser.devices.filter(has_text="token")).to_contain_text("Chrome on iOS")
    office_browser.shows("Signed in as ada")
    assert office_browser.cookies == {"sessionid", "csrftoken"}
    assert office_browser.page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert office_browser.console == []


@pytest.mark.parametrize(
    ("button", "left"),
    [
        ("Sign out here", {"library", "phone"}),
        ("Sign out of other devices", {"office"}),
        ("Sign out everywhere", set()),
    ],
)
def test_a_scope_from_a_browser(office_browser, library_browser, phone, button, left):
    office_browser.press(button)
    office_browser.says(MESSAGES[button])
    if "office" in left:
        office_browser.lists(1)
    else:
        office_browser.shows("Signed out")
        assert office_browser.cookies == {"csrftoken"}
    if "library" not in left:
        library_browser.finds_out()
    assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == left
    assert office_browser.console == []


@pytest.mark.parametrize(
    ("scope", "left"), [("local", {"office", "library"}), ("others", {"phone"}), ("global", set())]
)
def test_a_scope_from_a_token(office_browser, library_browser, phone, scope, left):
    phone.sign_out(scope)
    if "office" in left:
        office_browser.press("Look again")
        office_browser.lists(2)
    else:
        office_browser.finds_out()
    assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == left


def test_django_s_logout_is_local(office_browser, library_browser, phone):
    office_browser.press("Log out")
    office_browser.shows("Sign in")
    assert office_browser.cookies == {"csrftoken"}
    assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == {"library", "phone"}
    library_browser.press("Look again")
    library_browser.lists(2)


def test_back_in_after_a_sign_out(office_browser, phone):
    office_browser.press("Sign out everywhere")
    office_browser.says(MESSAGES["Sign out everywhere"])
    office_browser.page.get_by_role("link", name="Sign in again").click()
    office_browser.sign_in().lists(1)
    assert still_signed_in(office=office_browser, phone=phone) == {"office"}


def test_a_request_without_the_csrf_token_ends_nothing(office_browser, phone):
    status = office_browser.page.evaluate("async () => (await fetch('/api/auth/sign-out/', { method: 'POST' })).status")
    assert status == 403
    assert still_signed_in(office=office_browser, phone=phone) == {"office", "phone"}


def test_a_wrong_password_says_so(open_page):
    office_browser = open_page().sign_in(password="babbage-1791")
    expect(office_browser.page.get_by_role("alert")).to_contain_text("Please enter a correct username and password.")
    assert office_browser.cookies == {"csrftoken"}


def test_by_keyboard_alone(open_page):
    office_browser = open_page()
    expect(office_browser.page.get_by_label("User name")).to_be_visible()
    keyboard = office_browser.page.keyboard
    for text in ("grace", "hopper-1906"):
        keyboard.press("Tab")
        keyboard.press("Control+A")
        keyboard.type(text)
    keyboard.press("Enter")
    office_browser.shows("Signed in as grace")
    office_browser.lists(1)  # the script is at work
    for name in ("Look again", "Sign out here", "Sign out of other devices", "Sign out everywhere"):
        keyboard.press("Tab")
        expect(office_browser.page.get_by_role("button", name=name)).to_be_focused()
    keyboard.press("Enter")
    office_browser.says(MESSAGES["Sign out everywhere"])
    expect(office_browser.page.get_by_role("heading", name="Signed out")).to_be_focused()


def test_the_ways_to_the_page(office_browser, address, demo):
    assert f"Open {address}/\n" in demo[1].read_text()
    office_browser.page.goto(address)
    office_browser.page.get_by_role("link", name="own cookie").click()
    office_browser.page.get_by_role("link", name="The same with tokens").click()
    office_browser.page.get_by_role("link", name="own session cookie").click()
    office_browser.lists(3)


def test_everything_comes_from_here_and_nothing_is_inline(office_browser, address):
    """The pages' own policy is `default-src 'self'`: the browser reports a breach on its console."""
    for path in ("/browser/", "/accounts/login/"):
        office_browser.page.goto(f"{address}{path}")
        policy = office_browser.page.locator("meta[http-equiv=Content-Security-Policy]")
        assert policy.get_attribute("content") == "default-src 'self'"
        assert office_browser.page.locator("style, [style], script:not([src])").count() == 0
        names = "[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())"
        assert [name for name in office_browser.page.evaluate(names) if name.startswith("on")] == []
    assert [url for url in office_browser.requested if not url.startswith(f"{address}/")] == []
    assert office_browser.console == []


def test_text_goes_in_as_text():
    for script in (ROOT / "example_project" / "static" / "example_project").glob("*.js"):
        assert not re.search("innerHTML|outerHTML|insertAdjacentHTML|document.write|eval", script.read_text())


def test_it_fits_a_small_screen(open_page):
    small = open_page(viewport={"width": 320, "height": 640})
    assert small.page.evaluate("document.documentElement.scrollWidth") == 320
    small.sign_in().lists(1)
    assert small.page.evaluate("document.documentElement.scrollWidth") == 320
