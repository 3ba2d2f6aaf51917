"""Who is signed out by reuse detection and which thief it finds, under each policy: histories told step by step."""

from datetime import timedelta

import jwt
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.models import RefreshToken, Session
from tests.support.device import code
from tests.support.statements import statements

REUSED = (401, "refresh_token_already_used")

pytestmark = pytest.mark.usefixtures("rest_only")


@pytest.fixture(params=["confirmed", "strict", "lenient"])
def policy(request, settings):
    settings.AUTH_SESSIONS_REUSE_POLICY = request.param
    return request.param


def row():
    return RefreshToken.objects.get()


def is_alive():
    return Session.objects.exists()


class TestHeld:
    """The current token, presented again within the interval of its rotation, is given again as it is."""

    def test_it_is_the_same_refresh_token_with_a_new_access_token(self, clock, laptop, policy):
        laptop.refresh()
        held, rotated_at = laptop.copy(), row().rotated_at
        clock.shift(9)
        assert laptop.refresh().status_code == 200
        assert laptop.refresh_token == held.refresh_token
        assert laptop.access != held.access
        assert issued_at(laptop) == issued_at(held) + 9
        assert (row().generation, row().rotated_at) == (1, rotated_at)

    def test_the_interval_does_not_slide(self, clock, laptop, policy):
        laptop.refresh()
        for _ in range(2):
            clock.shift(6)
            laptop.refresh()
        assert row().generation == 2

    def test_its_last_second_is_held_and_the_next_rotates(self, clock, laptop, policy):
        laptop.refresh()
        clock.shift(10)
        laptop.refresh()
        assert row().generation == 1
        clock.shift(0.001)
        laptop.refresh()
        assert row().generation == 2

    def test_the_first_generation_rotates_at_once(self, clock, laptop, policy):
        laptop.refresh()
        assert row().generation == 1

    def test_it_costs_one_select_and_one_update_at_most(self, clock, laptop):
        laptop.refresh()
        costs = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                laptop.refresh()
            costs.append(statements(queries))
        assert costs == [["SELECT", "UPDATE"], ["SELECT"]]

    def test_it_shows_that_the_child_was_kept(self, clock, laptop):
        parent = laptop.copy()
        laptop.refresh()
        clock.shift(1)
        laptop.refresh()
        assert Session.objects.get().confirmed_generation == 1
        clock.shift(10)
        assert code(parent.refresh()) == REUSED

    def test_the_parent_is_good_meanwhile(self, clock, laptop, policy):
        tab = laptop.copy()
        laptop.refresh()
        laptop.refresh()
        clock.shift(10)
        assert tab.refresh().status_code == 200
        assert tab.refresh_token == laptop.refresh_token


def issued_at(device):
    return jwt.decode(device.access, options={"verify_signature": False})["iat"]


@pytest.mark.slow
@pytest.mark.any_database
class TestHonestHistories:
    """Nobody of these is taken for a thief."""

    @pytest.mark.parametrize("pause", [1, 10, 10.001, 11, 12, 60, 3600])
    def test_a_server_that_never_keeps_the_pair(self, clock, laptop, pause, settings):
        """It refreshes with the one token that its cookie holds, and uses the access token at once, for ever."""
        settings.AUTH_SESSIONS_LIFETIME = None
        for _ in range(100):
            page = laptop.copy()
            assert page.refresh().status_code == 200
            assert page.me().status_code == 200
            clock.shift(pause)
        assert row().generation == 1
        assert Session.objects.get().confirmed_generation == 0

    @pytest.mark.parametrize("seconds", [0, 1, 10])
    def test_a_use_within_the_interval_after_the_access_token_s_issue(self, clock, laptop, seconds):
        """By a page that renders for long; ``iat`` has whole seconds, hence one more."""
        clock.shift(0.999)
        for _ in range(3):
            page = laptop.copy()
            page.refresh()
            clock.shift(seconds)
            assert page.me().status_code == 200
            clock.shift(60)
        assert laptop.refresh().status_code == 200

    @pytest.mark.parametrize("ahead", [0, 5, 30])
    def test_a_clock_that_is_ahead_by_the_leeway(self, clock, laptop, settings, ahead):
        """The server that is asked is ahead of the one that issued the token."""
        settings.SIMPLE_JWT = {"LEEWAY": 30}
        page = laptop.copy()
        page.refresh()
        clock.shift(11 + ahead)
        assert page.me().status_code == 200
        clock.shift(3600)
        assert laptop.refresh().status_code == 200

    @pytest.mark.parametrize("interval", [1, 10])
    def test_tabs_that_refresh_at_every_call(self, clock, laptop, settings, interval, policy):
        """Three tabs with one store each write their answer up to 1.5 s late, over one another's."""
        settings.AUTH_SESSIONS_REUSE_INTERVAL = timedelta(seconds=max(interval, 2))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=1)}
        shared, late = laptop, []
        for step in range(100):
            tab = shared.copy()
            assert tab.refresh().status_code == 200, f"step {step}"
            assert tab.me().status_code == 200
            late.append((step + (1, 3, 2)[step % 3], tab))
            for due, other in [each for each in late if each[0] <= step]:
                shared.access, shared.refresh_token = other.access, other.refresh_token
                late.remove((due, other))
            clock.shift(0.5)
        assert row().generation < 100 * 0.5 / max(interval, 2) + 2

    def test_fifty_calls_in_the_last_ninety_seconds_of_an_access_token(self, clock, laptop, policy):
        """Supabase's ``getSession()`` refreshes at each call then."""
        for _ in range(50):
            assert laptop.refresh().status_code == 200
            clock.shift(90 / 50)
        assert row().generation <= 9

    def test_a_token_that_was_current_within_the_interval(self, clock, laptop, policy):
        """Whatever the others do meanwhile, and however they use what they get."""
        for _ in range(20):
            old = laptop.copy()
            for _ in range(4):
                laptop.refresh()
                laptop.me()
                clock.shift(2.5)
            assert old.refresh().status_code == 200
            clock.shift(0.1)


class TestThieves:
    """One who copied the store presents the parent later than the interval after the rotation."""

    def test_the_child_was_used_in_time(self, clock, laptop, policy):
        thief = laptop.copy()
        laptop.refresh()
        clock.shift(12)
        laptop.me()
        assert found(thief) == (policy != "lenient")

    def test_the_child_was_used_at_once_and_never_again(self, clock, laptop, policy):
        """An app that was closed, or a thief in step with the victim: only the strict policy knows no doubt."""
        thief = laptop.copy()
        laptop.refresh()
        laptop.me()
        clock.shift(3600)
        assert found(thief) == (policy == "strict")

    def test_the_child_was_lost(self, clock, laptop, policy):
        """The strict policy signs out whoever never got the answer."""
        laptop.try_refresh()
        clock.shift(11)
        assert found(laptop) == (policy == "strict")

    def test_the_child_was_refreshed(self, clock, laptop, policy):
        thief = laptop.copy()
        for _ in range(2):
            laptop.refresh()
            clock.shift(11)
        assert found(thief)

    def test_the_victim_comes_after_the_thief(self, clock, laptop, policy):
        thief = laptop.copy()
        thief.refresh()
        clock.shift(12)
        thief.me()
        assert found(laptop) == (policy != "lenient")
        assert (thief.me().status_code == 401) == (policy != "lenient")


def found(device):
    """Whether presenting the token ends the session."""
    answer = device.try_refresh()
    is_found = code(answer) == REUSED
    assert is_found or answer.status_code == 200
    assert is_alive() != is_found
    return is_found
