"""``@supabase/ssr`` against a live server: pages that a server renders, each with a client of its own.

Some can write the cookies they were sent (a middleware, a route handler), others cannot (a server component of
Next.js): these present the same refresh token for as long as nobody else refreshes.
"""

import time
from datetime import timedelta

import pytest

from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import access_token_issuing
from tests.integration.clients.drivers import HERE
from tests.support.device import PASSWORD
from tests.support.supabase import needs_email
from tests.support.supabase_clients import ADA

pytestmark = [needs_email, pytest.mark.integration, pytest.mark.slow]

PAGES = 100

SIGN_IN = ["signInWithPassword", {"email": ADA, "password": PASSWORD}]
READ = [["getUser"]]


class Browser:
    """Keeps the cookies that the pages write."""

    def __init__(self, node, url):
        self.node, self.url, self.cookies, self.asked = node, url, {}, []

    def page(self, *calls, writes=True, encode="user-and-tokens"):
        answer = self.node.ask(
            "page", url=self.url, cookies=self.cookies, writes=writes, encode=encode, calls=list(calls or READ)
        )
        self.cookies = answer["cookies"]
        self.asked += answer["asked"]
        for each in answer["answers"]:
            assert each["error"] is None, each
        return answer

    @property
    def header_bytes(self):
        """The length of the request's ``Cookie`` header."""
        return len("; ".join(f"{name}={value}" for name, value in self.cookies.items()))


SOON_EXPIRED = {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=60)}
"""An access token that auth-js refreshes before each use: less than 90 seconds are left."""


@pytest.fixture
def browser(node, live_server, ada, settings):
    """One whose access token has to be refreshed when the first page comes."""
    if not (HERE / "node_modules" / "@supabase" / "ssr").exists():
        pytest.skip("@supabase/ssr is not installed: npm ci --prefix tests/integration/clients")
    settings.SIMPLE_JWT = SOON_EXPIRED
    browser = Browser(node, live_server.url)
    assert browser.page(SIGN_IN)["me"] == 200
    assert browser.cookies
    return browser


def refreshes(browser):
    return browser.asked.count("POST /token?grant_type=refresh_token")


def test_pages_that_cannot_write_their_cookies(browser, settings):
    """Each refreshes with the same token, and uses the access token at once, which is within the interval."""
    settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(minutes=5)}
    settings.AUTH_SESSIONS_REUSE_INTERVAL = timedelta(seconds=2)
    until = time.monotonic() + 3 * 2
    before, generation = dict(browser.cookies), RefreshToken.objects.get().generation
    browser.asked, pages = [], 0
    while pages < PAGES or time.monotonic() < until:
        pages += 1
        answer = browser.page(writes=False)
        assert answer["answers"][0]["data"]["user"]["email"] == ADA
        assert answer["me"] == 200
    assert refreshes(browser) == pages
    assert browser.cookies == before
    assert RefreshToken.objects.get().generation == generation + 1  # all have got the same child
    assert browser.page()["me"] == 200  # one that can
    assert browser.cookies != before
    assert browser.page()["me"] == 200


def test_pages_that_can(browser, settings):
    settings.AUTH_SESSIONS_REUSE_INTERVAL = timedelta(seconds=0.05)
    for _ in range(PAGES):
        before = dict(browser.cookies)
        answer = browser.page()
        assert answer["answers"][0]["data"]["user"]["email"] == ADA
        assert answer["me"] == 200
        assert browser.cookies != before
    assert RefreshToken.objects.get().generation > 10  # those within the interval are held
    browser.page(["signOut", {"scope": "global"}])
    assert browser.cookies == {}
    assert not Session.objects.exists()


def test_both_kinds_on_one_page(browser):
    """A middleware that writes, and below it a component that has read the cookies of the request and cannot."""
    for _ in range(PAGES // 4):
        stale = Browser(browser.node, browser.url)
        stale.cookies = dict(browser.cookies)
        assert browser.page()["me"] == 200
        assert stale.page(writes=False)["me"] == 200
    assert Session.objects.count() == 1


HEADER_LIMIT = 8190
"""Of one header line: the default of nginx, Apache and gunicorn, less a few bytes for its name."""


@pytest.fixture
def sizes(node, live_server, ada):
    """The length of the Cookie header, by the bytes of metadata."""

    def measure(encode, *bytes_of_metadata):
        browser, found = Browser(node, live_server.url), []
        browser.page(SIGN_IN, encode=encode)
        for count in bytes_of_metadata:
            data = {"notes": "x" * (count - len('{"notes":""}'))}
            browser.page(["updateUser", {"data": data}], ["refreshSession"], encode=encode)
            found.append(browser.header_bytes)
        return found

    return measure


@pytest.mark.parametrize(
    ("encode", "fits", "too_much"),
    [("user-and-tokens", 1500, 2000), ("tokens-only", 3000, 4096)],
)
def test_how_much_metadata_fits_into_a_header(sizes, encode, fits, too_much):
    """What docs/supabase.md says."""
    small, large = sizes(encode, fits, too_much)
    assert small < HEADER_LIMIT < large


def test_metadata_that_no_token_contains(sizes):
    def leave_out(token, **kwargs):
        token["user_metadata"] = {}

    access_token_issuing.connect(leave_out)
    try:
        nothing, everything = sizes("tokens-only", 12, 4096)
    finally:
        access_token_issuing.disconnect(leave_out)
    assert everything == nothing < HEADER_LIMIT / 2
