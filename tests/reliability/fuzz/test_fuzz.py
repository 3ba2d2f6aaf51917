"""A small, fixed part of what ``python -m tests.reliability.fuzz`` sends."""

import pytest

from tests.support.nested_runs import usual_host

pytest.importorskip("schemathesis", reason="needs Schemathesis")

from tests.reliability.fuzz.parts import PARTS, run, table

pytestmark = [pytest.mark.slow, pytest.mark.any_database, usual_host, pytest.mark.django_db(transaction=True)]

REQUESTS = {"schema": 500, "tokens": 800, "anything": 400, "signed_out": 2500}


@pytest.mark.parametrize("part", PARTS)
def test_no_request_does_what_it_should_not(part, record_property):
    tally = run(part, REQUESTS[part], seed=0)
    record_property("message", "\n" + table(tally))
    assert tally.requests >= REQUESTS[part]
