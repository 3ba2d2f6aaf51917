"""The history in the browser: below the list of devices, and on a page of its own."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions import api
from auth_sessions.activity import receivers
from auth_sessions.activity.models import Activity
from auth_sessions.db.uuid7 import uuid7
from auth_sessions.models import Session
from tests.support.admin import session_of
from tests.support.device import IPHONE, MACBOOK, Device
from tests.support.inputs import each
from tests.support.pages import LIST, text

PAGE = "/account/activity/"

pytestmark = pytest.mark.skipif(
    "auth_sessions.middleware.BrowserSessionMiddleware" not in settings.MIDDLEWARE, reason="the pages need it"
)


@pytest.fixture
def make(ada):
    def make(count=1, **fields):
        rows = [
            Activity(**{"id": uuid7(), "user": ada, "kind": "signed_in", "has_full_address": False, **fields})
            for _ in range(count)
        ]
        Activity.objects.bulk_create(rows)
        return rows

    return make


def test_the_list_of_devices_shows_the_latest(ada, office_browser):
    phone = Device(IPHONE).sign_in(ada)
    api.change_password(ada, "changed", keep=session_of(office_browser))
    office_browser.client.force_login(ada)
    Activity.objects.filter(kind="signed_out").update(created_at=timezone.now() - timedelta(days=1))
    shown = text(office_browser.page(LIST))
    assert "Recent activity" in shown
    assert re.search(r"Signed out on Chrome on iOS, by a password change Yesterday at \d+", shown)
    assert re.search(r"Password changed on Firefox on macOS Today at \d+", shown)
    assert not phone.is_signed_in()


def test_without_the_history_the_list_knows_nothing_of_it(office_browser):
    receivers.disconnect()
    assert "Recent activity" not in text(office_browser.page(LIST))


def test_without_events_there_is_no_heading(office_browser):
    Activity.objects.all().delete()
    assert "Recent activity" not in text(office_browser.page(LIST))
    assert "Nothing has happened yet." in text(office_browser.page(PAGE))


def test_a_long_history_has_a_link(office_browser, make):
    make(10)
    shown = office_browser.page(LIST).content.decode()
    assert shown.count('class="auth-sessions-event"') == 5
    assert f'href="{PAGE}"' in shown


def test_the_page_goes_back_in_time(office_browser, make, bob):
    Activity.objects.all().delete()
    rows = make(120)
    make(user=bob, name="Not hers")
    url, seen = PAGE, 0
    for count in (50, 50, 20):
        shown = office_browser.page(url).content.decode()
        assert shown.count('class="auth-sessions-event"') == count
        assert "Not hers" not in shown
        seen += count
        earlier = re.search(r'href="(\?before=[^"]+)"', shown)
        url = PAGE + earlier[1] if earlier else None
    assert url is None
    assert seen == len(rows)


def test_the_cost_does_not_grow(office_browser, make):
    counts = set()
    for _ in range(2):
        make(40, ip_address="203.0.113.9")
        for url in (LIST, PAGE):
            with CaptureQueriesContext(connection) as statements:
                office_browser.page(url)
            counts.add((url, len(statements)))
    assert len(counts) == 2


@each("before", ["x", "1", "", "00000000-0000-0000-0000-00000000000", "%00"])
def test_bad_input(office_browser, before):
    assert office_browser.page(f"{PAGE}?before={before}").status_code == 404


def test_nobody_else_sees_it(client):
    assert client.get(PAGE).status_code == 302


SENTENCES = {
    ("signed_in", ""): "Signed in on Firefox on macOS",
    ("new_device", ""): "First sign-in on Firefox on macOS",
    ("password_changed", ""): "Password changed on Firefox on macOS",
    ("refresh_token_reused", ""): "The sign-in on Firefox on macOS was copied, and used on Chrome on iOS",
    ("session_moved", ""): "The sign-in on Firefox on macOS was used on Chrome on iOS",
    ("session_limit_reached", ""): "Sign-in refused on Firefox on macOS: too many devices",
    ("signed_out", "signed_out"): "Signed out on Firefox on macOS",
    ("signed_out", "revoked"): "Signed out on Firefox on macOS, by the staff",
    ("signed_out", "deleted"): "Signed out on Firefox on macOS, by this site",
    ("signed_out", "user_inactive"): "Signed out on Firefox on macOS, because the account was deactivated",
    ("signed_out", "refresh_token_reused"): "Signed out on Firefox on macOS, because its sign-in was copied",
    ("signed_out", "limit"): "Signed out on Firefox on macOS, because you were signed in on too many devices",
    ("signed_out", "expired"): "Signed out on Firefox on macOS, because you signed in a long time ago",
    ("signed_out", "idle"): "Signed out on Firefox on macOS, because it was not used for a long time",
    ("signed_out", "a reason of the project's"): "Signed out on Firefox on macOS, by this site",
}


def test_every_event_has_a_sentence(office_browser, make):
    for kind, reason in SENTENCES:
        make(kind=kind, reason=reason, user_agent=MACBOOK, presented_user_agent=IPHONE)
    shown = text(office_browser.page(PAGE))
    for sentence in SENTENCES.values():
        assert sentence in shown
    assert not re.search(r"session|token|revoke|%\(", shown, re.IGNORECASE)


def test_who_did_it(ada, grace, office_browser, make):
    make(kind="signed_in", actor=grace, user_agent=IPHONE)
    for scope in ("global", "others", "local"):
        make(kind="signed_out", reason="signed_out", scope=scope, actor=ada, user_agent=IPHONE)
    shown = text(office_browser.page(PAGE))
    assert "The staff signed in in your name on Chrome on iOS" in shown
    assert "Signed out on Chrome on iOS, with every other device" in shown
    assert "Signed out on Chrome on iOS, from another device" in shown
    assert "grace" not in shown


def test_what_a_person_calls_a_device_is_text(office_browser, make):
    make(name="<b>50%</b> %(device)s")
    shown = office_browser.page(PAGE).content.decode()
    assert "&lt;b&gt;50%&lt;/b&gt; %(device)s" in shown


def test_another_language(office_browser, make):
    make(user_agent=IPHONE)
    with_arabic = office_browser.client.get(PAGE, HTTP_ACCEPT_LANGUAGE="ar").content.decode()
    assert Session.objects.count() == 1
    assert 'class="auth-sessions-event"' in with_arabic
