"""Each event of a person is one row, written with what it tells."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from auth_sessions import api, signals
from auth_sessions.activity.models import Activity
from auth_sessions.activity.signals import activity_recorded
from auth_sessions.models import RefreshToken, Session
from tests.support.activity_emails import REUSED, sent, steal
from tests.support.device import IPHONE, MACBOOK, Device
from tests.support.related import receiving


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


class TestANewDevice:
    def test_is_told_once(self, ada, told):
        Device().sign_in(ada)
        Device(IPHONE).sign_in(ada)
        Device(IPHONE.replace("144", "150")).sign_in(ada)
        assert told() == ["signed_in", "signed_in", "new_device", "signed_in"]

    def test_is_known_after_its_sign_out(self, ada, told):
        Device(IPHONE).sign_in(ada).sign_out()
        Device().sign_in(ada).sign_out()
        Device(IPHONE).sign_in(ada)
        assert told().count("new_device") == 1
        assert told()[-1] == "signed_in"

    def test_is_not_one_that_was_signed_in_before_there_was_a_history(self, ada, told):
        Device(IPHONE).sign_in(ada)
        Device().sign_in(ada)
        Activity.objects.all().delete()
        Device(IPHONE).sign_in(ada)
        assert told() == ["signed_in"]

    def test_another_person_does_not_count(self, ada, bob, told):
        Device(IPHONE).sign_in(bob)
        Device().sign_in(ada)
        Device(IPHONE).sign_in(ada)
        assert told("user_id")[-2:] == [("signed_in", ada.pk), ("new_device", ada.pk)]


def test_a_refused_sign_in(ada, laptop, told, settings):
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
    from tests.support.rest import USERNAME

    refused = Device(IPHONE).post("token/", {USERNAME: ada.get_username(), "password": " lovelace 1815 "})
    assert refused.status_code == 403
    assert told("session_id", "user_agent")[1:] == [("session_limit_reached", None, IPHONE)]


def test_the_one_that_the_limit_ends(ada, laptop, told, settings):
    settings.AUTH_SESSIONS_MAX_PER_USER = 1
    Device(IPHONE).sign_in(ada)
    assert told("reason", "user_agent")[1:] == [
        ("signed_in", "", IPHONE),
        ("new_device", "", IPHONE),
        ("signed_out", "limit", MACBOOK),
    ]


def test_a_moved_session_is_told_once_for_each_place(ada, laptop, told):
    def refresh(user_agent):
        RefreshToken.objects.update(rotated_at=timezone.now() - timedelta(minutes=1))
        laptop.client.defaults["HTTP_USER_AGENT"] = user_agent
        assert laptop.refresh().status_code == 200

    for user_agent in (IPHONE, IPHONE, MACBOOK, IPHONE, "curl/8"):
        refresh(user_agent)
    assert told("user_agent", "presented_user_agent")[1:] == [
        ("session_moved", MACBOOK, IPHONE),
        ("session_moved", MACBOOK, "curl/8"),
    ]


def test_staff_acting_as_somebody(ada, grace, help_device, told):
    help_device.sign_out("local")
    assert told("user_id", "actor_id")[-2:] == [("signed_in", ada.pk, grace.pk), ("signed_out", ada.pk, grace.pk)]


def test_a_browser(ada, told, office_browser):
    office_browser.submit("/logout/")
    assert told("scope") == [("signed_in", ""), ("signed_out", "local")]


@pytest.mark.usefixtures("emails")
def test_a_receiver_that_breaks_the_transaction_hides_no_theft(clock, ada, told):
    """The session ends in spite of it, and the person is told why."""

    def fail(**event):
        with transaction.atomic(savepoint=False):
            raise TimeoutError

    with receiving(fail, signals.sessions_ending, of=Session):
        steal(clock, Device(IPHONE).sign_in(ada))
    assert not Session.objects.exists()
    assert told()[-2:] == ["refresh_token_reused", "signed_out"]
    assert len(sent(REUSED)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_receiver_on_an_event_loop_reads_the_rows(ada):
    """Django allows no SQL there."""
    heard = []

    async def hear(activities, **event):
        heard.append([(activity.kind, str(activity.session_id)) for activity in activities])

    laptop = Device().sign_in(ada)
    with receiving(hear, activity_recorded, of=Activity):
        laptop.sign_out()
    assert heard == [[("signed_out", laptop.session_id)]]
