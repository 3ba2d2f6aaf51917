"""Under each preset a session ends in time, whatever carries it and whatever a sign-in asks for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from auth_sessions import api
from auth_sessions.conf import conf
from auth_sessions.models import Session
from auth_sessions.presets import PRESETS
from tests.support.browser import Browser
from tests.support.checks import findings, messages
from tests.support.device import Device
from tests.support.host import has_browsers

SECOND = timedelta(seconds=1)
EARLIER = timedelta(seconds=90)
"""Less than what ``last_seen_at`` may be behind: a session is never idle too late, and may be this much too early."""

LIMITS = {
    "aal1": (timedelta(days=30), None),
    "aal2": (timedelta(hours=24), timedelta(hours=1)),
    "aal3": (timedelta(hours=12), timedelta(minutes=15)),
}
"""The longest session, and the longest time without use (NIST SP 800-63B-4, sections 2.1.3, 2.2.3 and 2.3.3)."""

KINDS = [
    Device,
    pytest.param(Browser, marks=pytest.mark.skipif(not has_browsers(), reason="no browser sessions")),
]


def is_used(device):
    """A refresh, or a browser's request."""
    return device.refresh().status_code == 200


@pytest.fixture(params=LIMITS)
def limits(request, settings):
    settings.AUTH_SESSIONS_PRESET = request.param
    settings.SESSION_COOKIE_AGE = 100 * 86400
    return LIMITS[request.param]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_in_time_however_much_it_is_used(ada, clock_from_now, limits, kind):
    overall, inactivity = limits
    device, begun = kind().sign_in(ada), Session.objects.get().created_at
    step = (inactivity or timedelta(days=10)) / 2
    for _ in range(int(overall / step) - 1):
        clock_from_now.shift(step)
        assert is_used(device)
    clock_from_now.shift(begun + overall - SECOND - timezone.now())
    assert is_used(device)
    clock_from_now.shift(begun + overall - timezone.now())
    assert not device.is_signed_in()
    assert not is_used(device)


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_in_time_without_use(ada, clock_from_now, limits, kind):
    _, inactivity = limits
    device = kind().sign_in(ada)
    if inactivity is None:
        assert timedelta(days=14) == conf.AUTH_SESSIONS_IDLE_TIMEOUT  # which this level does not ask for
        return
    clock_from_now.shift(inactivity - EARLIER)
    assert is_used(device)
    clock_from_now.shift(inactivity)
    assert not device.is_signed_in()
    assert not is_used(device)


@pytest.mark.parametrize("lifetime", [None, timedelta(days=90)], ids=str)
def test_no_sign_in_is_longer(ada, clock_from_now, limits, lifetime):
    session = api.sign_in_user(ada, lifetime=lifetime).session
    assert session.expires_at - session.created_at == limits[0]


def test_a_sign_in_may_be_shorter(ada, clock_from_now, limits):
    session = api.sign_in_user(ada, lifetime=timedelta(minutes=5)).session
    assert session.expires_at - session.created_at == timedelta(minutes=5)


def test_without_a_preset_a_sign_in_may_be_longer(ada, clock_from_now):
    assert api.sign_in_user(ada, lifetime=None).session.expires_at is None
    session = api.sign_in_user(ada, lifetime=timedelta(days=90)).session
    assert session.expires_at - session.created_at == timedelta(days=90)


def test_a_setting_wins_over_the_preset(settings):
    settings.AUTH_SESSIONS_PRESET, settings.AUTH_SESSIONS_LIFETIME = "aal2", timedelta(hours=8)
    assert timedelta(hours=8) == conf.AUTH_SESSIONS_LIFETIME
    assert timedelta(hours=1) == conf.AUTH_SESSIONS_IDLE_TIMEOUT


def test_a_preset_that_does_not_exist_changes_nothing(settings):
    settings.AUTH_SESSIONS_PRESET = ["aal2"]
    assert timedelta(days=30) == conf.AUTH_SESSIONS_LIFETIME


@pytest.mark.any_database
@pytest.mark.django_db
class TestE055:
    @pytest.mark.parametrize("preset", PRESETS)
    def test_what_a_preset_allows(self, preset):
        assert findings(AUTH_SESSIONS_PRESET=preset, **PRESETS[preset]) == []
        assert findings(AUTH_SESSIONS_PRESET=preset, AUTH_SESSIONS_LIFETIME=timedelta(hours=2)) == []

    @pytest.mark.parametrize("name", ["AUTH_SESSIONS_LIFETIME", "AUTH_SESSIONS_IDLE_TIMEOUT"])
    @pytest.mark.parametrize("longer", [True, None])
    def test_what_it_does_not(self, name, longer):
        value = longer and PRESETS["aal3"][name] + SECOND
        [message] = messages(AUTH_SESSIONS_PRESET="aal3", **{name: value})
        assert message.id == "auth_sessions.E055"
        assert name in message.msg
        assert "'aal3'" in message.msg

    def test_a_level_without_a_limit_of_idleness(self):
        assert findings(AUTH_SESSIONS_PRESET="aal1", AUTH_SESSIONS_IDLE_TIMEOUT=None) == []
