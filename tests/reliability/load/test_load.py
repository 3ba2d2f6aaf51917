"""A small, fixed part of what ``python -m tests.reliability.load`` does."""

import pytest

from tests.reliability.load.clients import run
from tests.reliability.load.doors import DOORS
from tests.reliability.load.fleet import fleet
from tests.reliability.load.report import faults, table
from tests.support.nested_runs import usual_host
from tests.support.servers import or_skipped

REQUESTS, PEOPLE, SECONDS = 1500, 12, 300
"""The time is for a machine that is very busy."""


@pytest.fixture
def processes():
    for module in ("gunicorn", "daphne", "psycopg", "redis"):
        pytest.importorskip(module, reason=f"several processes need {module}")
    with or_skipped(), fleet() as whole:
        yield whole


@pytest.mark.integration
@usual_host
def test_nobody_is_accepted_after_a_sign_out(processes, record_property):
    seen = run(processes, seconds=SECONDS, requests=REQUESTS, seed=0, people=PEOPLE)
    cached = processes.looked_up()
    record_property("message", f"cache: {cached}\n{table(seen)}")
    assert faults(seen) == 0
    assert seen.doors.keys() == {door.name for door in DOORS}
    assert seen.after.total() > 100
    # Or it was the database that both checks asked.
    assert cached["hits"] > seen.accepted["cached", "access token"] / 2
