"""The page "Your devices" in Chromium: two browsers and an app, by keyboard, without JavaScript, looked at by axe."""

import re
import sqlite3

import pytest

from tests.support.catalogues import CODES
from tests.support.chromium import BrowserPage, TokenClient, expect
from tests.support.device import still_signed_in
from tests.support.paths import ROOT

DEMO_SETTINGS = "tests.integration.strict_settings"
PASSWORD = "lovelace-1815"
AXE = ROOT / "tests" / "integration" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = "axe.run({ rules: { 'target-size': { enabled: true } } })"


class DevicesPage(BrowserPage):
    """The page "Your devices"."""

    def follow(self, name):
        self.page.get_by_role("link", name=name).click()

    def opens(self):
        self.page.goto(re.sub("/account/.*|/accounts/.*", "/account/devices/", self.page.url))
        return self

    def speaks(self, language):
        self.context.set_extra_http_headers({"Accept-Language": language})
        self.opens()
        expect(self.page.locator("html")).to_have_attribute("lang", language)

    def is_signed_in(self):
        self.opens()
        return "/accounts/login/" not in self.page.url

    @property
    def devices(self):
        return self.page.locator(".auth-sessions-device")


PAGE = (DevicesPage, "/account/devices/")


@pytest.fixture
def phone(address):
    return TokenClient(address)


@pytest.fixture
def library_browser(open_page, phone):
    return open_page().sign_in()


@pytest.fixture
def office_browser(open_page, library_browser):
    """The last of the three to sign in."""
    return open_page().sign_in().lists(3)


@pytest.fixture
def devices(office_browser, library_browser, phone):
    return office_browser, library_browser, phone


@pytest.fixture
def make_sign_in_old(demo):
    """As if everybody's sign-in were long ago."""

    def make_sign_in_old():
        with sqlite3.connect(demo[1].parent / "example.sqlite3", timeout=20) as rows:
            rows.execute("UPDATE auth_sessions_session SET authenticated_at = '2020-01-01 00:00:00'")
        rows.close()

    return make_sign_in_old


@pytest.mark.parametrize(
    ("link", "question", "left"),
    [
        ("Sign out · Chrome on iOS", "Sign out of “\u2068Chrome on iOS\u2069”?", {"office", "library"}),
        ("Sign out of 2 other devices", "Sign out of 2 other devices?", {"office"}),
        ("Sign out everywhere", "Sign out everywhere?", set()),
    ],
)
def test_a_choice_is_asked_and_done(devices, link, question, left):
    office_browser, library_browser, phone = devices
    office_browser.follow(link)
    office_browser.shows(question)
    office_browser.follow("Cancel")
    office_browser.lists(3).follow(link)
    office_browser.press("Sign out")
    if left:
        expect(office_browser.page.get_by_role("status")).to_contain_text(
            question.replace("Sign out", "Signed out").rstrip("?")
        )
        office_browser.lists(len(left))
    else:
        office_browser.shows("You are signed out")
    assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == left
    assert office_browser.console == library_browser.console == []


def test_this_device(office_browser, library_browser, phone):
    office_browser.devices.first.get_by_role("link", name="Sign out").click()
    office_browser.shows("Sign out of this device?")
    office_browser.press("Sign out")
    office_browser.shows("You are signed out")
    office_browser.follow("Sign in")
    office_browser.shows("Sign in")
    assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == {"library", "phone"}


def test_what_ends_elsewhere_is_success(office_browser, library_browser, phone):
    phone.sign_out("local")
    office_browser.follow("Sign out · Chrome on iOS")
    expect(office_browser.page.get_by_role("status")).to_have_text("That device is signed out already.")
    office_browser.lists(2)


def test_rename_in_place(office_browser):
    device = office_browser.devices.filter(has_text="Chrome on iOS")
    device.locator("summary", has_text="Rename").click()
    device.get_by_label("Name").fill("My phone")
    device.get_by_role("button", name="Save").click()
    expect(office_browser.page.get_by_role("status")).to_have_text("The device is now called “\u2068My phone\u2069”.")
    expect(office_browser.page.get_by_role("heading", name="My phone")).to_be_visible()
    assert office_browser.console == []


def test_the_password_is_asked_and_the_choice_kept(office_browser, library_browser, phone, make_sign_in_old):
    make_sign_in_old()
    office_browser.follow("Sign out of 2 other devices")
    office_browser.page.get_by_label("Password").fill("babbage-1791")
    office_browser.press("Sign out")
    office_browser.shows("Sign out of 2 other devices?")
    field = office_browser.page.get_by_label("Password")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("This password was not accepted. Try again."))
    field.fill(PASSWORD)
    office_browser.press("Sign out")
    expect(office_browser.page.get_by_role("status")).to_have_text("Signed out of 2 other devices.")
    assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == {"office"}
    assert office_browser.console == []


def test_by_keyboard_alone(office_browser, library_browser, phone, make_sign_in_old):
    make_sign_in_old()
    keyboard = office_browser.page.keyboard

    def go_to(name):
        focused = office_browser.page.locator(":focus")
        for _ in range(40):
            keyboard.press("Tab")
            if focused.count() and name in " ".join(focused.text_content().split()):
                assert focused.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
                return
        pytest.fail(f"Tab does not lead to {name}")

    go_to("Rename · Chrome on iOS")
    keyboard.press("Enter")
    keyboard.press("Tab")
    keyboard.type("My phone")
    keyboard.press("Enter")
    status = office_browser.page.get_by_role("status").get_by_text("The device is now called “\u2068My phone\u2069”.")
    expect(status).to_be_focused()
    go_to("Sign out of 2 other devices")
    keyboard.press("Enter")
    office_browser.shows("Sign out of 2 other devices?")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(office_browser.page.get_by_text("Signed out of 2 other devices.")).to_be_focused()
    assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == {"office"}


def test_no_rule_of_the_project_s_takes_the_names_away(office_browser):
    rules = ".hidden, .invisible, .auth-sessions-unseen { display: none; visibility: hidden }"
    office_browser.page.wait_for_load_state()  # with its style sheet
    office_browser.page.evaluate("rules => document.styleSheets[0].insertRule(rules)", rules)
    expect(office_browser.page.get_by_role("link", name="Sign out · Chrome on iOS")).to_have_count(1)


def test_without_javascript(open_page, library_browser, phone, make_sign_in_old):
    office_browser = open_page(java_script_enabled=False).sign_in().lists(3)
    device = office_browser.devices.filter(has_text="Chrome on iOS")
    device.locator("summary", has_text="Details").click()
    expect(device.get_by_text("127.0.0.1")).to_be_visible()
    device.locator("summary", has_text="Rename").click()
    device.get_by_label("Name").fill("My phone")
    device.get_by_role("button", name="Save").click()
    office_browser.follow("Sign out · My phone")
    office_browser.press("Sign out")
    expect(office_browser.page.get_by_role("status")).to_have_text("Signed out of “\u2068My phone\u2069”.")
    make_sign_in_old()
    office_browser.follow("Sign out everywhere")
    office_browser.page.get_by_label("Password").fill(PASSWORD)
    office_browser.press("Sign out")
    office_browser.shows("You are signed out")
    assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == set()


def each_page(office_browser, make_sign_in_old):
    """Leads from page to page, in each of their states."""
    for summary in office_browser.page.locator("summary").all():
        summary.click()
    yield "list"
    office_browser.page.goto(office_browser.devices.nth(1).locator("form").evaluate("each => each.action"))
    yield "rename"
    name, password, button = (
        office_browser.page.locator(each)
        for each in ("#auth-sessions-name", "#auth-sessions-password", "button.auth-sessions-main")
    )
    name.evaluate("each => each.removeAttribute('maxlength')")
    name.fill("x" * 101)
    button.click()
    expect(name).to_have_attribute("aria-invalid", "true")
    yield "name refused"
    office_browser.opens().page.locator(".auth-sessions-choices a").first.click()
    yield "question"
    make_sign_in_old()
    office_browser.page.reload()
    yield "password"
    password.fill("babbage-1791")
    button.click()
    yield "password refused"
    password.fill(PASSWORD)
    button.click()
    yield "only one, and what was done"
    office_browser.devices.locator("> a").click()
    yield "this device"
    button.click()
    yield "signed out"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci --prefix tests/integration/clients")
@pytest.mark.parametrize(
    "context",
    [
        {},
        {"color_scheme": "dark"},
        {"locale": "ar", "viewport": {"width": 320, "height": 640}},
        {"locale": "de", "forced_colors": "active"},
    ],
    ids=["light", "dark", "Arabic, small", "German, forced colours"],
)
def test_axe_finds_nothing(open_page, library_browser, make_sign_in_old, context):
    office_browser = open_page(**context).sign_in().lists(3)
    for state in each_page(office_browser, make_sign_in_old):
        office_browser.page.evaluate(AXE.read_text())
        found = office_browser.page.evaluate(RUN_AXE)
        assert len(found["passes"]) > 10
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == [], state
    assert office_browser.console == []


def test_nothing_is_inline_and_nothing_breaks_the_policy(office_browser, library_browser, make_sign_in_old, address):
    assert (
        office_browser.page.request.get(office_browser.page.url).headers["content-security-policy"]
        == "default-src 'self'"
    )
    for _ in each_page(office_browser, make_sign_in_old):
        assert office_browser.page.locator("style, [style], script").count() == 0
        names = "[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())"
        assert [name for name in office_browser.page.evaluate(names) if name.startswith("on")] == []
    assert [url for url in office_browser.requested if not url.startswith(f"{address}/")] == []
    assert office_browser.console == []


def test_it_fits_a_small_screen(open_page, library_browser):
    small = open_page(viewport={"width": 320, "height": 640}).sign_in().lists(3)
    for language in ["en", *CODES]:
        small.speaks(language)
        for _ in range(2):
            assert small.page.evaluate("document.documentElement.scrollWidth") == 320, language
            with small.page.expect_navigation():
                small.page.locator(".auth-sessions-choices a, .auth-sessions-answers a").first.click()


def test_right_to_left_is_a_mirror(office_browser):
    def starts():
        parts = [
            office_browser.devices.first.locator(part)
            for part in (".auth-sessions-icon", "h2", "> .auth-sessions-button")
        ]
        return [part.bounding_box()["x"] for part in parts]

    assert starts() == sorted(starts())
    office_browser.speaks("ar")
    assert starts() == sorted(starts(), reverse=True)


LEFT_OF = """(each, word) => {
    const range = document.createRange(), text = each.firstChild;
    range.setStart(text, text.data.indexOf(word));
    range.setEnd(text, text.data.indexOf(word) + word.length);
    return range.getBoundingClientRect().left;
}"""


def test_names_between_words_from_right_to_left(office_browser):
    """A browser comes before its system, in a heading of its own as in a sentence; a name is written in its own way."""
    office_browser.speaks("ar")
    phone = office_browser.devices.filter(has_text="iOS")
    label = phone.locator("h2 bdi")
    assert label.evaluate(LEFT_OF, "Chrome") > label.evaluate(LEFT_OF, "iOS")
    phone.locator("summary").last.click()
    field = phone.locator("input[name=name]")
    expect(field).to_have_css("direction", "rtl")
    field.fill("Büro (2)")
    expect(field).to_have_css("direction", "ltr")
    phone.locator("> a").click()
    question = office_browser.page.locator("h1")
    assert question.evaluate(LEFT_OF, "Chrome") > question.evaluate(LEFT_OF, "iOS")


def test_the_ways_to_the_page(office_browser, address):
    office_browser.page.goto(f"{address}/browser/")
    office_browser.follow("Your devices")
    office_browser.lists(3)
