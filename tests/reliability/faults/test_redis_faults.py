"""A Redis fails at each step of a sign-in, a cached request and a sign-out.

A signed-out token is accepted for no longer than ``AUTH_SESSIONS_CACHE_TTL``, nobody else is refused, and nobody waits.
"""

import time
from contextlib import contextmanager

import pytest

from auth_sessions.core import session_cache
from tests.host.caches import Shared
from tests.support.device import PASSWORD, Device
from tests.support.redis_faults import FAULTS, TIMEOUT, cache_settings, comes_back, fault_of
from tests.support.shared_cache import BOUND

pytestmark = [pytest.mark.integration, pytest.mark.any_database]

LONGEST = 10 * TIMEOUT
"""Seconds that an answer may take on a busy machine: a sign-out asks a cache that has failed three times at most."""


@pytest.fixture
def server(settings, own_redis, patient_breaker):
    settings.CACHES, settings.AUTH_SESSIONS_CACHE = cache_settings(own_redis), "shared"
    Shared.asked = []
    yield own_redis
    Shared.before = None


@contextmanager
def before_step(number, fail):
    """The fault begins before the cache is asked for the n-th time or after the block. Yields what was reached."""
    reached, Shared.asked = [], []

    def count(operation):
        if len(Shared.asked) == number:
            reached.append(operation)
            fail()

    Shared.before = count
    yield reached
    Shared.before = None
    if not reached:
        fail()


def timed(call):
    began = time.monotonic()
    response = call()
    assert time.monotonic() - began < LONGEST
    return response.status_code


OPERATIONS = {
    "sign-in": (lambda laptop, phone, bob: Device().post("token/", bob), {200}),
    "first request": (lambda laptop, phone, bob: phone.fast(), {200}),
    "cached request": (lambda laptop, phone, bob: laptop.fast(), {200}),
    "sign-out, local": (lambda laptop, phone, bob: laptop.sign_out("local"), {204}),
    "sign-out, global": (lambda laptop, phone, bob: phone.sign_out(), {204}),
    "sign-out, others": (lambda laptop, phone, bob: phone.sign_out("others"), {204}),
}


def check(operation, laptop, phone, bystander, clock):
    """When the fault is mended: within the bound, and after it. Whether a signed-out token was accepted within it."""
    is_ended = operation.startswith("sign-out")
    others_end = operation in {"sign-out, local", "sign-out, others"}
    assert timed(bystander.fast) == 200
    accepted = timed(laptop.fast)
    assert accepted in ({200, 401} if is_ended else {200})
    is_late = is_ended and accepted == 200
    clock.shift(BOUND)
    comes_back()
    assert timed(laptop.fast) == (401 if is_ended else 200)
    assert timed(phone.fast) == (200 if others_end or not is_ended else 401)
    assert timed(bystander.fast) == 200
    return is_late


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", [*FAULTS, "failed over"])
def test_at_each_step(server, clock, ada, bob, operation, fault, record_property):  # noqa: PLR0917
    """From the first step on, and from a later one, until the operation is through before it is reached."""
    call, expected = OPERATIONS[operation]
    credentials = {bob.USERNAME_FIELD: bob.get_username(), "password": PASSWORD}
    late = 0
    for step in range(1, 10):
        laptop, phone, bystander = (Device().sign_in(user) for user in (ada, ada, bob))
        comes_back()
        session_cache.breaker.has_answered = True
        assert [laptop.fast().status_code, bystander.fast().status_code] == [200, 200]
        with fault_of(server, fault) as (fail, mend):
            with before_step(step, fail) as is_reached:
                assert timed(lambda: call(laptop, phone, credentials)) in expected  # noqa: B023 - called at once
            assert timed(laptop.fast) in {200, 401}
            mend()
            comes_back()
            late += check(operation, laptop, phone, bystander, clock)
        if not is_reached:
            break
    assert step > (operation != "sign-in")
    record_property("message", f"{step} steps, {late} times accepted within the bound")
