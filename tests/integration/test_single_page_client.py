"""The client of docs/cookies.md in Chromium: its own code, on a page of the example's origin."""

import re

from tests.support.chromium import Page
from tests.support.paths import ROOT

DEMO_SETTINGS = "tests.integration.single_page_settings"
PAGE = (Page, "/demo/")

(CLIENT,) = re.findall(r"```js\n(.*?)```", (ROOT / "docs" / "cookies.md").read_text(), re.DOTALL)
BEFORE_SIGN_OUT = CLIENT[: CLIENT.index('await call("POST", "sign-out/"')]


def run(page, script, result):
    """The value of ``result`` after the script, by which ada signs in."""
    function = f"async ([username, password]) => {{ {script}; return {result}; }}"
    return page.page.evaluate(function, ["ada", "lovelace-1815"])


def cookies(page):
    return {cookie["name"]: cookie for cookie in page.context.cookies()}


def test_it_signs_in_and_lists_the_devices(open_page):
    page = open_page()
    devices = run(page, BEFORE_SIGN_OUT, "devices")
    assert [(row["kind"], row["is_current"]) for row in devices] == [("browser", True)]
    assert cookies(page)["sessionid"]["httpOnly"]


def test_it_signs_out_and_the_browser_forgets(open_page):
    page = open_page()
    page.page.evaluate("localStorage.setItem('draft', 'x')")
    assert run(page, CLIENT, '(await call("GET", "sessions/")).status') == 401
    assert "sessionid" not in cookies(page)
    assert page.page.evaluate("localStorage.length") == 0, "Clear-Site-Data is understood"
