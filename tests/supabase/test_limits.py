"""Django's signals of signing in, the lock-out of django-axes, limits of sessions and rates."""

from datetime import timedelta

import pytest
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import connection
from django.utils import timezone

from auth_sessions.models import Session
from tests.support.device import PASSWORD, Device
from tests.support.supabase import (
    CREDENTIALS,
    KEY,
    NO_SESSION,
    NO_TOKEN,
    VERSION,
    SupabaseDevice,
    code,
    needs_email,
    refusal,
)

pytestmark = needs_email


def test_djangos_signals(ada):
    events = []

    def listen(signal, request, user=None, **kwargs):
        events.append((signal, request.path, user == ada))

    for signal in (user_logged_in, user_login_failed, user_logged_out):
        signal.connect(listen)
    device = SupabaseDevice()
    device.try_sign_in(password="wrong")
    device.sign_in()
    device.refresh()
    device.logout("others")
    device.logout("local")
    for signal in (user_logged_in, user_login_failed, user_logged_out):
        signal.disconnect(listen)
    assert events == [
        (user_login_failed, "/auth/v1/token", False),
        (user_logged_in, "/auth/v1/token", True),
        (user_logged_out, "/auth/v1/logout", True),
    ]


def test_the_device_is_remembered(ada, laptop):
    session = Session.objects.get()
    assert (session.kind, session.amr, session.ip_address) == ("token", ["pwd"], "127.0.0.1")
    assert "Firefox" in session.user_agent
    assert KEY not in session.user_agent


@pytest.mark.usefixtures("axes")
class TestAxes:
    @pytest.mark.parametrize("atomic_requests", [False, True])
    def test_the_right_password_comes_too_late(self, ada, monkeypatch, atomic_requests):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
        device = SupabaseDevice()
        for _ in range(3):
            assert refusal(device.try_sign_in(password="wrong")) == CREDENTIALS
        assert refusal(device.try_sign_in()) == CREDENTIALS
        assert not Session.objects.exists()

    def test_the_answer_is_one_that_clients_know(self, ada, settings):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "axes.middleware.AxesMiddleware"]
        device = SupabaseDevice().sign_in()
        for _ in range(4):
            assert refusal(device.try_sign_in(password="wrong")) == CREDENTIALS
        refused = device.update(password="quite-new-1906", current_password=PASSWORD)
        assert refusal(refused)[:2] == (400, "current_password_invalid")

    def test_before_the_limit_it_comes_in_time(self, ada):
        device = SupabaseDevice()
        for _ in range(2):
            device.try_sign_in(password="wrong")
        assert device.try_sign_in().status_code == 200

    @pytest.mark.parametrize("atomic_requests", [False, True])
    @pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    def test_a_body_that_says_it_is_a_form_is_counted(self, ada, monkeypatch, content_type, atomic_requests):
        """The lock-out reads ``request.POST`` when a sign-in fails: nothing in there may keep it from counting."""
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic_requests)
        device = SupabaseDevice()
        padded = b'{"email": "ada@example.org", "password": "wrong", "x": "' + b"&=" * 2000 + b'"}'
        guesses = [
            device.send("POST", "token?grant_type=password", padded, content_type=content_type) for _ in range(4)
        ]
        assert [refusal(guess) for guess in guesses] == [CREDENTIALS] * 4
        assert refusal(device.try_sign_in()) == CREDENTIALS

    @pytest.mark.parametrize("length", [200, 250, 5000])
    def test_a_long_address_is_refused_as_any_other(self, ada, length):
        """The lock-out stores the name that nobody has, in a column of its own."""
        email = f"{'x' * (length - 12)}@example.org"
        for _ in range(2):
            assert refusal(SupabaseDevice().try_sign_in(email)) == CREDENTIALS


class TestLimits:
    def test_the_policy_refuse(self, ada, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER = 2
        settings.AUTH_SESSIONS_LIMIT_POLICY = "refuse"
        first, _ = SupabaseDevice(VERSION).sign_in(), Device().sign_in(ada)
        third = SupabaseDevice(VERSION)
        assert code(third.try_sign_in()) == (403, "session_limit_reached")
        assert first.user().status_code == first.refresh().status_code == 200
        first.logout("local")
        assert third.try_sign_in().status_code == 200
        assert refusal(third.try_sign_in(password="wrong")) == CREDENTIALS

    def test_the_policy_evict_oldest(self, ada, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER = 2
        devices = [SupabaseDevice().sign_in() for _ in range(3)]
        assert refusal(devices[0].user()) == NO_SESSION
        assert refusal(devices[0].refresh()) == NO_TOKEN
        assert [device.user().status_code for device in devices[1:]] == [200, 200]

    @pytest.mark.parametrize("end", ["expired", "idle"])
    def test_the_ends_of_a_session_hold_for_every_call(self, ada, clock, settings, end):
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=99)}
        settings.AUTH_SESSIONS_LIFETIME = None
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(days=1) if end == "idle" else None
        device = SupabaseDevice().sign_in()
        clock.shift(23 * 3600)
        assert device.user().status_code == 200
        clock.shift(24 * 3600)
        if end == "expired":
            Session.objects.update(expires_at=timezone.now())
        for call in (device.user, lambda: device.update(data={}), device.logout, lambda: device.logout("others")):
            assert refusal(call()) == NO_SESSION
        detail = {"expired": "Session Expired", "idle": "Session Expired (Inactivity)"}[end]
        assert refusal(device.refresh()) == (400, "session_expired", f"Invalid Refresh Token: {detail}")
        assert refusal(device.refresh()) == NO_TOKEN


def test_guesses_of_the_current_password_are_throttled(ada, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"auth_sessions_token": "3/hour"}}
    device = SupabaseDevice().sign_in()
    guesses = [device.update(password="quite-new-1906", current_password=f"guess {each}") for each in range(3)]
    assert [guess.status_code for guess in guesses] == [400, 400, 429]
    assert device.user().status_code == 200
