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

MODES = [(isolation, atomic) for isolation in ("read committed", "repeatable read") for atomic in (False, True)]

FAULTS = {
    "a refused token of a deleted user": (MODES[0], "revokeauthsessions", "user deleted"),
    "an event of a deleted user": (MODES[0], "refresh elsewhere", "user deleted"),
    "a deadlock of a login": (MODES[1], "new password", "browser login again"),
    "an entry locked before its session": (MODES[1], "new password saved", "browser request"),
    "a kept device signed out": (MODES[2], "new password, one kept", "reauthentication"),
    "a name of what has ended": (MODES[2], "name", "activity reported"),
    "a browser that outlives its app": (MODES[2], "hand-over redeemed", "end of one session"),
}
"""What was found: the mode, and the pair of operations. Each is tried at every statement."""


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


@pytest.mark.parametrize(
    ("races", "pair"), [(mode, tuple(pair)) for mode, *pair in FAULTS.values()], indirect=["races"], ids=list(FAULTS)
)
def test_what_was_found(races, pair):
    failures = [str(outcome) for outcome in races.switches(pair) if outcome.problems]
    assert not failures, "\n".join(failures)
