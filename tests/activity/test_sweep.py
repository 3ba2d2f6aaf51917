"""What ``clearauthsessions`` does to the history: old rows go, and addresses are shortened."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.models.signals import post_delete
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions import api
from auth_sessions.activity import sweeping
from auth_sessions.activity.addresses import shortened
from auth_sessions.activity.models import Activity
from auth_sessions.db.uuid7 import uuid7
from auth_sessions.signals import expired_cleared
from tests.support.device import Device
from tests.support.inputs import each
from tests.support.related import receiving


@pytest.fixture
def make(ada):
    def make(*days, **fields):
        rows = [
            Activity(
                id=uuid7(),
                user=ada,
                kind="signed_in",
                created_at=timezone.now() - timedelta(days=age),
                has_full_address=True,
                **{"ip_address": "203.0.113.77", "presented_ip_address": "2001:db8:aaaa:bbbb::1", **fields},
            )
            for age in days
        ]
        Activity.objects.bulk_create(rows)

    return make


def addresses():
    return list(Activity.objects.order_by("pk").values_list("ip_address", "presented_ip_address", "has_full_address"))


FULL = ("203.0.113.77", "2001:db8:aaaa:bbbb::1", True)
SHORT = ("203.0.113.0", "2001:db8:aaaa::", False)


def test_old_rows_go_and_addresses_are_shortened(make):
    make(100, 91, 89, 31, 29, 0)
    call_command("clearauthsessions", verbosity=0)
    assert addresses() == [SHORT, SHORT, FULL, FULL]


@pytest.mark.parametrize("is_heard", [False, True])
def test_how_many_rows_went(make, is_heard):
    """The same where a project's receiver is told of each."""
    make(100, 91, 31)
    told = []

    def note(instance, **event):
        told.append(instance.pk)

    with receiving(note, post_delete, of=Activity) if is_heard else nullcontext():
        assert sweeping.clear_expired(using="default") == (2, 1)
        assert sweeping.clear_expired(using="default") == (0, 0)
    assert len(told) == (2 if is_heard else 0)


def test_a_dry_run_changes_nothing(make):
    make(100, 31)
    call_command("clearauthsessions", "--dry-run", verbosity=0)
    assert addresses() == [FULL, FULL]


def test_the_settings(make, settings):
    settings.AUTH_SESSIONS_ACTIVITY_DAYS, settings.AUTH_SESSIONS_IP_RETENTION_DAYS = None, None
    make(1000, 5)
    list(api.clear_expired())
    assert addresses() == [FULL, FULL]
    settings.AUTH_SESSIONS_ACTIVITY_DAYS, settings.AUTH_SESSIONS_IP_RETENTION_DAYS = 10, 3
    list(api.clear_expired())
    assert addresses() == [SHORT]


@pytest.mark.parametrize("sessions", [1, 3])
def test_addresses_may_be_shortened_before_they_are_stored(ada, settings, sessions):
    settings.AUTH_SESSIONS_IP_RETENTION_DAYS = 0
    devices = [Device() for _ in range(sessions)]
    for device in devices:
        device.client.defaults["REMOTE_ADDR"] = "203.0.113.77"
        device.sign_in(ada)
    devices[0].sign_out()
    assert set(addresses()) == {("203.0.113.0", None, False)}
    assert Activity.objects.count() == 2 * sessions


def test_more_than_a_batch_and_a_run_that_is_stopped(make, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 10)
    make(*[100] * 25, *[40] * 25, 1)
    full = sweeping._shorten_addresses

    def stopped(using, pace):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeping, "_shorten_addresses", stopped)
    with pytest.raises(KeyboardInterrupt):
        sweeping.clear_expired(using="default")
    assert Activity.objects.count() == 26
    monkeypatch.setattr(sweeping, "_shorten_addresses", full)
    assert sweeping.clear_expired(using="default") == (0, 25)
    assert sweeping.clear_expired(using="default") == (0, 0)


def test_nothing_to_do_costs_one_statement_each(make):
    make(*[1] * 20)
    with CaptureQueriesContext(connection) as statements:
        sweeping.clear_expired(using="default")
    assert len(statements) == 2


@pytest.mark.skipif(connection.vendor != "sqlite", reason="The plan depends on what others have counted")
def test_short_addresses_are_not_read_again(make):
    make(40)
    with CaptureQueriesContext(connection) as statements:
        sweeping.clear_expired(using="default")
    reads = [each["sql"] for each in statements if each["sql"].startswith("SELECT") and "full_address" in each["sql"]]
    with connection.cursor() as cursor:
        for read in reads:
            cursor.execute(f"EXPLAIN QUERY PLAN {read}")
            assert "auth_sessions_activity_address (has_full_address=? AND id>?)" in cursor.fetchone()[3]
    assert reads


def test_a_run_whose_time_is_up_at_its_end_sweeps(make):
    make(91)
    (batch,) = api.clear_expired(max_seconds=0)
    assert batch.is_last
    assert Activity.objects.count() == 0


def test_a_run_whose_time_is_up_does_one_batch_of_each(make, monkeypatch):
    monkeypatch.setattr(sweeping, "BATCH", 10)
    make(*[100] * 25, *[40] * 25)
    for left in (40, 30, 25, 25, 25):  # the oldest first: rows are shortened that the next run deletes
        list(api.clear_expired(max_seconds=0))
        assert Activity.objects.count() == left
    assert not Activity.objects.filter(has_full_address=True).exists()


def test_what_cannot_be_deleted_is_told(make, monkeypatch, caplog):
    make(91)
    called = []

    def broken(using, pace):
        raise DatabaseError("the table is broken")

    def other(**kwargs):
        called.append(kwargs["using"])

    monkeypatch.setattr(sweeping, "_delete_old", broken)
    expired_cleared.connect(other)
    try:
        with pytest.raises(DatabaseError, match="the table is broken"):
            call_command("clearauthsessions")
        with pytest.raises(DatabaseError, match="the table is broken"):
            list(api.clear_expired())
    finally:
        expired_cleared.disconnect(other)
    assert called == ["default"] * 2
    caplog.clear()


@pytest.mark.any_database
def test_shortened_addresses():
    assert shortened(None) is None
    assert shortened("203.0.113.77") == "203.0.113.0"
    assert shortened("2001:db8:1:2:3:4:5:6") == "2001:db8:1::"
    assert shortened("::1") == "::"


@pytest.mark.any_database
@each("address", {"mapped": "::ffff:203.0.113.77", "NAT64": "64:ff9b::203.0.113.77", "6to4": "2002:cb00:714d::1"})
def test_an_address_that_stands_for_an_ipv4_address_is_shortened_as_that(address):
    """All of NAT64's are in one /48, which tells nothing apart; the /48 of 6to4 is a single household."""
    assert shortened(address) == "203.0.113.0"
