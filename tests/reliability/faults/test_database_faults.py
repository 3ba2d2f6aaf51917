"""The connection is cut, or the process killed, at some points of every door; the command tries all of them."""

import pytest
from django.db import connection

from tests.reliability.faults.doors import DOORS
from tests.reliability.faults.trial import Trial
from tests.reliability.faults.world import needs_everything, world

pytestmark = [pytest.mark.slow, needs_everything, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("kind", "number"), [("cuts", 2), ("kills", 1)])
def test_every_door(kind, number):
    if kind == "cuts" and connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection that could be cut")
    wrong, faults = [], 0
    with world() as made:
        for door in DOORS.values():
            tally = getattr(Trial(made, door), kind)(number)
            wrong, faults = wrong + tally.wrong, faults + tally.faults
    assert wrong == []
    assert faults >= number * len(DOORS)
