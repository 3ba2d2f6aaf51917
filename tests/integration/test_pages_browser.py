"""The page "Your devices" in Chromium: two browsers and an app, by keyboard, without JavaScript, looked at by axe."""

import re
import sqlite3

import pytest

from tests.integration import test_browser_page
from tests.integration.test_browser_page import TokenClient, address, still_in  # noqa: F401
from tests.integration.test_demo_page import chromium, expect  # noqa: F401
from tests.integration.test_package import ROOT
from tests.integration.test_readme import demo, demo_server  # noqa: F401

pytestmark = pytest.mark.integration

DEMO_SETTINGS = "tests.integration.strict_settings"
PASSWORD = "lovelace-1815"
AXE = ROOT / "tests" / "integration" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = "axe.run({ rules: { 'target-size': { enabled: true } } })"


class Desk(test_browser_page.Desk):
    """A browser on the page."""

    def follow(self, name):
        self.page.get_by_role("link", name=name).click()

    def opens(self):
        self.page.goto(re.sub("/account/.*|/accounts/.*", "/account/devices/", self.page.url))
        return self

    def is_signed_in(self):
        self.opens()
        return "/accounts/login/" not in self.page.url

    @property
    def devices(self):
        return self.page.locator(".device")


@pytest.fixture
def open_page(chromium, address):  # noqa: F811
    pages = []

    def open_page(**context):
        pages.append(Desk(chromium, f"{address}/account/devices/", **context))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()


@pytest.fixture
def phone(address):  # noqa: F811
    return TokenClient(address)


@pytest.fixture
def library(open_page, phone):
    return open_page().sign_in()


@pytest.fixture
def desk(open_page, library):
    """The last of the three to sign in."""
    return open_page().sign_in().lists(3)


@pytest.fixture
def people(desk, library, phone):
    return desk, library, phone


@pytest.fixture
def make_stale(demo):  # noqa: F811
    """As if everybody's sign-in were long ago."""

    def make_stale():
        with sqlite3.connect(demo[1].parent / "example.sqlite3", timeout=20) as rows:
            rows.execute("UPDATE auth_sessions_session SET authenticated_at = '2020-01-01 00:00:00'")
        rows.close()

    return make_stale


@pytest.mark.parametrize(
    ("link", "question", "left"),
    [
        ("Sign out · Chrome on iOS", "Sign out of “\u2068Chrome on iOS\u2069”?", {"desk", "library"}),
        ("Sign out of 2 other devices", "Sign out of 2 other devices?", {"desk"}),
        ("Sign out everywhere", "Sign out everywhere?", set()),
    ],
)
def test_a_choice_is_asked_and_done(people, link, question, left):
    desk, library, phone = people
    desk.follow(link)
    desk.shows(question)
    desk.follow("Cancel")
    desk.lists(3).follow(link)
    desk.press("Sign out")
    if left:
        expect(desk.page.get_by_role("status")).to_contain_text(question.replace("Sign out", "Signed out").rstrip("?"))
        desk.lists(len(left))
    else:
        desk.shows("You are signed out")
    assert still_in(desk=desk, library=library, phone=phone) == left
    assert desk.console == library.console == []


def test_this_device(desk, library, phone):
    desk.devices.first.get_by_role("link", name="Sign out").click()
    desk.shows("Sign out of this device?")
    desk.press("Sign out")
    desk.shows("You are signed out")
    desk.follow("Sign in")
    desk.shows("Sign in")
    assert still_in(desk=desk, library=library, phone=phone) == {"library", "phone"}


def test_what_ends_elsewhere_is_success(desk, library, phone):
    phone.sign_out("local")
    desk.follow("Sign out · Chrome on iOS")
    expect(desk.page.get_by_role("status")).to_have_text("That device is signed out already.")
    desk.lists(2)


def test_rename_in_place(desk):
    device = desk.devices.filter(has_text="Chrome on iOS")
    device.locator("summary", has_text="Rename").click()
    device.get_by_label("Name").fill("My phone")
    device.get_by_role("button", name="Save").click()
    expect(desk.page.get_by_role("status")).to_have_text("The device is now called “\u2068My phone\u2069”.")
    expect(desk.page.get_by_role("heading", name="My phone")).to_be_visible()
    assert desk.console == []


def test_the_password_is_asked_and_the_choice_kept(desk, library, phone, make_stale):
    make_stale()
    desk.follow("Sign out of 2 other devices")
    desk.page.get_by_label("Password").fill("babbage-1791")
    desk.press("Sign out")
    desk.shows("Sign out of 2 other devices?")
    field = desk.page.get_by_label("Password")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("This password was not accepted. Try again."))
    field.fill(PASSWORD)
    desk.press("Sign out")
    expect(desk.page.get_by_role("status")).to_have_text("Signed out of 2 other devices.")
    assert still_in(desk=desk, library=library, phone=phone) == {"desk"}
    assert desk.console == []


def test_by_keyboard_alone(desk, library, phone, make_stale):
    make_stale()
    keyboard = desk.page.keyboard

    def go_to(name):
        focused = desk.page.locator(":focus")
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
    status = desk.page.get_by_role("status").get_by_text("The device is now called “\u2068My phone\u2069”.")
    expect(status).to_be_focused()
    go_to("Sign out of 2 other devices")
    keyboard.press("Enter")
    desk.shows("Sign out of 2 other devices?")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(desk.page.get_by_text("Signed out of 2 other devices.")).to_be_focused()
    assert still_in(desk=desk, library=library, phone=phone) == {"desk"}


def test_no_rule_of_the_project_s_takes_the_names_away(desk):
    rules = ".hidden, .invisible, .auth-sessions-unseen { display: none; visibility: hidden }"
    desk.page.wait_for_load_state()  # with its style sheet
    desk.page.evaluate("rules => document.styleSheets[0].insertRule(rules)", rules)
    expect(desk.page.get_by_role("link", name="Sign out · Chrome on iOS")).to_have_count(1)


def test_without_javascript(open_page, library, phone, make_stale):
    desk = open_page(java_script_enabled=False).sign_in().lists(3)
    device = desk.devices.filter(has_text="Chrome on iOS")
    device.locator("summary", has_text="Details").click()
    expect(device.get_by_text("127.0.0.1")).to_be_visible()
    device.locator("summary", has_text="Rename").click()
    device.get_by_label("Name").fill("My phone")
    device.get_by_role("button", name="Save").click()
    desk.follow("Sign out · My phone")
    desk.press("Sign out")
    expect(desk.page.get_by_role("status")).to_have_text("Signed out of “\u2068My phone\u2069”.")
    make_stale()
    desk.follow("Sign out everywhere")
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.press("Sign out")
    desk.shows("You are signed out")
    assert still_in(desk=desk, library=library, phone=phone) == set()


def each_page(desk, make_stale):
    """Leads from page to page, in each of their states."""
    for summary in desk.page.locator("summary").all():
        summary.click()
    yield "list"
    desk.page.goto(desk.devices.nth(1).locator("form").evaluate("each => each.action"))
    yield "rename"
    name, password, button = (desk.page.locator(each) for each in ("#name", "#password", "button.main"))
    name.evaluate("each => each.removeAttribute('maxlength')")
    name.fill("x" * 101)
    button.click()
    expect(name).to_have_attribute("aria-invalid", "true")
    yield "name refused"
    desk.opens().page.locator(".choices a").first.click()
    yield "question"
    make_stale()
    desk.page.reload()
    yield "password"
    password.fill("babbage-1791")
    button.click()
    yield "password refused"
    password.fill(PASSWORD)
    button.click()
    yield "only one, and what was done"
    desk.devices.locator("> a").click()
    yield "this device"
    button.click()
    yield "signed out"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci --prefix tests/integration/clients")
@pytest.mark.parametrize(
    "context",
    [
        {},
        {"color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 640}},
        {"locale": "de", "forced_colors": "active"},
    ],
    ids=["light", "dark", "small", "German, forced colours"],
)
def test_axe_finds_nothing(open_page, library, make_stale, context):
    desk = open_page(**context).sign_in().lists(3)
    for state in each_page(desk, make_stale):
        desk.page.evaluate(AXE.read_text())
        found = desk.page.evaluate(RUN_AXE)
        assert len(found["passes"]) > 10
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == [], state
    assert desk.console == []


def test_nothing_is_inline_and_nothing_breaks_the_policy(desk, library, make_stale, address):  # noqa: F811
    assert desk.page.request.get(desk.page.url).headers["content-security-policy"] == "default-src 'self'"
    for _ in each_page(desk, make_stale):
        assert desk.page.locator("style, [style], script").count() == 0
        names = "[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())"
        assert [name for name in desk.page.evaluate(names) if name.startswith("on")] == []
    assert [url for url in desk.requested if not url.startswith(f"{address}/")] == []
    assert desk.console == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("locale", ["en", "de"])
def test_it_fits_a_small_screen(open_page, library, locale, direction):
    small = open_page(viewport={"width": 320, "height": 640}, locale=locale)
    small.page.get_by_role("button").click()
    small.lists(3)
    assert small.page.locator("html").get_attribute("lang") == locale
    for _ in range(2):
        small.page.evaluate("to => document.querySelectorAll('[dir]').forEach(each => { each.dir = to })", direction)
        assert small.page.evaluate("document.documentElement.scrollWidth") == 320
        small.page.locator(".choices a, .answers a").first.click()


def test_right_to_left_is_a_mirror(desk):
    def starts():
        parts = [desk.devices.first.locator(part) for part in (".icon", "h2", "> .button")]
        return [part.bounding_box()["x"] for part in parts]

    assert starts() == sorted(starts())
    desk.page.evaluate("document.querySelectorAll('[dir]').forEach(each => { each.dir = 'rtl' })")
    assert starts() == sorted(starts(), reverse=True)


def test_the_ways_to_the_page(desk, address):  # noqa: F811
    desk.page.goto(f"{address}/browser/")
    desk.follow("Your devices")
    desk.lists(3)
