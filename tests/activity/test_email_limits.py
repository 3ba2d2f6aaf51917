"""One e-mail for each activity, no more than a person can read, and nobody waits for it."""

import time
from datetime import timedelta
from functools import partial

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from auth_sessions.activity import recording
from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.emails import delivery, sending
from auth_sessions.activity.models import Activity
from tests.support.activity_emails import NEW, REUSED, copy_of, parts, sent, steal
from tests.support.device import IPHONE, MACBOOK, Device
from tests.support.races import ROUNDS, together
from tests.support.smtp import Receiving, Silent, send_to, serving, use_backend

pytestmark = [pytest.mark.usefixtures("emails"), pytest.mark.any_database]

LINK = "https://example.org/account/"


def record(user, kind=ActivityKind.NEW_DEVICE, number=1):
    """Rows that nobody was told of."""
    made = [Activity(user=user, kind=kind, user_agent=MACBOOK, has_full_address=False) for _ in range(number)]
    return Activity.objects.bulk_create(made)


def send(activity, link=LINK):
    sending.send_in_background(activity.pk, using="default", link=link)


def test_another_attempt_sends_nothing(ada):
    (activity,) = record(ada)
    for _ in range(3):
        send(activity)
    assert len(sent()) == 1


def test_two_workers_send_one(ada):
    for _ in range(ROUNDS):
        mail.outbox.clear()
        Activity.objects.all().delete()
        (activity,) = record(ada)
        together(*[partial(send, activity)] * 4)
        assert len(sent()) == 1


def test_what_fails_is_not_sent_again(ada, settings, caplog):
    (activity,) = record(ada)
    with serving(refuses=True) as server:
        send_to(settings, server.port)
        send(activity)
    use_backend(settings, "django.core.mail.backends.locmem.EmailBackend")
    send(activity)
    assert sent() == []
    assert [record.getMessage() for record in caplog.records] == [
        f"The e-mail about activity {activity.pk} was not sent: SMTPRecipientsRefused"
    ]
    assert "ada@example.org" not in caplog.text


def test_so_many_in_an_hour_of_each_kind_and_person(clock, ada, bob, monkeypatch):
    config = apps.get_app_config("auth_sessions_activity")
    monkeypatch.setattr(config, "get_email", lambda user: "ada@example.org" if user == ada else "bob@example.org")
    for _ in range(5):
        clock.shift(60)
        for activity in [*record(ada), *record(ada, ActivityKind.SESSION_MOVED), *record(bob)]:
            send(activity)
    assert len(sent()) == 3 * sending.LIMIT
    last = [message for message in sent(NEW) if message.to == ["ada@example.org"]][-1]
    assert "If it happens again within an hour, you get no further e-mail." in parts(last)[1]
    assert sum("you get no further" in message.body for message in sent()) == 3
    assert "Sign in to see everything that has happened." in parts(last)[1]


def test_without_a_link_the_last_one_leads_nowhere(ada):
    for activity in record(ada, number=sending.LIMIT):
        send(activity, link="")
    assert "you get no further e-mail." in parts(sent()[-1])[1]
    assert "to see everything" not in parts(sent()[-1])[1]


def test_the_next_one_says_how_many_there_were(clock, ada):
    record(ada, number=2)  # before the project wanted e-mails
    for activity in record(ada, number=sending.LIMIT + 2):
        send(activity)
    clock.shift(timedelta(hours=1, seconds=1))
    (activity,) = record(ada)
    send(activity)
    assert len(sent()) == sending.LIMIT + 1
    assert ["no e-mail" in message.body for message in sent()] == [False] * sending.LIMIT + [True]
    assert "The same has happened 2 other times, of which you got no e-mail." in sent()[-1].body
    (activity,) = record(ada)
    send(activity)
    assert "no e-mail" not in sent()[-1].body


def test_the_limit_holds_at_one_moment(ada):
    for _ in range(ROUNDS):
        mail.outbox.clear()
        Activity.objects.all().delete()
        activities = record(ada, number=sending.LIMIT + 3)
        together(*[partial(send, activity) for activity in activities])
        assert len(sent()) == sending.LIMIT


@pytest.mark.usefixtures("any_transaction_mode")
def test_after_the_commit(ada, clock):
    office = Device(IPHONE).sign_in(ada)
    steal(clock, office)
    assert len(sent(REUSED)) == 1


def test_what_is_rolled_back_is_not_told(ada):
    with transaction.atomic():
        recording.record([recording.of_user(ada.pk, ActivityKind.NEW_DEVICE)], request=None, using="default")
        transaction.set_rollback(True)
    assert sent() == []
    assert not Activity.objects.exists()


@pytest.fixture
def smtp(settings):
    yield lambda server: send_to(settings, server.port)
    delivery.sender.wait()


@pytest.mark.usefixtures("any_transaction_mode")
def test_a_mail_server_that_never_answers_delays_no_response(ada, clock, smtp, monkeypatch, caplog):
    iphone = Device(IPHONE).sign_in(ada)
    thief = copy_of(iphone, IPHONE)
    thief.refresh()
    clock.shift(12)
    thief.me()
    monkeypatch.setattr(delivery, "TIMEOUT", 3)
    with serving(Silent) as server:
        smtp(server)
        began = time.perf_counter()
        assert iphone.refresh().status_code == 401
        Device(MACBOOK).sign_in(ada)
        assert time.perf_counter() - began < 2
        assert server.is_reached.wait(10)
        server.is_closing.set()
        delivery.sender.wait()
    assert [
        record.getMessage().partition("was not sent: ")[2]
        for record in caplog.records
        if "e-mail" in record.msg % record.args
    ] == ["SMTPServerDisconnected"] * 2


def test_a_real_mail_server_gets_it_once(ada, clock, smtp):
    iphone = Device(IPHONE).sign_in(ada)
    with serving(Receiving) as server:
        smtp(server)
        steal(clock, iphone)
        _, reused = sorted(server.wait_for(2), key=lambda each: each.content["Subject"], reverse=True)
        delivery.sender.wait()
        assert len(server.mails) == 2
    assert reused.content["Subject"] == REUSED
    assert reused.content.get_content_type() == "multipart/alternative"
    assert reused.content["Auto-Submitted"] == "auto-generated"
    assert "ada@example.org" in reused.recipients[0]


def test_a_template_that_fails_is_logged_and_not_raised(ada, clock, settings, tmp_path, caplog):
    folder = tmp_path / "auth_sessions" / "activity" / "email"
    folder.mkdir(parents=True)
    (folder / "body.txt").write_text("{% include 'nowhere.txt' %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    assert sent() == []
    assert "could not be written" in caplog.text


def test_statements_do_not_grow_with_what_is_sent(ada):
    counted = []
    for number in (1, 2, 30):
        Activity.objects.all().delete()
        *_, activity = record(ada, number=number)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            send(activity)
        counted.append(len(queries))
    assert counted[0] == counted[1] == counted[2]
