"""The list: what it shows of each device, and what it costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from auth_sessions.pages import formatting
from tests.support.browser import Browser
from tests.support.device import IPHONE, Device
from tests.support.pages import (
    EVERYWHERE,
    LIST,
    OTHERS,
    SIGNED_OUT,
    headings,
    message_after,
    name_path,
    sign_out_path,
    text,
)
from tests.support.statements import statements


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("devices", LIST),
        ("sign-out-others", OTHERS),
        ("sign-out-everywhere", EVERYWHERE),
        ("signed-out", SIGNED_OUT),
        ("signed-out-everywhere", f"{SIGNED_OUT}everywhere/"),
    ],
)
def test_url_names(name, path):
    assert reverse(f"auth_sessions_pages:{name}") == path


class TestList:
    def test_current_first_then_last_used(self, ada, clock):
        first = Browser().sign_in(ada)
        for minutes, agent in ((60, IPHONE), (30, "okhttp/4.9"), (10, "")):
            clock.shift(timedelta(minutes=minutes))
            Device(agent).sign_in(ada)
        assert headings(first.page(LIST)) == [
            "Firefox on macOS This device",
            "Unknown device",
            "App",
            "Chrome on iOS",
        ]

    def test_what_is_shown_of_each(self, clock, office_browser, iphone):
        clock.shift(timedelta(hours=2, minutes=59))
        page = text(office_browser.page(LIST))
        assert "You are signed in as" in page
        assert "on 2 devices" in page
        here, there = page.split("Firefox on macOS")[1], page.split("Chrome on iOS")[1]
        assert "This device Active now Browser · Signed in Nov. 24, 2026" in here
        assert "Last used 2 hours ago App · Signed in Nov. 24, 2026, noon · Password" in there
        assert "Details · Chrome on iOS Address when signed in 127.0.0.1" in page

    def test_this_device_is_in_use_whatever_its_row_says(self, clock, office_browser, settings):
        settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(hours=9)
        clock.shift(timedelta(hours=3))
        assert "This device Active now" in text(office_browser.page(LIST))

    def test_a_login_older_than_the_installation(self, clock, ada):
        old = Browser()
        old.client.force_login(ada)
        Session.objects.all().delete()
        assert "Browser · Signed in before Nov. 24, 2026, noon" in text(old.page(LIST))

    def test_times_can_be_read_by_programs(self, clock, office_browser):
        assert (
            '<time datetime="2026-11-24T12:00:00+00:00">Active now</time>' in office_browser.page(LIST).content.decode()
        )

    def test_a_name_of_ones_own_goes_before_the_label(self, ada, office_browser):
        Device(IPHONE).sign_in(ada, device_name="<b>Mine</b>")
        assert headings(office_browser.page(LIST))[1] == "<b>Mine</b>"
        assert "Chrome on iOS" in text(office_browser.page(LIST))

    def test_an_unknown_device_is_not_shown_raw(self, ada, office_browser):
        Device("Sneaky/1.0 <script>").sign_in(ada)
        assert headings(office_browser.page(LIST))[1] == "Unknown device"
        assert "Sneaky" not in office_browser.page(LIST).content.decode()

    def test_the_only_device(self, office_browser):
        page = text(office_browser.page(LIST))
        assert "This is the only device you are signed in on." in page
        assert "everywhere" not in page

    def test_the_number_of_the_others(self, ada, office_browser):
        Device().sign_in(ada)
        assert "Sign out of 1 other device Sign out everywhere" in text(office_browser.page(LIST))
        Device().sign_in(ada)
        assert "Sign out of 2 other devices Sign out everywhere" in text(office_browser.page(LIST))

    def test_the_way_out_names_the_device(self, office_browser, iphone):
        assert "Sign out · Chrome on iOS" in text(office_browser.page(LIST))

    def test_a_place_where_there_is_one(self, office_browser, iphone, monkeypatch):
        assert "Place" not in text(office_browser.page(LIST))
        monkeypatch.setattr(Session, "place", "near Zurich, Switzerland", raising=False)
        assert "Place when signed in near Zurich, Switzerland" in text(office_browser.page(LIST))

    def test_only_ones_own(self, office_browser, bob):
        Device(IPHONE).sign_in(bob)
        assert headings(office_browser.page(LIST)) == ["Firefox on macOS This device"]

    def test_what_is_over_is_not_there(self, office_browser, iphone):
        Session.objects.filter(pk=iphone.session_id).update(expires_at=timezone.now())
        assert len(headings(office_browser.page(LIST))) == 1

    def test_no_secret(self, office_browser, iphone):
        page = office_browser.page(LIST).content.decode()
        stored = Session.objects.values_list("django_session_key", "password_fingerprint")
        assert all(str(secret) not in page for row in stored for secret in row if secret)
        assert iphone.access not in page


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=-90), "Active now"),
        (timedelta(minutes=4, seconds=59), "Active now"),
        (timedelta(minutes=5), "Last used 5 minutes ago"),
        (timedelta(minutes=119), "Last used 1 hour ago"),
        (timedelta(hours=47), "Last used 1 day ago"),
        (timedelta(days=29), "Last used 29 days ago"),
        (timedelta(days=61), "Last used 2 months ago"),
        (timedelta(days=364), "Last used 12 months ago"),
        (timedelta(days=731), "Last used 2 years ago"),
    ],
)
def test_when_a_device_was_used(clock, age, shown):
    assert formatting.format_last_used(timezone.now() - age) == shown


def test_how_a_person_signed_in():
    assert formatting.format_methods(["pwd", "otp", "mfa"]) == "Password, one-time code or link"
    assert formatting.format_methods(["mfa"]) == formatting.format_methods([]) == ""


@pytest.mark.parametrize(
    "page", [lambda iphone: LIST, lambda iphone: OTHERS, lambda iphone: EVERYWHERE, sign_out_path, name_path]
)
@pytest.mark.parametrize("others", [0, 98])
def test_cost(ada, office_browser, iphone, page, others):
    """The same with few devices and with a hundred: Django's session, the user, the row of this browser, the list."""
    for _ in range(others):
        create_session(ada)
    office_browser.page(page(iphone))
    with CaptureQueriesContext(connection) as queries:
        assert office_browser.page(page(iphone)).status_code == 200
    assert statements(queries) == ["SELECT"] * 4


def test_a_hundred_devices_can_be_used(ada, office_browser):
    """The way to sign out of all others stands before the first of them."""
    for _ in range(99):
        create_session(ada)
    page = office_browser.page(LIST).content.decode()
    assert page.index("Sign out of 99 other devices") < page.index("<h2>")
    assert "Signed out of 99 other devices." in message_after(office_browser, office_browser.submit(OTHERS))
