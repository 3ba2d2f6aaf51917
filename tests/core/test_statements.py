"""The statements planned once do what the ORM does, on every database and with every user model."""

import uuid

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.db.models import signals
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.core.statements.reading import select_session, select_session_and_user
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import sessions_ending
from auth_sessions.supabase.models import Profile
from tests.support.browser import Browser
from tests.support.device import Device, code
from tests.support.host import has_supabase
from tests.support.related import receiving
from tests.support.sessions import create_browser_row

RELATED = [(), ("user",), ("user", "refresh_token")]


def values(instance):
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


@pytest.fixture
def sessions(ada, settings):
    """A token session and a browser's; one has all that may be there, one as little as possible."""
    settings.AUTH_SESSIONS_LIFETIME = None
    Device().sign_in(ada, device_name="Telefon, „mein“ 📱")
    Session.objects.update(ip_address="2001:db8::1", tag="app", amr=["pwd", "otp"])
    Browser().client.force_login(ada)
    create_browser_row(ada, key="key")
    return list(Session.objects.all())


@pytest.mark.parametrize("related", RELATED)
def test_it_is_what_the_orm_reads(sessions, related):
    for session in sessions:
        expected = Session.objects.select_related(*related or (None,)).get(pk=session.pk)
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                found = select_session(session.pk, *related)
            assert len(queries) == 1
            if "refresh_token" in related and session.kind == "browser":
                assert found is None
                continue
            with CaptureQueriesContext(connection) as queries:
                assert values(found) == values(expected)
                for name in related:
                    assert type(getattr(found, name)) is type(getattr(expected, name))
                    assert values(getattr(found, name)) == values(getattr(expected, name))
                if "refresh_token" in related:
                    assert found.refresh_token.session is found
            assert len(queries) == 0
            assert found._state.db == expected._state.db
            assert not found._state.adding
            assert found.get_deferred_fields() == set()


@pytest.mark.parametrize("scope", ["global", "local", "others"])
def test_a_sign_out_reports_what_the_orm_reads(ada, laptop, make_user, scope):
    create_browser_row(ada, key="key")
    create_session(ada, name="50 % off", tag="app", lifetime=None, amr=("pwd", "otp"))
    create_session(make_user("bob"))
    own = Session.objects.filter(pk=laptop.session_id)
    reached = {"global": ada.auth_sessions.all(), "local": own, "others": ada.auth_sessions.exclude(pk__in=own)}
    expected = [values(session) for session in reached[scope].order_by("pk")]
    left = set(Session.objects.difference(reached[scope]).values_list("pk"))
    received = []

    def receive(sessions, **event):
        received.extend(values(session) for session in sessions)
        assert {session._state.db for session in sessions} == {"default"}
        assert not any(session._state.adding for session in sessions)

    with receiving(receive, sessions_ending, of=Session):
        laptop.sign_out(scope)
    assert len(received) == {"global": 3, "local": 1, "others": 2}[scope]
    assert received == expected
    assert set(Session.objects.values_list("pk")) == left


@pytest.mark.parametrize("related", RELATED)
def test_nobody_is_none(sessions, related):
    assert select_session(uuid.uuid4(), *related) is None


@has_supabase
@pytest.mark.parametrize("has_profile", [True, False])
@pytest.mark.parametrize("related", RELATED[1:])
def test_what_may_be_missing(laptop, ada, related, has_profile):
    """A row that the user may lack is read in the same statement, and so is that there is none."""
    Profile.objects.all().delete()
    profile = Profile.objects.create(user=ada, user_metadata={"name": "Ada"}) if has_profile else None
    with CaptureQueriesContext(connection) as queries:
        found = select_session(laptop.session_id, *related, optional=("user__supabase_profile",))
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert hasattr(found.user, "supabase_profile") == has_profile
        if profile is not None:
            assert values(found.user.supabase_profile) == values(profile)
            assert found.user.supabase_profile.user is found.user
    assert len(queries) == 0


@pytest.fixture
def saved():
    """What Django's signals of saving report: the signal, and the row it is about."""
    received = []

    def receive(*, signal, instance, raw, update_fields, created=None, **event):
        assert not raw
        assert update_fields is None
        before = signal is signals.pre_save
        assert (instance._state.adding, created) == ((True, None) if before else (False, True))
        received.append((signal, instance))

    both = signals.pre_save, signals.post_save
    with receiving(receive, *both, of=Session), receiving(receive, *both, of=RefreshToken):
        yield received


@pytest.mark.parametrize("kind", ["token", "browser"])
def test_what_begins_is_written_and_reported_as_the_orm_would(ada, kind, saved):
    for number in range(2):
        if kind == "token":
            begun = create_session(ada, name="Telefon, „mein“ 📱", tag="50 % off", amr=("pwd", "otp"), lifetime=None)
        else:
            begun = create_browser_row(ada, key=f"key {number}")
        rows = [begun, begun.refresh_token] if kind == "token" else [begun]
        assert saved == [(signal, row) for signal in (signals.pre_save, signals.post_save) for row in rows]
        saved.clear()
        for row in rows:
            stored = type(row).objects.get()
            assert values(stored) == values(row)
            assert stored._state.db == row._state.db
        begun.delete()


def test_a_receiver_that_fails_undoes_it(ada):
    def fail(instance, **event):
        list(get_user_model().objects.select_for_update().filter(pk=ada.pk))
        raise TimeoutError

    with receiving(fail, signals.post_save, of=Session), pytest.raises(TimeoutError):
        create_session(ada)
    assert not Session.objects.exists()


def test_all_is_written_or_nothing(ada):
    def spoil(instance, **event):
        instance.secret = None

    with receiving(spoil, signals.pre_save, of=RefreshToken), pytest.raises(DatabaseError):
        create_session(ada)
    assert not Session.objects.exists()
    assert not RefreshToken.objects.exists()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Foreign keys are always enforced.")
def test_a_user_who_is_gone_without_the_session(laptop, ada):
    """Where a database enforces no foreign key: the session is then not found either."""
    with connection.constraint_checks_disabled():
        get_user_model()._base_manager.filter(pk=ada.pk)._raw_delete(connection.alias)
        assert select_session_and_user(Session.objects.get().pk, ada.pk) == (None, None)
        assert code(laptop.get("sessions/")) == (401, "user_not_found")
        Session.objects.all()._raw_delete(connection.alias)
