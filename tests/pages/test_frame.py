"""The page inside a site's own: nothing in it depends on the site's names, sizes or theme."""

import re
from pathlib import Path

import pytest

import auth_sessions
from tests.support.pages import LIST, all_pages, make_sign_in_old

pytestmark = pytest.mark.any_database

PACKAGE = Path(auth_sessions.__file__).parent
STYLES = re.sub(r"/\*.*?\*/", "", (PACKAGE / "static/auth_sessions/pages.css").read_text(), flags=re.DOTALL)
PREFIX = "auth-sessions"


def names(content, attribute):
    return {name for value in re.findall(rf'\b{attribute}="([^"]*)"', content) for name in value.split()}


@pytest.fixture
def pages(office_browser, iphone):
    """Each page, with and without something to say."""
    make_sign_in_old(office_browser)
    shown = [office_browser.page(path).content.decode() for path in all_pages(office_browser, iphone)]
    name = f"/account/devices/{iphone.session_id}/name/"
    office_browser.submit(name, {"name": "Phone"})
    shown += [office_browser.submit(name, {"name": "x" * 101}).content.decode()]
    shown += [office_browser.page(LIST).content.decode()]
    return [page.partition("<main>")[2].partition("</main>")[0] or page for page in shown]


def test_every_class_and_id_is_the_apps_own(pages):
    for page in pages:
        for attribute in ("class", "id"):
            assert [each for each in names(page, attribute) if not each.startswith(PREFIX)] == []
        assert all(each.startswith(PREFIX) for each in names(page, "for") | names(page, "aria-describedby"))


def test_every_rule_is_for_the_apps_own_classes_and_properties():
    assert {each for each in re.findall(r"\.([a-z][\w-]*)", STYLES) if not each.startswith(PREFIX)} == set()
    assert {each for each in re.findall(r"--[\w-]+", STYLES) if not each.startswith(f"--{PREFIX}-")} == set()
    for selectors in re.findall(r"([^{}]*)\{", re.sub(r"@media[^{]*\{", "", STYLES)):
        for selector in re.split(r",(?![^(]*\))", selectors):
            assert f".{PREFIX}" in selector or selector.strip() == ":root", selector


def test_no_size_depends_on_the_root():
    assert re.findall(r"[\d.]+(?:rem|rlh|rex|rch|vw|vh)\b", STYLES) == []


def test_each_class_that_is_styled_is_used(pages):
    used = set().union(*(names(page, "class") for page in pages))
    styled = set(re.findall(r"\.([a-z][\w-]*)", STYLES))
    history = (PACKAGE / "activity" / "templates").rglob("*.html")
    used |= {name for path in history for name in re.findall(r"[\w-]+", path.read_text())}
    assert styled - used <= {"auth-sessions-page", "auth-sessions-danger"}
