"""A sample of the pairs, and those in which a fault was found; all of them: ``python -m tests.reliability.races``."""

import random
import time

import pytest
from django.db import connection

from tests.reliability.races.databases import connected
from tests.reliability.races.interleavings import all_pairs
from tests.reliability.races.scheduler import Random, Switch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]

SECONDS = 3
"""For each mode."""

FAULTS = {
    "a refused token of a deleted user": ("revokeauthsessions", "user deleted"),
    "an event of a deleted user": ("refresh elsewhere", "user deleted"),
    "a deadlock of a login": ("new password", "browser login again"),
    "an entry locked before its session": ("new password saved", "browser request"),
    "a kept device signed out": ("new password, one kept", "reauthentication"),
}
"""What was found, by the pair of operations; each is tried at every statement."""

MODES = [(isolation, atomic) for isolation in ("read committed", "repeatable read") for atomic in (False, True)]


@pytest.fixture(params=MODES, ids=lambda mode: f"{mode[0]}, {'atomic requests' if mode[1] else 'autocommit'}")
def races(request, transactional_db):
    isolation, atomic_requests = request.param
    with connected(isolation=isolation, atomic_requests=atomic_requests) as races:
        yield races


def test_a_sample_of_the_pairs(races, record_property):
    """Each at a statement of its first operation, and at random; by the clock, since machines differ."""
    seed = random.randrange(1_000_000)
    chosen, pairs, outcomes = random.Random(seed), all_pairs(), []
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends or len(outcomes) < 10:
        pair, number = chosen.choice(pairs), len(outcomes)
        schedule = Switch(chosen.randrange(15)) if number % 2 else Random(seed + number)
        outcomes.append(races.run(pair, schedule))
    record_property("message", f"{len(outcomes)} interleavings, seed {seed}")
    failures = [str(outcome) for outcome in outcomes if outcome.problems]
    assert not failures, "\n".join([f"seed {seed}", *failures])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("races", MODES[1:2], indirect=True)
def test_what_was_found(races, fault):
    failures = [str(outcome) for outcome in races.switches(FAULTS[fault]) if outcome.problems]
    assert not failures, "\n".join(failures)
