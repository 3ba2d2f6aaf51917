"""Naive local times (``USE_TZ = False``) when the clocks change: in Zurich, at 01:00 UTC on two Sundays of 2026."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection, connections

from auth_sessions.core.statements import reading, scopes, writing
from auth_sessions.models import Session
from tests.support.acting import act
from tests.support.admin import AdminClient, rows
from tests.support.browser import Browser
from tests.support.device import Device
from tests.support.keys import read_claims
from tests.support.shared_cache import asked
from tests.support.supabase import SupabaseDevice, add_user, needs_email

pytestmark = pytest.mark.slow

BACK, FORWARD = datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)


def forget_compiled_statements():
    """They convert times as ``USE_TZ`` was when they were compiled; a project does not change it."""
    reading._compiled_select.cache_clear()
    reading._compiled_by_keys.cache_clear()
    writing._compiled_insert.cache_clear()
    scopes._compiled_locks.clear()
    reading._compiled_lists.clear()


@pytest.fixture
def local_times(settings):
    settings.USE_TZ, settings.TIME_ZONE = False, "Europe/Zurich"
    settings.AUTH_SESSIONS_IDLE_TIMEOUT = None
    forget_compiled_statements()
    yield
    forget_compiled_statements()


@pytest.fixture
def travel():
    with time_machine.travel(BACK.timestamp(), tick=False) as traveller:  # a datetime would also set the time zone
        yield lambda moment: traveller.move_to(moment.timestamp())


def minutes(number):
    return timedelta(minutes=number)


def ambiguity(moment):
    """How much later a stored moment is understood: it is one of the hour that is repeated."""
    return minutes(60) if BACK - minutes(60) <= moment < BACK else minutes(0)


@pytest.mark.usefixtures("local_times")
@pytest.mark.parametrize("change", [BACK, FORWARD], ids=["back", "forward"])
@pytest.mark.parametrize("start", [-70, -10, -1, 0, 1, 10, 50, 70])
class TestAnHour:
    def test_an_access_token_lasts_its_lifetime(self, ada, travel, change, start):
        moment = change + minutes(start)
        travel(moment)
        device = Device().sign_in(ada)
        lifetime = django_settings.SIMPLE_JWT if hasattr(django_settings, "SIMPLE_JWT") else {}
        lifetime = lifetime.get("ACCESS_TOKEN_LIFETIME", minutes(5))
        assert read_claims(device.access)["exp"] == int((moment + lifetime).timestamp())
        travel(moment + lifetime - timedelta(seconds=2))
        assert device.is_signed_in()
        travel(moment + lifetime)
        assert not device.is_signed_in()

    def test_a_refresh_is_not_taken_for_reuse(self, ada, travel, change, start):
        moment = change + minutes(start)
        travel(moment)
        device = Device().sign_in(ada)
        for _ in range(4):  # each answer but the last is lost
            tab = device.copy()
            assert tab.refresh().status_code == 200
            moment += timedelta(seconds=5)
            travel(moment)
            assert device.refresh().status_code == 200
            assert device.refresh_token == tab.refresh_token
            moment += minutes(4)
            travel(moment)
            assert device.is_signed_in()

    def test_a_session_lives_as_long_as_it_should(self, ada, travel, change, start, settings):
        """To the second, unless it ends in the hour that is repeated: then up to an hour longer, and never shorter."""
        settings.AUTH_SESSIONS_LIFETIME = minutes(90)
        moment = change + minutes(start)
        travel(moment)
        device, browser = Device().sign_in(ada), Browser().sign_in(ada)
        travel(moment + minutes(89))
        assert device.refresh().status_code == 200
        assert browser.is_signed_in()
        travel(moment + minutes(90) + ambiguity(moment + minutes(90)))
        assert device.refresh().status_code == 401
        assert not browser.is_signed_in()

    def test_it_is_idle_when_it_is(self, ada, travel, change, start, settings):
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = minutes(30)
        moment = change + minutes(start)
        travel(moment)
        devices = [Device().sign_in(ada), Browser().sign_in(ada)]
        travel(moment + minutes(29))
        assert [device.refresh().status_code for device in devices] == [200, 200]
        travel(moment + minutes(29 + 30) + ambiguity(moment + minutes(29)))
        assert [device.refresh().status_code for device in devices] == [401, 401]

    def test_who_goes_on_using_it_stays(self, ada, travel, change, start, settings):
        """An earlier use, whose local time is a later one, does not hide the last one."""
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = minutes(15)
        moment = change + minutes(start)
        travel(moment)
        devices = [Device().sign_in(ada), Browser().sign_in(ada)]
        for number in range(12):
            moment += minutes(10)
            travel(moment)
            assert [device.refresh().status_code for device in devices] == [200, 200]
            if number % 3 == 2:
                assert [device.me().status_code for device in devices] == [200, 200]

    def test_who_goes_on_acting_stays(self, make_user, travel, change, start, settings):
        """It is use of the session from which they act, which is not touched otherwise."""
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = minutes(15)
        moment = change + minutes(start)
        travel(moment)
        own = Device().sign_in(grace := make_user("grace"))
        helping = act(grace, make_user("ada"), from_device=own)
        for _ in range(10):
            moment += minutes(10)
            travel(moment)
            assert helping.refresh().status_code == 200
        assert own.refresh().status_code == 200

    def test_what_is_live_is_listed(self, ada, travel, change, start, settings):
        """A list, in SQL, leaves out nothing that a request accepts."""
        settings.AUTH_SESSIONS_IDLE_TIMEOUT, settings.AUTH_SESSIONS_LIFETIME = minutes(30), minutes(100)
        moment = change + minutes(start)
        travel(moment)
        devices = [Device().sign_in(ada), Browser().sign_in(ada)]
        for _ in range(4):
            moment += minutes(20)
            travel(moment)
            for device in devices:
                assert device.refresh().status_code == 200
                assert device.get("sessions/current/").status_code == 200
                assert len(device.sessions()) == 2
            assert not Session.objects.all().not_live().exists()


@pytest.mark.usefixtures("local_times")
@pytest.mark.parametrize("start", [-30, 10, 30])
def test_a_browser_that_saves_its_data_stays_for_the_lifetime(ada, travel, start, settings):
    settings.AUTH_SESSIONS_LIFETIME = minutes(90)
    moment = BACK + minutes(start)
    travel(moment)
    browser = Browser().sign_in(ada)
    travel(moment + minutes(5))
    browser.page("/basket/")
    travel(moment + minutes(89))
    assert browser.is_signed_in()
    travel(moment + minutes(90) + minutes(60) * (start < 0))
    assert not browser.is_signed_in()


@pytest.fixture
def database_in_zurich(db, monkeypatch):
    """``DATABASES`` with a ``TIME_ZONE``, for an older database: with ``USE_TZ``, all that is read is in that zone."""

    def reconnect():
        connection.close()
        for name in ("timezone", "timezone_name"):
            vars(connections[connection.alias]).pop(name, None)
        forget_compiled_statements()

    with monkeypatch.context() as changed:
        changed.setitem(connection.settings_dict, "TIME_ZONE", "Europe/Zurich")
        reconnect()
        yield
    reconnect()


@pytest.mark.usefixtures("database_in_zurich")
@pytest.mark.parametrize("change", [BACK, FORWARD], ids=["back", "forward"])
def test_a_lifetime_is_no_hour_off_in_the_time_zone_of_a_database(ada, travel, change, settings):
    settings.AUTH_SESSIONS_LIFETIME, settings.SESSION_COOKIE_AGE = timedelta(days=5), 10 * 86400
    travel(change - timedelta(days=2))
    browser = Browser().sign_in(ada)
    travel(change - timedelta(days=1))
    browser.page("/basket/")
    session = Session.objects.get()
    assert session.expires_at.astimezone(UTC) - session.created_at.astimezone(UTC) == timedelta(days=5)


@needs_email
@pytest.mark.usefixtures("local_times")
@pytest.mark.parametrize("start", [10, 30])
def test_the_time_of_a_sign_in_stays_in_the_token(make_user, travel, start):
    """``amr`` of the Supabase API, in the second of the two hours, as it was and as it is read."""
    moment = BACK + minutes(start)
    travel(moment)
    add_user(make_user)
    device = SupabaseDevice().sign_in()
    assert read_claims(device.access)["amr"][0]["timestamp"] == moment.timestamp()
    travel(moment + minutes(70))
    device.refresh()
    assert read_claims(device.access)["amr"][0]["timestamp"] == moment.timestamp()


@pytest.mark.usefixtures("local_times", "shared_cache")
@pytest.mark.parametrize("change", [BACK, FORWARD], ids=["back", "forward"])
@pytest.mark.parametrize("start", [-70, -50, -10, 0, 10, 50])
def test_the_cached_check_costs_no_more(ada, travel, change, start):
    """A session that was used a moment ago is accepted from the cache, also in the second of the two hours."""
    travel(change + minutes(start))
    device = Device().sign_in(ada)
    device.fast()
    travel(change + minutes(start) + timedelta(seconds=20))
    assert asked(device.fast) == ([], ["get"])


@pytest.mark.usefixtures("local_times")
@pytest.mark.parametrize("change", [BACK, FORWARD], ids=["back", "forward"])
@pytest.mark.parametrize("start", [10, 30, 50])
def test_the_filter_by_last_use(ada, grace, travel, change, start):
    """Forty minutes ago is in the past hour."""
    moment = change + minutes(start)
    travel(moment - minutes(40))
    Device().sign_in(ada)
    travel(moment)
    found = rows(AdminClient(grace).get(used="hour", kind__exact="token"))
    assert [row[0] for row in found] == [ada.get_username()]
