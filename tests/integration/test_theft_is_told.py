"""A token is copied, and its owner learns it: by a real mail server, and in Chromium."""

import re
import sqlite3
import time

import pytest

from tests.support.activity_emails import ISOLATES, MOVED, NEW, REUSED, UBUNTU
from tests.support.chromium import BrowserPage, TokenClient, expect
from tests.support.device import still_signed_in
from tests.support.paths import ROOT
from tests.support.smtp import serving

DEMO_SETTINGS = "tests.integration.email_settings"
AXE = ROOT / "tests" / "integration" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = "axe.run({ rules: { 'target-size': { enabled: true } } })"
PASSWORD, NEW_PASSWORD = "lovelace-1815", "engine-1843-analytical"


class DevicesPage(BrowserPage):
    def is_signed_in(self):
        self.page.goto(re.sub("/accounts?/.*", "/account/devices/", self.page.url))
        return "/accounts/login/" not in self.page.url

    def follow(self, name):
        self.page.get_by_role("link", name=name, exact=True).click()

    def is_accessible(self):
        if AXE.exists():
            self.page.evaluate(AXE.read_text())
            found = self.page.evaluate(RUN_AXE)
            assert len(found["passes"]) > 10
            assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
        return True

    def fits(self):
        size = self.page.viewport_size["width"]
        return self.page.evaluate("document.documentElement.scrollWidth") <= size


PAGE = (DevicesPage, "/account/devices/")


@pytest.fixture(scope="module", autouse=True)
def mail_server():
    with serving() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH_SESSIONS_TEST_SMTP_PORT", str(server.port))
        yield server


@pytest.fixture
def inbox(mail_server, demo):
    """What was sent in this test with a subject, when so much has arrived. Afterwards Ada has her password again."""
    _query(demo, "DELETE FROM auth_sessions_activity_activity")
    (hashed,) = _query(demo, "SELECT password FROM auth_user WHERE username = 'ada'")[0]
    mail_server.mails.clear()

    def inbox(subject, number=1):
        for _ in range(100):
            found = [each.content for each in list(mail_server.mails) if each.content["Subject"] == subject]
            if len(found) >= number:
                break
            time.sleep(0.1)
        time.sleep(0.5)  # for one too many
        return [each.content for each in mail_server.mails if each.content["Subject"] == subject]

    yield inbox
    _query(demo, "UPDATE auth_user SET password = ? WHERE username = 'ada'", hashed)


def _query(demo, statement, *parameters):
    with sqlite3.connect(demo[1].parent / "example.sqlite3", timeout=20) as rows:
        found = rows.execute(statement, parameters).fetchall()
    rows.close()
    return found


class Thief(TokenClient):
    """Has a copy of what a device stores, and is another device."""

    def __init__(self, device):
        self.address, self.access, self.refresh = device.address, device.access, device.refresh

    def call(self, path, body=None, **headers):
        return super().call(path, body, **{"User-Agent": UBUNTU, **headers})


def text_of(message):
    return message.get_body(["plain"]).get_content().translate(ISOLATES)


def html_of(message):
    return message.get_body(["html"]).get_content()


def test_the_story(address, demo, inbox, open_page):
    phone, tablet = TokenClient(address), TokenClient(address)
    office, library = open_page().sign_in(), open_page(user_agent=UBUNTU.replace("Firefox", "Librewolf")).sign_in()
    thief = Thief(phone)
    assert thief.is_signed_in()
    time.sleep(2.5)  # the interval of reuse, and the whole second that a token was issued in
    assert thief.is_signed_in()
    status, answer = phone.call("auth/token/refresh/", {"refresh": phone.refresh})
    assert (status, answer["code"]) == (401, "refresh_token_already_used")
    assert not thief.is_signed_in()
    assert phone.call("auth/token/refresh/", {"refresh": phone.refresh})[0] == 401

    (message,) = inbox(REUSED)
    assert message["To"] == "ada@example.org"
    assert len(inbox(MOVED)) == 1
    said = text_of(message)
    assert "Your sign-in on “Chrome on iOS” was used by two devices." in said
    assert "Both devices were signed out." in said
    (link,) = re.findall(r"http\S+", said)
    assert re.fullmatch(rf"{address}/account/activity/[0-9a-f-]{{36}}/", link)
    assert f'href="{link}"' in html_of(message)

    # A machine that opens every link of a message changes nothing.
    assert office.page.request.get(link).ok
    assert office.page.request.get(f"{link}report/").ok
    assert still_signed_in(tablet=tablet, office=office, library=library) == {"tablet", "office", "library"}

    office.page.goto(link)
    office.shows(REUSED)
    expect(office.page.get_by_text("Both devices were signed out.")).to_be_visible()
    assert office.is_accessible()
    office.follow("This wasn’t me")
    office.shows("Was this not you?")
    _query(demo, "UPDATE auth_sessions_session SET authenticated_at = '2020-01-01 00:00:00'")
    office.page.reload()
    assert office.is_accessible()
    office.page.get_by_label("Password").fill(PASSWORD)
    office.press("This wasn’t me")
    office.shows("Choose a new password")
    assert office.is_accessible()
    assert office.page.url == f"{address}/account/activity/reported/"
    assert office.console == []
    office.follow("Choose a new password")
    office.page.get_by_label("Old password").fill(PASSWORD)
    office.page.get_by_label("New password:", exact=True).fill(NEW_PASSWORD)
    office.page.get_by_label("New password confirmation").fill(NEW_PASSWORD)
    office.page.locator("[type=submit]").last.click()
    office.shows("Password change successful")
    assert still_signed_in(phone=phone, thief=thief, tablet=tablet, library=library, office=office) == {"office"}
    assert len(inbox(REUSED)) == 1


def test_whoever_is_signed_out_signs_in_first_and_comes_back(address, inbox, open_page):
    TokenClient(address)
    library = open_page(user_agent=UBUNTU).sign_in()
    (message,) = inbox(NEW)
    (link,) = re.findall(r"http\S+", text_of(message))
    phone = open_page()
    phone.page.goto(link)
    phone.sign_in()
    phone.shows(NEW)
    assert phone.page.url == link
    phone.follow("This wasn’t me")
    phone.press("This wasn’t me")
    phone.shows("Choose a new password")
    assert still_signed_in(library=library, phone=phone) == {"phone"}


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
def test_axe_finds_nothing_and_it_fits(address, inbox, open_page, context):
    TokenClient(address)
    open_page(user_agent=UBUNTU).sign_in()
    (message,) = inbox(NEW)
    (link,) = re.findall(r"http\S+", text_of(message))
    office = open_page(**context).sign_in()
    for path in ("", "report/", "../", "../reported/"):
        office.page.goto(f"{link}{path}")
        assert office.is_accessible()
        assert office.fits(), path
    assert office.console == []
    office.page.goto("about:blank")  # whose policy allows the styles of an e-mail
    office.page.set_content(html_of(message))
    assert office.is_accessible()
    assert office.fits()
    assert [each for each in office.requested if not each.startswith((address, "about:"))] == []
