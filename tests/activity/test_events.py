"""Each event of a person is one row, written with what it tells."""

from datetime import timedelta

import pytest
from django.utils import timezone

from auth_sessions import api
from auth_sessions.activity.models import Activity
from auth_sessions.models import RefreshToken, Session
from tests.support.device import IPHONE, MACBOOK, Device


def test_a_sign_in_and_a_sign_out(ada, told):
    laptop = Device().sign_in(ada, device_name="At home")
    laptop.sign_out()
    signed_in, signed_out = Activity.objects.order_by("pk")
    assert told("reason", "scope") == [("signed_in", "", ""), ("signed_out", "signed_out", "global")]
    for row in (signed_in, signed_out):
        assert row.user_id == ada.pk
        assert row.actor_id == ada.pk
        assert str(row.session_id) == laptop.session_id
        assert (row.name, row.user_agent, row.ip_address) == ("At home", MACBOOK, "127.0.0.1")
        assert row.device.label == "Firefox on macOS"


def test_a_stolen_refresh_token_tells_both_sides(ada, told):
    phone = Device(IPHONE).sign_in(ada)
    thief = phone.copy()
    phone.refresh()
    Session.objects.update(last_seen_at=timezone.now() - timedelta(hours=2))
    used_at = timezone.now() - timedelta(minutes=1)
    RefreshToken.objects.update(rotated_at=used_at)
    phone.refresh()
    RefreshToken.objects.update(rotated_at=used_at)
    thief.client.defaults["REMOTE_ADDR"] = "203.0.113.77"
    assert thief.refresh().status_code == 401
    assert told() == ["signed_in", "refresh_token_reused", "signed_out"]
    row = Activity.objects.get(kind="refresh_token_reused")
    assert (row.user_agent, row.ip_address, row.last_used_at) == (IPHONE, "127.0.0.1", used_at)
    assert (row.presented_user_agent, row.presented_ip_address) == (MACBOOK, "203.0.113.77")


def test_nothing_else_writes_a_row(ada, told):
    laptop = Device().sign_in(ada)
    laptop.me()
    laptop.refresh()
    laptop.sessions()
    assert told() == ["signed_in"]


def test_a_deleted_user_leaves_nothing(ada, bob, phone, told):
    Device().sign_in(bob)
    ada.delete()
    assert told("user_id") == [("signed_in", bob.pk)]


@pytest.mark.parametrize("kept", [True, False])
def test_a_new_password(ada, laptop, told, kept):
    keep = Session.objects.get(pk=laptop.session_id) if kept else None
    api.change_password(ada, "changed", keep=keep)
    assert told("user_agent", "reason")[1:] == [
        ("password_changed", MACBOOK if kept else "", ""),
        *([] if kept else [("signed_out", MACBOOK, "password_changed")]),
    ]
