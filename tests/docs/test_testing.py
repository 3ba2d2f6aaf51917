"""The tests of docs/testing.md are collected here, and its reference has each name."""

import pytest
from django.conf import settings

from auth_sessions import pytest_plugin, testing
from tests.support.documents import DOCS, blocks_of, first_column, page_named, section
from tests.support.host import has_browsers

pytestmark = [
    has_browsers,
    pytest.mark.skipif(settings.AUTH_USER_MODEL != "auth.User", reason="the page is for Django's own user"),
]

for block in blocks_of(DOCS / "testing.md"):
    if block.language == "python":
        exec(compile(block.code, str(block), "exec"))

NAMES = page_named("reference/testing")


def rows_of(heading):
    """The names in the first cells of a table."""
    cells = [line.split("|")[1] for line in section(NAMES, heading).splitlines() if line.startswith("| `")]
    return {name.strip(" `") for cell in cells for name in cell.split(",")}


def test_each_name():
    assert rows_of("## Names") == set(testing.__all__)


def test_each_method():
    devices = (testing.Device(), testing.Browser())
    public = {name for device in devices for name in dir(device) if not name.startswith("_")}
    assert rows_of("## Device and Browser") == public


def test_each_fixture():
    fixtures = {name for name in vars(pytest_plugin) if name.startswith("auth_")}
    assert set(first_column(section(NAMES, "## Fixtures"))) == fixtures
