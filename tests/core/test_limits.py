"""How long a session lives, and how many a user may have."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from auth_sessions import exceptions
from auth_sessions.choices import EndReason
from auth_sessions.core.creation import create_session
from auth_sessions.core.validity import get_end_reason
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device, code
from tests.support.host import has_browsers
from tests.support.sessions import clear_expired

EXPIRED = (401, "session_expired")
DAY = timedelta(days=1)


def reasons(ended):
    """Why sessions ended, one reason for each."""
    return [event["reason"] for event in ended for _ in event["sessions"]]


class TestLifetime:
    def test_the_absolute_end_comes_whatever_the_use(self, clock, laptop, ended):
        for _ in range(29):
            clock.shift(DAY)
            assert laptop.refresh().status_code == 200
        clock.shift(DAY - timedelta(seconds=1))
        assert laptop.refresh().status_code == 200
        clock.shift(1)
        assert code(laptop.me()) == (401, "token_not_valid")
        assert code(laptop.refresh()) == EXPIRED
        assert reasons(ended) == [EndReason.EXPIRED]

    def test_no_access_token_outlives_it(self, clock, laptop, settings):
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = None
        clock.shift(30 * DAY - timedelta(seconds=10))
        laptop.refresh()
        assert laptop.edge().status_code == 200
        clock.shift(10)
        assert laptop.edge().status_code == 401

    def test_without_any_end(self, clock, settings, ada):
        settings.AUTH_SESSIONS_LIFETIME = settings.AUTH_SESSIONS_IDLE_TIMEOUT = None
        laptop = Device().sign_in(ada)
        clock.shift(4000 * DAY)
        assert laptop.refresh().status_code == 200
        assert laptop.sessions()[0]["expires_at"] is None


class TestIdle:
    def test_unused_too_long(self, clock, laptop, ended):
        clock.shift(14 * DAY)
        assert code(laptop.refresh()) == EXPIRED
        assert reasons(ended) == [EndReason.IDLE]

    def test_a_refresh_is_use(self, clock, laptop):
        for _ in range(2):
            clock.shift(14 * DAY - timedelta(seconds=1))
            assert laptop.refresh().status_code == 200

    def test_an_authenticated_request_is_use(self, clock, laptop, settings):
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": 20 * DAY}
        laptop.refresh()
        clock.shift(13 * DAY)
        laptop.me()
        clock.shift(13 * DAY)
        assert laptop.refresh().status_code == 200

    def test_a_shorter_setting_holds_at_once(self, clock, laptop, phone, settings):
        clock.shift(2 * DAY)
        phone.refresh()
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = DAY
        assert [session["id"] for session in phone.sessions()] == [phone.session_id]
        assert code(laptop.refresh()) == EXPIRED


class TestCleanUp:
    def test_it_ends_what_is_over_and_nothing_else(self, clock, make_user, ended):
        ada, bob, eve = make_user("ada"), make_user("bob"), make_user("eve")
        old = create_session(ada, lifetime=DAY)
        idle = create_session(ada)
        changed = create_session(bob)
        inactive = create_session(eve)
        get_user_model().objects.filter(pk=bob.pk).update(password="changed")
        get_user_model().objects.filter(pk=eve.pk).update(is_active=False)
        clock.shift(13 * DAY)
        alive = create_session(ada)
        clock.shift(DAY)
        Session.objects.filter(pk__in=[changed.pk, inactive.pk]).update(last_seen_at=alive.last_seen_at)
        assert old.pk != idle.pk
        assert clear_expired(batch_size=2) == 4
        assert list(Session.objects.all()) == [alive]
        assert sorted(reasons(ended)) == ["expired", "idle", "password_changed", "user_inactive"]

    def test_the_command(self, clock, laptop, capsys):
        clock.shift(31 * DAY)
        call_command("clearauthsessions", batch_size=1)
        assert "1 session" in capsys.readouterr().out
        assert not Session.objects.exists()

    def test_live_and_over_agree(self, clock, ada):
        """The rule in SQL and the rule in Python say the same of every session."""
        for seconds in range(0, 40, 3):
            create_session(ada, lifetime=timedelta(days=seconds) or None)
            clock.shift(DAY)
        live = set(Session.objects.live(user=ada))
        rows = Session.objects.select_related("user", "refresh_token")
        assert live == {row for row in rows if get_end_reason(row, last_used_at=row.last_used_at) is None}
        assert 0 < len(live) < rows.count()


class TestLimit:
    @pytest.fixture(autouse=True)
    def _two(self, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER = 2

    def test_the_least_recently_used_goes(self, clock, ada, ended):
        first, second = Device().sign_in(ada), Device().sign_in(ada)
        clock.shift(60)
        first.refresh()
        third = Device().sign_in(ada)
        assert code(second.me()) == (401, "session_not_found")
        assert first.me().status_code == third.me().status_code == 200
        assert reasons(ended) == [EndReason.LIMIT]

    def test_refuse(self, ada, settings, ended):
        settings.AUTH_SESSIONS_LIMIT_POLICY = "refuse"
        first = Device().sign_in(ada)
        Device().sign_in(ada)
        answer = Device().post("token/", {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD})
        assert code(answer) == (403, "session_limit_reached")
        assert set(answer.json()) == {"detail", "code"}
        first.sign_out("local")
        assert Device().sign_in(ada).me().status_code == 200
        assert reasons(ended) == [EndReason.SIGNED_OUT]

    def test_what_is_over_does_not_count(self, clock, ada, settings):
        settings.AUTH_SESSIONS_LIMIT_POLICY = "refuse"
        Device().sign_in(ada), Device().sign_in(ada)
        clock.shift(14 * DAY)
        assert Device().sign_in(ada).me().status_code == 200

    def test_each_person_by_himself(self, ada, bob):
        devices = [Device().sign_in(user) for user in (ada, bob, ada, bob)]
        assert {device.me().status_code for device in devices} == {200}

    def test_each_tag_by_itself(self, ada, settings):
        settings.AUTH_SESSIONS_LIMIT_BY = "tag"
        for tag in ("web", "web", "tv", "tv", "tv"):
            create_session(ada, tag=tag)
        assert sorted(Session.objects.values_list("tag", flat=True)) == ["tv", "tv", "web", "web"]

    def test_a_lower_limit_is_reached_with_the_next_sign_in(self, ada, settings):
        settings.AUTH_SESSIONS_MAX_PER_USER = 5
        for _ in range(5):
            create_session(ada)
        settings.AUTH_SESSIONS_MAX_PER_USER = 2
        create_session(ada)
        assert Session.objects.count() == 2

    @has_browsers
    def test_a_browser_evicts_under_refuse_too(self, ada, settings):
        settings.AUTH_SESSIONS_LIMIT_POLICY = "refuse"
        for _ in range(2):
            create_session(ada)
        with pytest.raises(exceptions.SessionLimitReached):
            create_session(ada)
        assert Browser().sign_in(ada).is_signed_in()
        assert Session.objects.count() == 2
