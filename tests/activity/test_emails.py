"""The e-mails about what happened: who gets one, once, and what it says."""

import re
from email import policy
from email.parser import BytesParser

import pytest
from django.core import mail

from auth_sessions.activity.models import Activity
from tests.support.device import IPHONE, MACBOOK, Device
from tests.support.paths import ROOT

KINDS = ["refresh_token_reused", "new_device", "session_moved"]
UBUNTU = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0"
ISOLATES = dict.fromkeys(map(ord, "\u2068\u2069"))


@pytest.fixture(autouse=True)
def _wanted(settings):
    settings.AUTH_SESSIONS_ACTIVITY_EMAILS = KINDS
    settings.ALLOWED_HOSTS = ["testserver"]


@pytest.fixture
def ada(make_user):
    return make_user("ada", **address_of("ada"))


def address_of(name):
    from django.contrib.auth import get_user_model

    return {} if get_user_model().USERNAME_FIELD == "email" else {"email": f"{name}@example.org"}


def steal(clock, device):
    """A copy of the device's token is refreshed, then the device presents its own: the session ends."""
    thief = Device(UBUNTU)
    thief.refresh_token = device.refresh_token
    assert thief.refresh().status_code == 200
    clock.shift(12)
    assert thief.client.get("/api/me/", HTTP_AUTHORIZATION=f"Bearer {thief.access}").status_code == 200
    assert device.refresh().status_code == 401
    return thief


def parts(message):
    """The subject, the text and the HTML of a message as its reader gets it."""
    received = BytesParser(policy=policy.default).parsebytes(message.message().as_bytes())
    assert received.get_content_type() == "multipart/alternative"
    text, html = received.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return received["Subject"], text.get_content().translate(ISOLATES), html.get_content().translate(ISOLATES)


def test_a_reused_token_is_told_once(clock, ada, rest_only):
    iphone = Device(IPHONE).sign_in(ada)
    mail.outbox.clear()
    thief = steal(clock, iphone)
    thief.refresh()
    iphone.refresh()
    reused = [each for each in mail.outbox if each.subject == "A copy of your sign-in was used"]
    assert len(reused) == 1
    (message,) = reused
    assert message.to == ["ada@example.org"]
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    _, text, html = parts(message)
    activity = Activity.objects.get(kind="refresh_token_reused")
    for part in (text, html):
        assert "Chrome on iOS" in part
        assert "127.0.0.*" in part
        assert "Nov. 24, 2026, 12:00 p.m. (UTC)" in part
        assert "Both devices of that sign-in were signed out." in part
        assert re.findall(r"https?://[^\s\"<]+", part) and set(re.findall(r"https?://[^\s\"<]+", part)) == {
            f"http://testserver/account/activity/{activity.pk}/"
        }
