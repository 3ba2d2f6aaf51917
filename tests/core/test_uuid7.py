import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from auth_sessions.db.uuid7 import uuid7
from auth_sessions.models import Session

pytestmark = pytest.mark.any_database

MANY = 5_000


def milliseconds(value):
    return value.int >> 80


def moment(value):
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(milliseconds=milliseconds(value))


def tomorrow():
    """Later than every key made so far, also by a test that moved the clock; on the full second."""
    return moment(uuid7()).replace(microsecond=0) + timedelta(days=1)


def test_is_an_rfc_9562_uuid_of_version_7():
    made = [uuid7() for _ in range(MANY)]
    assert {value.version for value in made} == {7}
    assert {value.variant for value in made} == {uuid.RFC_4122}


def test_each_is_greater_than_the_one_before():
    made = [uuid7() for _ in range(MANY)]
    assert made == sorted(set(made))


def test_the_text_sorts_as_the_number_does():
    made = [str(uuid7()) for _ in range(MANY)]
    assert made == sorted(made)


@pytest.fixture
def hasty_threads():
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.slow
def test_threads_get_different_ones_and_each_sees_its_own_grow(hasty_threads):
    with ThreadPoolExecutor(max_workers=8) as pool:
        runs = list(pool.map(lambda _: [uuid7() for _ in range(4 * MANY)], range(8)))
    assert all(run == sorted(run) for run in runs)
    assert len({value for run in runs for value in run}) == 32 * MANY


def test_one_made_in_another_thread_after_mine_is_greater_than_mine():
    with ThreadPoolExecutor(max_workers=1) as pool:
        for _ in range(500):
            mine = uuid7()
            assert pool.submit(uuid7).result() > mine


def test_carries_the_time_of_the_clock():
    noon = tomorrow()
    with time_machine.travel(noon, tick=False):
        assert moment(uuid7()) == noon


def test_grows_within_one_millisecond():
    with time_machine.travel(tomorrow(), tick=False):
        made = [uuid7() for _ in range(MANY)]
    assert len({milliseconds(value) for value in made}) == 1
    assert made == sorted(set(made))


def test_a_clock_that_was_set_back_does_not_turn_the_order():
    noon = tomorrow()
    with time_machine.travel(noon, tick=False):
        before = uuid7()
    with time_machine.travel(noon - timedelta(hours=1), tick=False):
        after = [uuid7() for _ in range(MANY)]
    assert [before, *after] == sorted({before, *after})
    assert moment(after[-1]) == noon


def test_each_millisecond_begins_with_fresh_random_bits():
    tails = []
    for _ in range(20):
        with time_machine.travel(tomorrow(), tick=False):
            tails.append(uuid7().int & (1 << 62) - 1)
    assert len(set(tails)) == len(tails)
    assert tails != sorted(tails)


def test_a_session_is_keyed_by_one():
    before = time.time_ns() // 1_000_000
    assert Session().pk.version == 7
    assert milliseconds(Session().pk) >= before
