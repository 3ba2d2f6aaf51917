"""The page in a site's frame, in Chromium: Bootstrap 3, Bootstrap 5 and Tailwind, light and dark, looked at by axe.

``AUTH_SESSIONS_SCREENSHOTS`` names a folder that keeps a picture of each.
"""

import os
from pathlib import Path

import pytest

from tests.support.chromium import BrowserPage, TokenClient
from tests.support.pages import PROOF
from tests.support.paths import ROOT

DEMO_SETTINGS = "tests.integration.strict_settings"
MODULES = ROOT / "tests" / "integration" / "clients" / "node_modules"
AXE = MODULES / "axe-core" / "axe.min.js"
BOOTSTRAP_3 = MODULES / "bootstrap3" / "dist" / "css" / "bootstrap.css"
BOOTSTRAP_5 = MODULES / "bootstrap" / "dist" / "css" / "bootstrap.css"
TAILWIND = MODULES / "@tailwindcss" / "browser" / "dist" / "index.global.js"
OWN = ROOT / "auth_sessions" / "static" / "auth_sessions" / "pages.css"
RUN_AXE = "axe.run({ rules: { 'target-size': { enabled: true } } })"

pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in (AXE, BOOTSTRAP_3, BOOTSTRAP_5, TAILWIND)),
    reason="axe and the sites' styles are not installed: npm ci --prefix tests/integration/clients",
)

DARK_BOOTSTRAP_3 = "body.dark { background: #222; color: #eee } .dark a { color: #9cf }"
TAILWIND_DARK = "@custom-variant dark (&:where(.dark, .dark *));"
BOOTSTRAP_3_BODY = (
    '<header class="page-header container"><a href="#">Site</a></header><main class="container">{}</main>'
)
BOOTSTRAP_5_BODY = (
    '<header class="navbar bg-body-tertiary mb-3"><div class="container"><a class="navbar-brand" href="#">Site</a>'
    '</div></header><main class="container">{}</main>'
)
TAILWIND_BODY = (
    '<header class="p-4 border-b text-lg font-bold"><a href="#">Site</a></header><main class="p-4">{}</main>'
)

FRAMES = {
    # the site, what it says of itself on <html>, its body's class, its body, and whether the block is dark
    "bootstrap-3": (BOOTSTRAP_3, "", "", BOOTSTRAP_3_BODY, False),
    "bootstrap-3-dark": (BOOTSTRAP_3, 'data-auth-sessions-theme="dark"', "dark", BOOTSTRAP_3_BODY, True),
    "bootstrap-5": (BOOTSTRAP_5, 'data-bs-theme="light"', "", BOOTSTRAP_5_BODY, False),
    "bootstrap-5-dark": (BOOTSTRAP_5, 'data-bs-theme="dark"', "", BOOTSTRAP_5_BODY, True),
    "tailwind": (TAILWIND, "", "bg-white text-gray-900", TAILWIND_BODY, False),
    "tailwind-dark": (TAILWIND, 'class="dark scheme-dark"', "dark:bg-gray-900 dark:text-gray-100", TAILWIND_BODY, True),
    "tailwind-dark-pinned": (
        TAILWIND,
        'class="dark" data-auth-sessions-theme="dark"',
        "dark:bg-gray-900 dark:text-gray-100",
        TAILWIND_BODY,
        True,
    ),
    "tailwind-pinned-light": (TAILWIND, 'data-auth-sessions-theme="light"', "bg-white", TAILWIND_BODY, False),
}

LUMINANCE = """
const [red, green, blue] = getComputedStyle(document.querySelector('.auth-sessions')).backgroundColor
    .match(/[\\d.]+/g).map(Number);
red + green + blue
"""


def framed(frame, block, *, own_styles_first):
    site, root, body_class, body, _ = FRAMES[frame]
    if site.suffix == ".js":
        theme = f'<style type="text/tailwindcss">@import "tailwindcss"; {TAILWIND_DARK}</style>'
        theirs = f"<script>{site.read_text()}</script>{theme}"
    else:
        theirs = f"<style>{site.read_text()}{DARK_BOOTSTRAP_3}</style>"
    styles = [theirs, f"<style>{OWN.read_text()}</style>"]
    return (
        f'<!doctype html><html lang="en" {root}><head><meta charset="utf-8"><title>Devices</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{''.join(reversed(styles) if own_styles_first else styles)}</head>"
        f'<body class="{body_class}">{body.format(block)}</body></html>'
    )


@pytest.fixture(scope="module")
def blocks(demo_server, chromium):
    """The part of each page that a site frames, as the server sends it: it is the same for all browsers."""
    address = f"http://127.0.0.1:{demo_server[0]}"
    TokenClient(address)
    browser = BrowserPage(chromium, f"{address}/account/devices/").sign_in()
    page = browser.page
    page.locator(".auth-sessions-device").first.wait_for()

    def block():
        return page.locator(".auth-sessions").evaluate("each => each.outerHTML")

    for summary in page.locator("summary").all():
        summary.click()
    found = {"list": block()}
    page.goto(page.locator(".auth-sessions-device form").nth(1).evaluate("each => each.action"))
    page.locator("#auth-sessions-name").evaluate("each => each.removeAttribute('maxlength')")
    page.locator("#auth-sessions-name").fill("x" * 101)
    page.locator("button.auth-sessions-main").click()
    page.locator("[aria-invalid]").wait_for()
    found["name"] = block()
    page.goto(f"{address}/account/devices/others/sign-out/")
    found["question"] = block()
    page.goto(f"{address}{PROOF}")
    page.locator("input[name=password]").wait_for()
    found["proof"] = block()
    browser.context.close()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("frame", FRAMES)
def test_it_fits_the_frame_whatever_the_system_s_theme(chromium, blocks, frame, scheme):
    """Axe finds nothing, the text has the size of the browser's, and the block is as light or dark as its site."""
    pictures = os.environ.get("AUTH_SESSIONS_SCREENSHOTS")
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 900, "height": 900})
    page = context.new_page()
    for state, block in blocks.items():
        for own_styles_first in (False, True):
            page.set_content(framed(frame, block, own_styles_first=own_styles_first))
            page.wait_for_timeout(300 if FRAMES[frame][0] is TAILWIND else 0)
            where = (frame, state, own_styles_first)
            if pictures:
                page.screenshot(path=Path(pictures) / f"{frame}-{scheme}-{state}-{own_styles_first}.png")
            sizes = "[...document.querySelectorAll('.auth-sessions *')].map(each => getComputedStyle(each).fontSize)"
            assert min(float(size.removesuffix("px")) for size in page.evaluate(sizes)) > 12.5, where
            assert page.evaluate("getComputedStyle(document.querySelector('.auth-sessions')).fontSize") == "16px"
            assert (page.evaluate(LUMINANCE) < 384) == FRAMES[frame][-1], where
            page.evaluate(AXE.read_text())
            violations = page.evaluate(RUN_AXE)["violations"]
            assert [
                (rule["id"], node["html"], node["failureSummary"]) for rule in violations for node in rule["nodes"]
            ] == [], where
    context.close()


@pytest.mark.parametrize("rule", ["[type='text'] { display: block }", "form input { display: inline-block }"])
def test_a_site_that_shows_every_field(chromium, blocks, rule):
    """As Foundation does: the field with the user name, for password managers, stays hidden."""
    page = chromium.new_context().new_page()
    for styles in (f"{OWN.read_text()}{rule}", f"{rule}{OWN.read_text()}"):
        page.set_content(f"<!doctype html><style>{styles}</style>{blocks['proof']}")
        assert page.locator("input[name=password]").is_visible()
        assert not page.locator("input[name=username]").is_visible()
    page.context.close()
