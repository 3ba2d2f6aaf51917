"""The example's page: the published supabase-js in a browser, one context for each device."""

import re

import pytest

from tests.support.chromium import KEY, Page, expect
from tests.support.device import IPHONE
from tests.support.paths import ROOT

DEMO_SETTINGS = "tests.integration.demo_settings"
PAGE = (Page, "/demo/")
VENDOR = ROOT / "example_project" / "static" / "example_project" / "vendor"


@pytest.fixture
def laptop(open_page):
    return open_page()


@pytest.fixture
def phone(open_page):
    return open_page(user_agent=IPHONE)


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
