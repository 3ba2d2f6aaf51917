"""What the history costs: one statement for however many sessions, and nothing where nothing is told."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from auth_sessions.activity import receivers
from auth_sessions.activity.models import Activity
from auth_sessions.activity.signals import activity_recorded
from auth_sessions.choices import EndReason
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import sessions_ending
from tests.support.device import MACBOOK, Device


def add_sessions(user, count):
    rows = [Session(user=user, user_agent=MACBOOK, ip_address="203.0.113.7", name="Wörk 🙂") for _ in range(count)]
    Session.objects.bulk_create(rows)
    RefreshToken.objects.bulk_create([RefreshToken(session=row) for row in rows])


def statements_of(call):
    with CaptureQueriesContext(connection) as statements:
        call()
    return [each["sql"] for each in statements]


@pytest.fixture
def heard():
    events = []

    def receive(**event):
        events.append(event)

    activity_recorded.connect(receive)
    yield events
    activity_recorded.disconnect(receive)


def test_the_end_of_many_sessions_is_one_statement_more(ada, heard):
    counts = {}
    for is_told in (False, True):
        (receivers.connect if is_told else receivers.disconnect)()
        for number in (1, 10, 1000):
            add_sessions(ada, number)
            end = Session.objects.filter(user=ada).end
            counts[is_told, number] = len(statements_of(lambda end=end: end(reason=EndReason.REVOKED, actor=ada)))
    assert {counts[True, number] - counts[False, number] for number in (1, 10, 1000)} == {1}
    assert Activity.objects.count() == 1011


def test_no_instance_is_built_of_a_session_that_ends(ada, monkeypatch):
    """Unless a project listens to the end of sessions, as the tests' host does."""
    monkeypatch.setattr(sessions_ending, "receivers", [])
    add_sessions(ada, 3)
    sql = statements_of(lambda: Session.objects.filter(user=ada).end(reason=EndReason.REVOKED, actor=ada))
    assert not [each for each in sql if each.startswith("SELECT") and "user_agent" in each]
    assert Activity.objects.filter(kind="signed_out", user_agent=MACBOOK).count() == 3


def test_rows_that_are_deleted_before_they_are_read_are_missing(ada, bob, heard):
    add_sessions(ada, 1)
    add_sessions(bob, 2)
    Session.objects.all().end(reason=EndReason.REVOKED)
    bob.delete()
    (event,) = heard
    assert [row.user_id for row in event["activities"]] == [ada.pk]
    assert (len(event["activities"]), event["activities"][0].session_id is None) == (1, False)


def test_rows_are_the_same_however_they_are_written(ada, settings, heard):
    """They are copied from the sessions, but for MySQL's, and unless addresses are shortened at once."""
    add_sessions(ada, 3)
    sessions = {row.pk: row for row in Session.objects.all()}
    Session.objects.filter(user=ada).end(reason=EndReason.LIMIT, actor=ada)
    (event,) = heard
    assert event["kinds"] == {"signed_out"}
    assert len(event["activities"]) == 3
    stored = {row.pk: row for row in Activity.objects.all()}
    for told in event["activities"]:
        session = sessions[told.session_id]
        for row in (told, stored[told.pk]):
            assert (row.user_id, row.actor_id) == (ada.pk, ada.pk)
            assert (row.name, row.user_agent, row.ip_address) == (session.name, MACBOOK, "203.0.113.7")
            assert (row.kind, row.reason, row.scope) == ("signed_out", "limit", "")
            assert row.has_full_address is True
        assert {f.attname: getattr(told, f.attname) for f in Activity._meta.concrete_fields} == {
            f.attname: getattr(stored[told.pk], f.attname) for f in Activity._meta.concrete_fields
        }


def test_a_sign_in_reads_and_writes_once(ada):
    Device().sign_in(ada)
    kinds = [sql.split()[0] for sql in statements_of(lambda: Device().sign_in(ada)) if "activity" in sql.lower()]
    assert sorted(kinds) == ["INSERT", "SELECT"]


def test_requests_and_refreshes_cost_nothing(ada, laptop):
    for call in (laptop.me, laptop.refresh, laptop.sessions):
        assert not [sql for sql in statements_of(call) if "activity" in sql.lower()]


def test_an_end_that_is_rolled_back_is_not_told(ada, laptop, heard):
    heard.clear()
    with transaction.atomic():
        Session.objects.filter(user=ada).end(reason=EndReason.REVOKED)
        transaction.set_rollback(True)
    assert heard == []
    assert Activity.objects.filter(kind="signed_out").count() == 0
    assert laptop.is_signed_in()


def test_a_sign_in_that_cannot_be_told_is_none(ada, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("auth_sessions.activity.recording.insert_rows", fail)
    with pytest.raises(RuntimeError):
        Device().sign_in(ada)
    assert Session.objects.count() == 0


def test_a_receiver_that_fails_stops_nobody(ada, laptop):
    def fail(**event):
        raise RuntimeError

    activity_recorded.connect(fail)
    try:
        assert laptop.sign_out().status_code == 204
    finally:
        activity_recorded.disconnect(fail)
    assert not laptop.is_signed_in()


def test_the_deletion_of_a_user_costs_the_same_however_long_the_history(ada, bob):
    counts = []
    for user, number in ((ada, 1), (bob, 300)):
        for _ in range(2):
            add_sessions(user, number)
            Session.objects.filter(user=user).end(reason=EndReason.REVOKED, actor=user)
        counts.append(len(statements_of(user.delete)))
    assert counts[0] == counts[1]
    assert Activity.objects.count() == 0
