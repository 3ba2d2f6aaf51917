"""The time is moved by whichever package is installed, for tokens, cookies, caches and rows alike."""

import importlib.util
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from auth_sessions import testing
from auth_sessions.testing import assert_signed_in, assert_signed_out, stopped_clock
from tests.support.host import has_browsers

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def only(monkeypatch):
    """A project that has no other of the two packages."""
    find = importlib.util.find_spec

    def install(*names):
        missing = {"time_machine", "freezegun"} - set(names)
        monkeypatch.setattr(testing.clock, "find_spec", lambda name: None if name in missing else find(name))

    return install


@pytest.mark.parametrize("package", ["time_machine", pytest.param("freezegun", marks=pytest.mark.slow)])
class TestEachPackage:
    @pytest.fixture(autouse=True)
    def _installed(self, package, only):
        pytest.importorskip(package)
        only(package)

    def test_the_time_stands_still_until_it_is_moved(self):
        before = time.time()
        with stopped_clock(MOMENT) as clock:
            assert timezone.now() == timezone.now() == MOMENT
            clock.shift(90)
            clock.shift(timedelta(days=-1))
            assert timezone.now() == MOMENT + timedelta(days=-1, seconds=90)
            assert time.time() == timezone.now().timestamp()
        assert before <= time.time() < before + 60

    def test_what_expires(self, ada):
        with stopped_clock() as clock:
            device = testing.Device().sign_in(ada, lifetime=timedelta(days=2))
            signed = signing.TimestampSigner().sign("x")
            cache.set("x", 1, timeout=60)
            clock.shift(timedelta(minutes=6))
            assert device.get("/api/me/").json()["code"] == "token_not_valid"
            assert cache.get("x") is None
            with pytest.raises(signing.SignatureExpired):
                signing.TimestampSigner().unsign(signed, max_age=60)
            assert device.refresh().status_code == 200
            assert_signed_in(device)
            clock.shift(timedelta(days=2))
            assert_signed_out(device)

    @has_browsers
    def test_a_cookie(self, ada):
        with stopped_clock() as clock:
            browser = testing.Browser().sign_in(ada)
            clock.shift(timedelta(days=13))
            assert_signed_in(browser)
            clock.shift(timedelta(days=2))
            assert_signed_out(browser)


class TestTheLocalTimeZone:
    """In which the naive times of a project without ``USE_TZ`` are."""

    @pytest.fixture(autouse=True)
    def _chicago(self, monkeypatch):
        monkeypatch.setenv("TZ", "America/Chicago")
        time.tzset()
        yield
        monkeypatch.undo()
        time.tzset()

    @pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/Chicago")], ids=str)
    def test_it_stays(self, zone, only):
        only("time_machine")
        with stopped_clock(MOMENT.astimezone(zone)):
            assert timezone.now() == MOMENT
            assert time.localtime().tm_hour == MOMENT.hour - 6
            assert datetime.now().hour == MOMENT.hour - 6  # noqa: DTZ005 - as Django does without USE_TZ
        assert time.tzname[0] == "CST"

    def test_freezegun_does_not_know_it(self, only, settings):
        pytest.importorskip("freezegun")
        only("freezegun")
        settings.USE_TZ = False
        settings.TIME_ZONE = "America/Chicago"
        with pytest.raises(ImproperlyConfigured, match="time-machine"), stopped_clock():
            pass


@pytest.mark.slow
class TestFreezegunOfTheProject:
    def test_within(self):
        freezegun = pytest.importorskip("freezegun")
        with freezegun.freeze_time(MOMENT), stopped_clock() as clock:
            assert timezone.now() == MOMENT
            clock.shift(60)
            assert timezone.now() == MOMENT + timedelta(seconds=60)

    def test_around(self, only):
        """As a decorator of the test, which begins after its fixtures."""
        freezegun = pytest.importorskip("freezegun")
        only("time_machine")
        with stopped_clock() as clock, freezegun.freeze_time(MOMENT):
            clock.shift(0)
            with pytest.raises(RuntimeError, match="has not moved"):
                clock.shift(60)


def test_a_project_that_has_neither(only):
    only()
    with pytest.raises(ImproperlyConfigured, match=r"django-auth-sessions\[testing\]"), stopped_clock():
        pass


def test_a_moment_without_a_time_zone():
    with pytest.raises(ValueError, match="time zone"), stopped_clock(datetime(2026, 11, 24)):  # noqa: DTZ001
        pass
