"""From an app to its website in Chromium: the page that asks, by keyboard, without JavaScript, looked at by axe."""

import pytest

from tests.support.catalogues import CODES
from tests.support.chromium import BrowserPage, TokenClient, expect
from tests.support.paths import ROOT

DEMO_SETTINGS = "tests.integration.strict_settings"
AXE = ROOT / "tests" / "integration" / "clients" / "node_modules" / "axe-core" / "axe.min.js"


class Website(BrowserPage):
    """The browser of the phone, which the app opens."""

    def opens(self, url):
        self.page.goto(url)
        return self

    def is_signed_in(self):
        self.page.goto(self.page.url.partition("/account")[0] + "/account/devices/")
        return "/accounts/login/" not in self.page.url

    @property
    def devices(self):
        return self.page.locator(".auth-sessions-device")


PAGE = (Website, "/accounts/login/")


class App(TokenClient):
    def asks(self, **body):
        status, answer = self.call("auth/hand-over/", body, Authorization=f"Bearer {self.access}")
        assert status == 201, answer
        return answer["url"]


@pytest.fixture
def app(address):
    return App(address)


@pytest.mark.parametrize("context", [{}, {"java_script_enabled": False}], ids=["", "without JavaScript"])
def test_there_and_out(open_page, app, context):
    """With the ``Origin`` and the ``Referer`` that a browser sends."""
    website = open_page(**context)
    sent = []

    def note(request):
        sent.append((request.url, request.headers.get("referer", "")))

    website.page.on("request", note)
    url = app.asks(next="/account/devices/")
    code = url.partition("=")[2]
    website.opens(url).shows("Continue as ada?")
    assert website.page.url.endswith("/account/hand-over/")
    website.press("Continue")
    website.lists(2)
    assert website.page.url.endswith("/account/devices/")
    assert [address for address, _ in sent if code in address] == [url]
    assert not any(code in referer for _, referer in sent)
    website.opens(url).shows("This link has expired")
    app.sign_out("local")
    assert not website.is_signed_in()
    assert [text for text in website.console if "410" not in text] == []


def test_by_keyboard(open_page, app):
    website = open_page().opens(app.asks())
    website.page.keyboard.press("Tab")
    expect(website.page.get_by_role("button", name="Continue")).to_be_focused()
    website.page.keyboard.press("Enter")
    website.page.wait_for_url("**/browser/")


def test_twice_pressed(open_page, app):
    """A double click sends the form once."""
    website = open_page().opens(app.asks(next="/account/devices/"))
    website.page.get_by_role("button", name="Continue").dblclick()
    website.page.wait_for_load_state("networkidle")
    assert website.is_signed_in()


def test_back_and_forward(open_page, app):
    website = open_page().opens(app.asks(next="/account/devices/"))
    website.press("Continue")
    website.lists(2)
    website.page.go_back()
    website.shows("This link has expired")
    website.page.go_forward()
    website.lists(2)


def test_somebody_else_is_there(open_page, app):
    website = open_page()
    website.sign_in("grace", "hopper-1906")
    website.page.wait_for_url("**/browser/")
    website.opens(app.asks(next="/account/devices/")).shows("Continue as ada?")
    expect(website.page.locator("form")).to_contain_text("You are signed in here as grace, and will be signed out.")
    website.press("Continue")
    website.lists(2)


@pytest.mark.skipif(not AXE.exists(), reason="needs npm ci in tests/integration/clients")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe(open_page, app, scheme):
    website = open_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    for language in ("en", CODES[0]):
        website.context.set_extra_http_headers({"Accept-Language": language})
        for url in (app.asks(), app.asks()[:-1]):
            website.opens(url)
            website.page.evaluate(AXE.read_text())
            found = website.page.evaluate("axe.run({ rules: { 'target-size': { enabled: true } } })")
            assert len(found["passes"]) > 10
            assert [each["id"] for each in found["violations"]] == []
            assert website.page.evaluate("document.documentElement.scrollWidth") <= 320
