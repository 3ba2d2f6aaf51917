"""What a project's receivers do to the instances that they get, and where they fail."""

import pytest
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.cache import caches
from django.db import OperationalError, connection
from django.db.models.signals import post_delete, post_init, pre_delete
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIRequestFactory

from auth_sessions import api
from auth_sessions.authentication import CachedSessionJWTAuthentication, LazyUser
from auth_sessions.db.ending import records_ended, records_ending
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import (
    access_token_issuing,
    refresh_token_reused,
    session_moved,
    session_started,
    sessions_ended,
    sessions_ending,
)
from tests.host.models import PushDevice
from tests.support.acting import act
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device, code
from tests.support.keys import read_claims
from tests.support.related import child, receiving, with_table

pytestmark = pytest.mark.slow


def clear(sessions, **event):
    sessions.clear()


def exchange(sessions, **event):
    sessions[0] = Session(pk="00000000-0000-0000-0000-000000000000", user_id=sessions[0].user_id)


def forget_keys(sessions, **event):
    for session in sessions:
        session.pk = None


def change_kinds(sessions, **event):
    for session in sessions:
        session.kind = "browser" if session.kind == "token" else "token"
        session.django_session_key = "another"
        session.user_id = 0


def forget_users(user_ids, **event):
    user_ids.clear()


CHANGES = [clear, exchange, forget_keys, change_kinds, forget_users]


@pytest.fixture
def _cached(settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "shared": {"BACKEND": "tests.host.caches.Shared", "LOCATION": "receivers"},
    }
    settings.AUTH_SESSIONS_CACHE = "shared"
    caches["shared"].clear()


@pytest.mark.usefixtures("_cached", "any_transaction_mode")
@pytest.mark.parametrize("signal", [sessions_ending, sessions_ended], ids=["ending", "ended"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_ends_is_decided_before(ada, laptop, phone, change, signal):
    browser = Browser().sign_in(ada)
    PushDevice.objects.create(session_id=phone.session_id, token="t")
    for device in (laptop, phone):
        assert device.fast().status_code == 200
    with receiving(change, signal, of=Session):
        assert laptop.sign_out("others").status_code == 204
    assert [str(session.pk) for session in Session.objects.all()] == [laptop.session_id]
    assert not PushDevice.objects.exists()
    assert phone.fast().status_code == phone.refresh().status_code == 401
    assert not browser.is_signed_in()
    with receiving(change, signal, of=Session):
        assert laptop.sign_out().status_code == 204
    assert not Session.objects.exists()
    assert laptop.fast().status_code == 401


@pytest.mark.parametrize("change", CHANGES)
def test_the_log_names_what_has_ended(ada, laptop, phone, change, security_log):
    with receiving(change, sessions_ending, of=Session):
        assert laptop.sign_out("others").status_code == 204
    (event,) = security_log.of("session_ended")
    assert (event["session"], event["user"], event["kind"]) == (phone.session_id, str(ada.pk), "token")


@pytest.mark.parametrize("change", CHANGES)
def test_where_the_collector_deletes(ada, new_models, change):
    """A related object that is SET_NULL, or has rows of its own, is Django's to delete."""
    from django.db import models

    kept = with_table(child("Kept", Session, models.SET_NULL, null=True))
    device = Device().sign_in(ada)
    kept.objects.create(key_id=device.session_id)
    with receiving(change, sessions_ending, of=Session):
        assert Session.objects.all().end(reason="revoked") == 1
    assert not Session.objects.exists()
    assert kept.objects.get().key_id is None


def fail(**event):
    raise TimeoutError


def break_the_transaction(**event):
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM there_is_no_such_table")


def steal(laptop, clock):
    thief = laptop.copy()
    laptop.refresh()
    clock.shift(11)
    laptop.refresh()
    return thief


@pytest.mark.usefixtures("any_transaction_mode")
@pytest.mark.parametrize("receiver", [fail, break_the_transaction])
def test_theft_ends_the_session_although_a_receiver_fails(clock, laptop, phone, receiver, caplog):
    PushDevice.objects.create(session_id=laptop.session_id, token="t")
    heard = []

    def hear(session, **event):
        heard.append(str(session.pk))

    thief = steal(laptop, clock)
    with receiving(receiver, sessions_ending, of=Session), receiving(hear, refresh_token_reused, of=Session):
        assert code(thief.refresh()) == (401, "refresh_token_already_used")
    assert [str(token.pk) for token in RefreshToken.objects.all()] == [phone.session_id]
    assert not PushDevice.objects.exists()
    assert laptop.me().status_code == 401
    assert heard == [laptop.session_id]
    assert [record.levelname for record in caplog.records if "A receiver failed" in record.getMessage()] == ["ERROR"]


@pytest.mark.usefixtures("any_transaction_mode")
def test_theft_is_tried_again_where_a_receiver_has_met_a_conflict(clock, laptop, phone, caplog):
    """As any other transaction of the app's own, and with that receiver's part."""
    calls = []

    def conflict_once(**event):
        calls.append(event["reason"])
        if len(calls) == 1:
            raise OperationalError(1213, "Deadlock found when trying to get lock")

    thief = steal(laptop, clock)
    with receiving(conflict_once, sessions_ending, of=Session):
        assert code(thief.refresh()) == (401, "refresh_token_already_used")
    assert calls == ["refresh_token_reused"] * 2
    assert [str(token.pk) for token in RefreshToken.objects.all()] == [phone.session_id]
    assert not [record for record in caplog.records if "A receiver failed" in record.getMessage()]


def test_theft_is_tried_again_where_a_receiver_has_failed_and_then_met_a_conflict(clock, laptop, phone):
    """What the conflict has undone is not taken for what that receiver did."""
    errors = [TimeoutError(), OperationalError(1213, "Deadlock found when trying to get lock")]

    def meet(**event):
        if errors:
            raise errors.pop(0)
        told.append(event["reason"])

    told = []
    thief = steal(laptop, clock)
    with receiving(meet, sessions_ending, of=Session):
        assert code(thief.refresh()) == (401, "refresh_token_already_used")
    assert told == ["refresh_token_reused"]
    assert [str(token.pk) for token in RefreshToken.objects.all()] == [phone.session_id]


@pytest.mark.usefixtures("any_transaction_mode")
@pytest.mark.parametrize("signal", [pre_delete, post_delete], ids=["pre_delete", "post_delete"])
@pytest.mark.parametrize("receiver", [fail, break_the_transaction])
def test_theft_ends_the_session_although_a_receiver_of_a_related_object_fails(clock, laptop, phone, signal, receiver):
    PushDevice.objects.create(session_id=laptop.session_id, token="t")
    PushDevice.objects.create(session_id=phone.session_id, token="u")
    thief = steal(laptop, clock)
    with receiving(receiver, signal, of=PushDevice):
        assert code(thief.refresh()) == (401, "refresh_token_already_used")
    assert [str(token.pk) for token in RefreshToken.objects.all()] == [phone.session_id]
    assert [str(push.session_id) for push in PushDevice.objects.all()] == [phone.session_id]


@pytest.mark.usefixtures("any_transaction_mode")
def test_theft_ends_the_session_although_it_fails_and_something_else_no_longer_names_it(
    clock, laptop, phone, new_models
):
    from django.db import models

    kept = with_table(child("Kept", Session, models.SET_NULL, null=True))
    for device in (laptop, phone):
        kept.objects.create(key_id=device.session_id)
    PushDevice.objects.create(session_id=laptop.session_id, token="t")
    thief = steal(laptop, clock)
    with receiving(fail, pre_delete, of=PushDevice):
        assert code(thief.refresh()) == (401, "refresh_token_already_used")
    assert not PushDevice.objects.exists()
    assert {row.key_id and str(row.key_id) for row in kept.objects.all()} == {None, phone.session_id}


@pytest.mark.usefixtures("any_transaction_mode")
@pytest.mark.parametrize("receiver", [fail, break_the_transaction])
def test_any_other_end_is_undone_by_it(laptop, phone, receiver):
    laptop.client.raise_request_exception = False
    with receiving(receiver, sessions_ending, of=Session):
        assert laptop.sign_out().status_code == 500
    assert Session.objects.count() == 2
    assert laptop.me().status_code == 200


def forget_key(session, **event):
    session.pk = None


def count_up(session, **event):
    session.refresh_token.generation = 77


def exchange_token(session, **event):
    session.refresh_token = RefreshToken(secret="x")


ONE_CHANGES = [forget_key, count_up, exchange_token]


@pytest.mark.parametrize("change", ONE_CHANGES)
@pytest.mark.parametrize("signal", [session_started, user_logged_in, access_token_issuing])
def test_what_is_issued_at_a_sign_in_is_decided_before(ada, change, signal):
    with receiving(change, signal, of=None):
        device = Device().sign_in(ada)
    assert device.session_id in {row["id"] for row in device.sessions()}
    assert device.me().status_code == device.refresh().status_code == 200


@pytest.mark.parametrize("change", ONE_CHANGES)
@pytest.mark.parametrize("signal", [session_moved, access_token_issuing])
def test_what_is_issued_at_a_refresh_is_decided_before(ada, change, signal):
    laptop, moved = Device().sign_in(ada), Device(IPHONE)
    moved.refresh_token = laptop.refresh_token
    with receiving(change, signal, of=None):
        assert moved.refresh().status_code == 200
    assert moved.me().status_code == moved.refresh().status_code == 200


def test_a_sign_in_that_fails_after_such_a_change_leaves_no_session(ada):
    def forget_and_fail(session, **event):
        session.pk = None
        raise TimeoutError

    device = Device()
    device.client.raise_request_exception = False
    with receiving(forget_and_fail, user_logged_in, of=None):
        answer = device.post("token/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
    assert answer.status_code == 500
    assert not Session.objects.exists()


@pytest.mark.parametrize("signal", [records_ending, records_ended], ids=["ending", "ended"])
def test_the_records_cannot_be_changed(laptop, signal):
    """They are what the app's own receivers read."""
    heard = []
    with receiving(lambda records, **event: heard.append(records), signal, of=Session):
        assert laptop.sign_out().status_code == 204
    assert [type(records) for records in heard] == [tuple]


def exchange_user(bob):
    def change(session=None, actor=None, user=None, **event):
        for person in (session and session.user, session and session.actor, actor, user):
            if person is not None:
                person.pk = bob.pk

    return change


SENT_AT_A_SIGN_IN = [session_started, user_logged_in, sessions_ending, sessions_ended, access_token_issuing]


class TestWhoseTokenItIs:
    """A service that checks the signature alone would take Ada for Bob."""

    @pytest.mark.parametrize("signal", SENT_AT_A_SIGN_IN)
    def test_at_a_sign_in(self, ada, bob, laptop, settings, signal):
        """Which ends another session: ``actor`` of ``sessions_ending`` is the user for whom the token is issued."""
        settings.AUTH_SESSIONS_MAX_PER_USER = 1
        before = claims_of_people(laptop)
        with receiving(exchange_user(bob), signal, of=None):
            device = Device().sign_in(ada)
        assert claims_of_people(device) == before

    @pytest.mark.parametrize("signal", [session_moved, access_token_issuing])
    def test_at_a_refresh(self, bob, laptop, signal):
        before, moved = claims_of_people(laptop), Device(IPHONE)
        moved.refresh_token = laptop.refresh_token
        with receiving(exchange_user(bob), signal, of=None):
            assert moved.refresh().status_code == 200
        assert claims_of_people(moved) == before

    @pytest.mark.parametrize("signal", [session_started, user_logged_in, access_token_issuing])
    def test_of_somebody_who_acts(self, ada, bob, grace, staff_device, signal):
        """Nor can ``act`` be overwritten (RFC 8693, section 4.1)."""
        people = {"user_id": str(ada.pk), "act": {"sub": str(grace.pk)}}

        def change(session, token=None, **event):
            session.actor.pk = session.depends_on.user.pk = session.depends_on.user_id = bob.pk
            if token is not None:
                token["act"]["sub"] = str(bob.pk)

        with receiving(change, signal, of=None):
            device = act(grace, ada, from_device=staff_device)
        claims = read_claims(device.access)
        assert {name: claims[name] for name in people} == people

    def test_of_who_has_signed_out(self, ada, bob, laptop):
        """``user_logged_out`` follows ``sessions_ending``."""
        heard = []

        def hear(user, **event):
            heard.append(user.pk)

        change = exchange_user(bob)
        with receiving(change, sessions_ending, sessions_ended, of=None), receiving(hear, user_logged_out, of=None):
            assert laptop.sign_out().status_code == 204
        assert heard == [ada.pk]

    def test_the_end_is_told_of_who_ended_them(self, ada, bob, laptop):
        heard = []
        with (
            receiving(exchange_user(bob), sessions_ending, of=None),
            receiving(lambda actor, **event: heard.append(actor.pk), sessions_ended, of=None),
        ):
            laptop.sign_out()
        assert heard == [ada.pk]

    @pytest.mark.parametrize("signal", [session_started, user_logged_in])
    def test_how_somebody_signed_in(self, ada, signal):
        """A resource server reads the second factor from it: nobody has given one."""

        def change(session, **event):
            session.amr.append("mfa")

        def copy_methods(token, session, **event):
            token["methods"] = session.amr

        with receiving(change, signal, of=None), receiving(copy_methods, access_token_issuing, of=None):
            device = Device().sign_in(ada)
        assert read_claims(device.access)["methods"] == Session.objects.get().amr == ["pwd"]


def claims_of_people(device):
    return {name: value for name, value in read_claims(device.access).items() if name in {"user_id", "sub", "email"}}


@pytest.mark.usefixtures("_cached")
def test_a_receiver_of_the_cached_check_reads_who_signs_out_without_sql(laptop):
    """Only the primary key of a lazy user is known, and it is enough."""
    heard = []

    def hear(actor, **event):
        with CaptureQueriesContext(connection) as queries:
            heard.append((str(actor.pk), actor.is_active, len(queries)))

    pair = [CachedSessionJWTAuthentication().authenticate(request_of(laptop)) for _ in range(2)]
    user, token = pair[-1]
    assert type(user) is LazyUser
    with receiving(hear, sessions_ending, of=None):
        api.sign_out(token.session)
    assert heard == [(str(user.pk), True, 0)]


def request_of(device):
    return APIRequestFactory().get("/", headers={"Authorization": f"Bearer {device.access}"})


@pytest.mark.usefixtures("unheard", "_cached", "any_transaction_mode")
class TestWhereNobodyListens:
    """Then the rows are read as records, and everything ends as it does otherwise."""

    def test_each_scope(self, ada, bob, laptop, phone, security_log):
        browser, other = Browser().sign_in(ada), Device().sign_in(bob)
        for device in (laptop, phone):
            assert device.fast().status_code == 200
        assert laptop.sign_out("others").status_code == 204
        assert {str(session.pk) for session in Session.objects.all()} == {laptop.session_id, other.session_id}
        assert phone.fast().status_code == phone.refresh().status_code == 401
        assert not browser.is_signed_in()
        phone = Device().sign_in(ada)
        assert phone.sign_out("local").status_code == 204
        assert laptop.fast().status_code == 200
        assert laptop.sign_out().status_code == 204
        assert laptop.fast().status_code == 401
        assert [str(session.pk) for session in Session.objects.all()] == [other.session_id]
        assert len(security_log.of("session_ended")) == 4

    def test_what_depends_on_a_session(self, ada, bob, laptop):
        at_work, at_home = Device().sign_in(bob), Device().sign_in(bob)
        acted = act(bob, ada, from_device=at_work)
        assert at_home.sign_out("others").status_code == 204
        assert {str(each.pk) for each in Session.objects.all()} == {laptop.session_id, at_home.session_id}
        acted = act(bob, ada, from_device=at_home)
        act(bob, ada)
        assert acted.sign_out().status_code == 204
        assert {str(each.pk) for each in Session.objects.all()} == {laptop.session_id, at_home.session_id}

    def test_theft(self, clock, laptop, phone):
        thief = steal(laptop, clock)
        assert code(thief.refresh()) == (401, "refresh_token_already_used")
        assert [str(session.pk) for session in Session.objects.all()] == [phone.session_id]

    def test_where_the_collector_deletes(self, ada, new_models):
        from django.db import models

        kept = with_table(child("Kept", Session, models.SET_NULL, null=True))
        device = Device().sign_in(ada)
        kept.objects.create(key_id=device.session_id)
        assert Session.objects.all().end(reason="revoked") == 1
        assert kept.objects.get().key_id is None


def complete_instances(end):
    """How many instances of sessions, with all their values, are built."""
    built = []

    def note(instance, **kwargs):
        if not instance.get_deferred_fields():
            built.append(instance)

    with receiving(note, post_init, of=Session):
        end()
    return len(built)


def test_instances_are_built_only_for_who_listens(ada, monkeypatch):
    for signal in (sessions_ending, sessions_ended):
        monkeypatch.setattr(signal, "receivers", [])
    costs = []
    for number in (1, 10):
        laptop = [Device().sign_in(ada) for _ in range(number)][-1]
        costs.append(complete_instances(laptop.sign_out))
    assert len(set(costs)) == 1
    laptop = [Device().sign_in(ada) for _ in range(10)][-1]
    with receiving(forget_keys, sessions_ended, of=Session):
        assert complete_instances(laptop.sign_out) == costs[0] + 10
