"""When a cache that fails, or is slow, is called again."""

import pytest

from auth_sessions.core import circuit_breaker
from auth_sessions.core.circuit_breaker import CircuitBreaker

pytestmark = pytest.mark.any_database

SLOW, PAUSE = 0.1, 5.0
"""Seconds."""


class Clock:
    now = 0.0

    def answer(self, seconds):
        """That of a cache which takes so long."""
        self.now += seconds
        return "an entry"


@pytest.fixture
def time(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(circuit_breaker, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def breaker(time):
    """Of a cache that has answered before."""
    breaker = CircuitBreaker()
    breaker.call(time.answer, 0)
    return breaker


def fail():
    raise ConnectionError("nobody is there")


def test_a_cache_that_answers_is_always_called(breaker, time):
    for seconds in (0, SLOW / 2, 0):
        assert breaker.allows_call()
        assert breaker.call(time.answer, seconds) == "an entry"
    assert breaker.allows_call()


def test_one_that_fails_is_tried_once_in_each_pause(breaker, time, caplog):
    assert breaker.call(fail, on_error="the database") == "the database"
    assert "ConnectionError: nobody is there" in caplog.text
    for _ in range(3):
        assert not breaker.allows_call()
        time.now += PAUSE - 1
        assert not breaker.allows_call()
        time.now += 1
        assert [breaker.allows_call() for _ in range(3)] == [True, False, False]
    assert len(caplog.records) == 1
    breaker.call(time.answer, 0)
    assert [breaker.allows_call() for _ in range(3)] == [True, True, True]


@pytest.mark.parametrize(("seconds", "is_slow"), [(SLOW, False), (SLOW + 0.001, True)])
def test_how_long_an_answer_may_take(breaker, time, caplog, seconds, is_slow):
    assert breaker.call(time.answer, seconds) == "an entry"
    assert breaker.allows_call() is not is_slow
    assert len(caplog.records) == is_slow


def test_the_first_answer_may_be_slow(time):
    breaker = CircuitBreaker()
    breaker.call(time.answer, 3)
    assert breaker.allows_call()
    breaker.call(time.answer, 3)
    assert not breaker.allows_call()


def test_a_write_may_be_slow_but_closes_nothing(breaker, time):
    breaker.call(time.answer, 3, may_be_slow=True)
    assert breaker.allows_call()
    breaker.call(fail)
    breaker.call(time.answer, 3, may_be_slow=True)
    assert not breaker.allows_call()


def test_it_is_held_open_whatever_succeeds(breaker, time):
    breaker.hold_open(0.5)
    breaker.hold_open(0.25)
    breaker.call(time.answer, 0)
    assert not breaker.allows_call()
    time.now += 0.25
    assert not breaker.allows_call()
    time.now += 0.25
    assert [breaker.allows_call() for _ in range(2)] == [True, True]


def test_a_failure_lasts_longer_than_what_held_it_open(breaker, time):
    breaker.hold_open(PAUSE / 2)
    breaker.call(fail)
    time.now += PAUSE / 2
    assert not breaker.allows_call()
    time.now += PAUSE / 2
    assert [breaker.allows_call() for _ in range(2)] == [True, False]
