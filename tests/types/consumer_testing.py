"""The tests of a project, with every name of ``auth_sessions.testing``, for type checkers alone: see ``consumer``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

from django.contrib.auth.models import User
from django.test import Client, TestCase

from auth_sessions import testing
from auth_sessions.testing import Browser, Clock, Device, Response


class AppDevice(Device):
    paths = {"token-refresh": "/auth/renew/"}

    def keep(self, response: Response) -> AppDevice:
        return self.take(response.json()["tokens"]["access"], self.refresh_token)


class DeviceTests(TestCase):
    user: User

    def test_devices(self) -> None:
        phone = AppDevice(user_agent=testing.CHROME_ON_IPHONE).sign_in(
            self.user, amr=["otp"], lifetime=timedelta(days=1)
        )
        assert_type(phone, AppDevice)
        assert_type(phone.steal(user_agent=testing.FIREFOX_ON_MAC), AppDevice)
        assert_type(phone.lose_next_response().refresh(), Response)
        assert_type(phone.session_id, str | None)
        answer = phone.post("/api/notes/", {"text": "x"}, headers={"Prefer": "end-reason"})
        assert_type(answer.json(), Any)
        assert_type(answer.status_code, int)
        assert_type(answer["Content-Type"], str)
        testing.assert_signed_in(phone)
        testing.assert_signed_out_everywhere(self.user)

    def test_browsers(self) -> None:
        browser = Browser(client=Client()).sign_in(self.user, backend="django.contrib.auth.backends.ModelBackend")
        assert_type(browser, Browser)
        assert_type(browser.cookie, str)
        assert_type(browser.sign_out("others"), Response)
        testing.assert_signed_out(browser)

    def test_time(self) -> None:
        with testing.stopped_clock(datetime(2026, 1, 1, tzinfo=UTC)) as clock:
            assert_type(clock, Clock)
            clock.shift(timedelta(days=1))
            clock.shift(60)
