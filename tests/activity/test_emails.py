"""The e-mails about what happened: who gets one, and what it says."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core import mail
from django.utils import timezone
from django.utils.translation import gettext_lazy

from auth_sessions.activity.alerts import ALERTS
from auth_sessions.activity.emails import sending, texts
from auth_sessions.activity.models import Activity
from auth_sessions.models import Session
from tests.support.activity_emails import (
    ANDROID,
    KINDS,
    MOVED,
    NEW,
    REUSED,
    UBUNTU,
    WINDOWS,
    addresses,
    copy_of,
    has_address,
    parts,
    sent,
    steal,
)
from tests.support.catalogues import CODES
from tests.support.device import IPHONE, MACBOOK, Device
from tests.support.host import has_browsers

pytestmark = [pytest.mark.usefixtures("emails"), pytest.mark.any_database]


def page_of(activity):
    return f"http://testserver/account/activity/{activity.pk}/"


def test_each_alert_has_texts():
    assert set(texts._OF_ALERTS) == set(ALERTS)
    assert set(KINDS) == set(ALERTS)


@has_browsers  # which open the page that it leads to
def test_a_reused_token_is_told_once(clock, ada, rest_only):
    iphone = Device(IPHONE).sign_in(ada)
    thief = steal(clock, iphone)
    assert [device.refresh().status_code for device in (thief, iphone)] == [401, 401]
    (message,) = sent(REUSED)
    assert message.to == ["ada@example.org"]
    subject, text, html = parts(message)
    assert subject == REUSED
    activity = Activity.objects.get(kind="refresh_token_reused")
    for part in (text, html):
        assert "Your sign-in on “Chrome on iOS” was used by two devices." in part.replace("\n", " ")
        assert "127.0.0.*" in part
        assert "Nov. 24, 2026, noon (UTC)" in part
        assert "Both devices were signed out." in part
        assert "the account “ada" in part
        assert addresses(part) == {page_of(activity)}
    assert "127.0.0.1" not in text + html


def test_no_machine_answers_and_nothing_is_loaded(clock, ada, rest_only):
    steal(clock, Device(IPHONE).sign_in(ada))
    (message,) = sent(REUSED)
    assert message.extra_headers == {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    html = parts(message)[2]
    assert not any(word in html for word in ("<img", "<script", "<link", "url(", "<form", "http-equiv", "@import"))
    tokens = [*Session.objects.values_list("password_fingerprint", flat=True), "eyJ"]
    assert not any(token in message.message().as_string() for token in tokens)


def test_a_new_device_is_told_and_the_first_one_is_not(clock, ada):
    Device(IPHONE).sign_in(ada)
    Device(IPHONE).sign_in(ada)
    assert sent() == []
    Device(MACBOOK).sign_in(ada)
    (message,) = sent()
    subject, text, html = parts(message)
    assert subject == NEW
    for part in (text, html):
        assert "Firefox on macOS" in part
        assert "the device is signed in" in part


def test_a_move_is_told_once(clock, ada):
    thief = copy_of(Device(IPHONE).sign_in(ada))
    for _ in range(3):
        clock.shift(12)
        assert thief.refresh().status_code == 200
    (message,) = sent()
    subject, text, html = parts(message)
    assert subject == MOVED
    for part in (text, html):
        assert "Chrome on iOS" in part
        assert "Firefox on Ubuntu" in part


@pytest.mark.parametrize("wanted", [(), ["new_device"], ["session_moved"], KINDS])
def test_only_what_the_project_wants(clock, ada, settings, wanted):
    settings.AUTH_SESSIONS_ACTIVITY_EMAILS = wanted
    iphone = Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    steal(clock, iphone)
    subjects = {"new_device": NEW, "session_moved": MOVED, "refresh_token_reused": REUSED}
    assert {message.subject for message in sent()} == {subjects[kind] for kind in wanted}


def test_without_an_address_nothing_is_sent_and_nothing_fails(clock, ada, caplog, monkeypatch):
    """Neither in a request nor in a worker."""
    config = apps.get_app_config("auth_sessions_activity")
    caplog.set_level("INFO", "auth_sessions")
    none, invalid = "the user has no address", "the address of the user is not valid"

    def fail(user):
        raise RuntimeError

    for address, told in {
        "": none,
        None: none,
        "nobody": invalid,
        "ada@example.org\nBcc: eve@example.com": invalid,
        "ada@example.org\n": invalid,
        "ada@example.org, eve@example.com": invalid,
        "Ada <ada@example.org>": invalid,
        7: invalid,
        b"ada@example.org": invalid,
        ("ada@example.org",): invalid,
        gettext_lazy("ada@example.org"): invalid,
        fail: "could not be addressed",
    }.items():
        caplog.clear()
        monkeypatch.setattr(config, "get_email", address if address is fail else lambda user, address=address: address)
        Device(IPHONE).sign_in(ada)
        Device(MACBOOK).sign_in(ada)
        activity = Activity.objects.get(kind="new_device", emailed_at=None)
        sending.send_in_background(activity.pk, using="default", link="")
        records = [record.getMessage() for record in caplog.records if record.name == "auth_sessions"]
        assert len(records) == 2
        assert all(told in record and "ada@" not in record for record in records)
        Session.objects.all().delete()
        Activity.objects.all().delete()
    assert sent() == []


def test_a_user_without_an_address(clock, ada):
    user_model = type(ada)
    if not has_address() or user_model.USERNAME_FIELD == "email":
        pytest.skip("every user has one, or none")
    user_model.objects.filter(pk=ada.pk).update(email="")
    Device(IPHONE).sign_in(ada)
    assert Device(MACBOOK).sign_in(ada).is_signed_in()
    assert sent() == []


def hostile(user_agent):
    return f"Mozilla/5.0 ({user_agent}) Firefox/148.0"


def test_what_a_device_says_of_itself_is_text(clock, ada):
    bait = "<b>Call</b> <script>alert(1)</script> http://evil.example/"
    Device(IPHONE).sign_in(ada)
    Device(hostile(bait)).sign_in(ada, device_name="https://evil.example/ <img src=x>")
    (message,) = sent()
    _, text, html = parts(message)
    assert "evil" not in text + html
    assert "<b>" not in html
    assert "<script" not in html


def test_nothing_ends_a_header(ada, settings, tmp_path, clock):
    folder = tmp_path / "auth_sessions" / "activity" / "email"
    folder.mkdir(parents=True)
    subject = "{% autoescape off %}Hello\r\n {{ activity.user_agent }}{% endautoescape %}\n\n"
    (folder / "new_device_subject.txt").write_text(subject)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    Device(IPHONE).sign_in(ada)
    Device(f"Firefox/148.0\r\nBcc: eve@example.com\u2028\x0b\x1b\u202e {'x' * 400}").sign_in(ada)
    (message,) = sent()
    assert message.message()["Bcc"] is None
    assert message.recipients() == ["ada@example.org"]
    assert message.subject.startswith("Hello Firefox/148.0 Bcc: eve@example.com xxx")
    assert len(message.subject) == 150


@has_browsers
def test_a_project_overrides_a_template_by_its_path(ada, settings, tmp_path, clock):
    folder = tmp_path / "auth_sessions" / "activity" / "email"
    folder.mkdir(parents=True)
    (folder / "body.txt").write_text("{{ title }} at {{ site }}, {{ person }}: {{ activity.kind }} {{ link }}")
    (folder / "new_device_body.html").write_text(
        '{% extends "auth_sessions/activity/email/body.html" %}{% block content %}Ours{% endblock %}'
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    (message,) = sent()
    _, text, html = parts(message)
    activity = Activity.objects.get(kind="new_device")
    assert text.strip().startswith(f"{NEW} at testserver, ada")
    assert text.strip().endswith(f": new_device {page_of(activity)}")
    assert "Ours" in html


@pytest.mark.parametrize("code", ["en", *CODES])
def test_every_language_is_written(clock, ada, settings, code):
    settings.LANGUAGE_CODE = language = code.lower().replace("_", "-")
    iphone = Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    steal(clock, iphone)
    assert len(sent()) == 3
    direction = "rtl" if code == "ar" else "ltr"
    for message in sent():
        _, text, html = parts(message)
        assert f'<html lang="{language}" dir="{direction}">' in html
        assert "%(" not in text + html
        assert "{{" not in text + html


@pytest.mark.parametrize(("code", "label"), [("fr", "Appareil\u00a0: "), ("zh-hans", "设备\uff1a"), ("de", "Gerät: ")])
def test_what_stands_between_a_label_and_its_value(clock, ada, settings, code, label):
    settings.LANGUAGE_CODE = code
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    (message,) = sent()
    assert f"\n{label}" in parts(message)[1]


def test_a_device_is_ordered_from_right_to_left_in_arabic(clock, ada, settings):
    """It begins with a Latin name, which would order the rest from left to right, and be read as "iOS on Chrome"."""
    settings.LANGUAGE_CODE = "ar"
    Device(MACBOOK).sign_in(ada)
    Device(IPHONE).sign_in(ada)
    (message,) = sent()
    for part in parts(message)[1:]:
        assert "\u200fChrome \u0639\u0644\u0649 iOS" in part


def test_a_language_without_a_translation_is_english_throughout(clock, ada, settings):
    settings.LANGUAGE_CODE = "he"
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    (message,) = sent()
    assert '<html lang="en" dir="ltr">' in parts(message)[2]
    assert "Nov. 24, 2026, noon (UTC)" in parts(message)[1]


def test_a_project_knows_address_language_and_time_zone(clock, ada, monkeypatch):
    config = apps.get_app_config("auth_sessions_activity")
    monkeypatch.setattr(config, "get_email", lambda user: "private@example.org")
    monkeypatch.setattr(config, "get_language", lambda user: "de")
    monkeypatch.setattr(config, "get_time_zone", lambda user: ZoneInfo("Europe/Zurich"))
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    (message,) = sent()
    assert message.to == ["private@example.org"]
    assert "24. November 2026 13:00 (Europe/Zurich)" in parts(message)[1]


@pytest.mark.any_database
def test_an_hour_that_a_clock_shows_twice():
    zone = ZoneInfo("Europe/Berlin")
    for utc_hour, shown in (
        (0, "Oct. 25, 2026, 2:30 a.m. (Europe/Berlin, UTC+0200)"),
        (1, "Oct. 25, 2026, 2:30 a.m. (Europe/Berlin, UTC+0100)"),
        (2, "Oct. 25, 2026, 3:30 a.m. (Europe/Berlin)"),
    ):
        assert texts.format_moment(datetime(2026, 10, 25, utc_hour, 30, tzinfo=UTC), zone) == shown


def test_naive_moments_are_those_of_the_project(clock, ada, settings):
    settings.USE_TZ = False
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    (message,) = sent()
    assert f"Nov. 24, 2026, noon ({settings.TIME_ZONE})" in parts(message)[1]
    assert timezone.is_naive(Activity.objects.first().created_at)


def test_a_place_and_no_full_address(clock, ada, geoip, settings):
    geoip("City")
    settings.AUTH_SESSIONS_TRUSTED_PROXIES = 1
    Device(IPHONE).sign_in(ada)
    origins = {
        "192.0.2.7": "near Zurich, Switzerland (192.0.2.*)",
        "2001:db8::7": "near Oslo, Norway (2001:db8::*)",
        "2001:db8:1:2::3": "2001:db8:1::*",
        "nowhere": "Unknown",
    }
    for number, address in enumerate(origins):
        mail.outbox.clear()
        Activity.objects.filter(kind="new_device").delete()
        laptop = Device([MACBOOK, UBUNTU, WINDOWS, ANDROID][number])
        laptop.client.credentials(HTTP_X_FORWARDED_FOR=address)
        laptop.sign_in(ada)
        (message,) = sent()
        assert f"Signed in from: {origins[address]}\n" in parts(message)[1]
        assert address not in parts(message)[1]


def test_the_sender_is_the_projects(clock, ada, settings):
    settings.DEFAULT_FROM_EMAIL = "Accounts <accounts@example.org>"
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    assert mail.outbox[0].from_email == "Accounts <accounts@example.org>"
