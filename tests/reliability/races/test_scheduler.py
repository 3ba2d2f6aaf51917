"""The scheduler forces an order, and the check finds what goes wrong in one."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import F

from tests.reliability.races.databases import as_configured
from tests.reliability.races.scheduler import Random, Scheduler, Switch

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")


@pytest.fixture
def scheduler(transactional_db):
    with as_configured(isolation="read committed"), Scheduler() as scheduler:
        yield scheduler


@pytest.fixture
def rows(ada):
    return get_user_model().objects.filter(pk=ada.pk)


def named(rows, name):
    return lambda: rows.update(password=name)


def read_and_write(rows, letter):
    """A lost update, where another one writes in between."""

    def call():
        rows.update(password=rows.values_list("password", flat=True).get() + letter)

    return call


def test_each_order_of_two_calls(scheduler, rows):
    """Of two that read first and write then, one is lost unless one is done before the other begins."""
    found = {}
    for k in range(3):
        rows.update(password="")
        trace = scheduler.run([read_and_write(rows, "a"), read_and_write(rows, "b")], Switch(k))
        found[str(trace)] = rows.get().password
    assert found == {"BBAA": "ba", "ABBA": "a", "AABB": "ab"}


def test_one_that_waits_for_a_lock_lets_the_other_go_on(scheduler, rows):
    def hold():
        with transaction.atomic():
            rows.update(password="held")
            rows.update(password=F("password"))

    trace = scheduler.run([hold, named(rows, "later")], Switch(1))
    assert (str(trace), trace.has_waited) == ("ABAA", True)  # the statements of A, B, A, and A's COMMIT
    assert rows.get().password == "later"


def test_a_random_order_is_that_of_its_seed(scheduler, rows):
    calls = [read_and_write(rows, "a"), read_and_write(rows, "b")]
    orders = [[str(scheduler.run(calls, Random(seed))) for seed in range(6)] for _ in range(2)]
    assert orders[0] == orders[1]
    assert len(set(orders[0])) > 1


def test_what_a_call_raises_is_kept(scheduler):
    def fail():
        raise LookupError

    trace = scheduler.run([fail, lambda: 7], Switch(0))
    assert [type(error) for error in trace.errors] == [LookupError, type(None)]
    assert trace.results == [None, 7]
