"""What the cache refuses by itself, and what the database is asked about."""

import json
import logging
from contextlib import nullcontext, suppress
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import DatabaseError, connection, connections, transaction
from django.test import TestCase

from auth_sessions.choices import EndReason
from auth_sessions.core import session_cache
from auth_sessions.models import Session
from tests.support.device import Device, code
from tests.support.shared_cache import BOUND, asked
from tests.support.ways_to_end import OF_BROWSERS, WAYS_TO_END

pytestmark = pytest.mark.usefixtures("shared_cache")

GONE = (401, "session_not_found")

OF_PEOPLE = {EndReason.USER_INACTIVE, EndReason.USER_DELETED}
"""The database answers of the person, not of the session."""


def lines(caplog, call):
    """What the security log says of a call, without what differs from request to request."""
    caplog.clear()
    with caplog.at_level(logging.INFO, "auth_sessions.security"):
        call()
    said = [json.loads(line.getMessage()) for line in caplog.records if line.name == "auth_sessions.security"]
    return [{name: value for name, value in line.items() if name != "datetime"} for line in said]


IN_A_TRANSACTION = {"admin delete"}
"""Of Django's."""


@pytest.mark.parametrize("way", [way for way in WAYS_TO_END if way not in OF_BROWSERS])
def test_as_the_database_would(ada, make_user, laptop, way, caplog):
    laptop.fast()
    end, reason = WAYS_TO_END[way]
    end(laptop, ada, make_user)
    assert lines(caplog, laptop.fast) == lines(caplog, laptop.me)
    assert code(laptop.fast()) == code(laptop.me())
    if reason not in OF_PEOPLE and way not in IN_A_TRANSACTION:
        assert asked(laptop.fast) == ([], ["get"])


def test_a_tombstone_that_may_be_rolled_back(laptop):
    laptop.fast()
    with transaction.atomic():
        Session.objects.all().end(reason="revoked")
        assert asked(laptop.fast) == (["SELECT"], ["get"])
        transaction.set_rollback(True)
    assert laptop.fast().status_code == 200


def by_hand():
    """As django-import-export does after a preview. Django calls what waits for the commit."""
    begin = getattr(transaction, "savepoint_create", None) or transaction.savepoint  # the name from Django 6.1 on
    savepoint = begin()
    Session.objects.all().end(reason="revoked")
    transaction.savepoint_rollback(savepoint)


def by_an_error_that_is_swallowed():
    """PostgreSQL answers COMMIT with ROLLBACK, which is no error of the driver."""
    if connection.vendor != "postgresql":
        pytest.skip("other databases commit")
    Session.objects.all().end(reason="revoked")
    with suppress(DatabaseError):
        connection.cursor().execute("SELECT 1 / 0")


@pytest.mark.parametrize("roll_back", [by_hand, by_an_error_that_is_swallowed])
def test_a_rollback_that_django_does_not_see(laptop, roll_back):
    laptop.fast()
    with transaction.atomic():
        roll_back()
    assert laptop.fast().status_code == 200


def test_without_autocommit(laptop):
    laptop.fast()
    transaction.set_autocommit(False)
    try:
        Session.objects.all().end(reason="revoked")
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert asked(laptop.fast) == (["SELECT"], ["get"])


def test_for_as_long_as_the_tombstone_is_there(laptop, clock):
    laptop.fast()
    laptop.sign_out("local")
    assert asked(laptop.fast) == ([], ["get"])
    clock.shift(BOUND * 2 + timedelta(seconds=1))
    caches["shared"].clear()
    assert asked(laptop.fast) == (["SELECT"], ["get"])
    assert code(laptop.fast()) == GONE


def test_for_the_same_database_alone(laptop, monkeypatch):
    """A copy of the database, such as a staging site's, may share the cache, and has the session still."""
    laptop.fast()
    with monkeypatch.context() as copy:
        copy.setattr(connection, "schema_name", "copy", raising=False)
        laptop.sign_out("local")
    assert asked(laptop.fast) == (["SELECT"], ["get"])


def test_for_the_schema_that_it_was_deleted_in(laptop, monkeypatch):
    """Within one transaction a project may go from tenant to tenant (django-tenants: ``schema_context``)."""
    laptop.fast()
    with transaction.atomic(), monkeypatch.context() as copy:
        copy.setattr(connection, "schema_name", "copy", raising=False)
        Session.objects.all().end(reason="revoked")
        copy.undo()
    assert asked(laptop.fast) == (["SELECT"], ["get"])


@pytest.fixture
def second_alias():
    """Another name of the same database."""
    connections["copy"] = connection.copy("copy")
    yield "copy"
    connections["copy"].close()
    del connections["copy"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="a receiver of the tests writes by the first alias")
def test_for_the_database_that_it_was_deleted_in(laptop, second_alias):
    laptop.fast()
    assert Session.objects.using(second_alias).all().end(reason="revoked") == 1
    assert asked(laptop.fast) == (["SELECT"], ["get"])


def call_at_once(call, *args, **kwargs):
    call()


@pytest.fixture(params=["captured", "at once"])
def simulated_commits(request, monkeypatch):
    """As projects test what happens on commit: within the transaction of a test, which is rolled back."""
    if request.param == "captured":
        return TestCase.captureOnCommitCallbacks(execute=True)
    monkeypatch.setattr(transaction, "on_commit", call_at_once)
    return nullcontext()


def test_a_commit_that_a_test_simulates(laptop, simulated_commits):
    """Whoever was signed in before the test is signed in again after it."""
    laptop.fast()
    with transaction.atomic():
        with simulated_commits:
            laptop.sign_out("local")
        assert code(laptop.fast()) == GONE
        transaction.set_rollback(True)
    assert laptop.fast().status_code == 200


def test_a_value_of_another_form(laptop):
    laptop.fast()
    ended, here = session_cache.TOMBSTONE, session_cache.get_database_id()
    for value in (ended, f"{ended} ", f"{ended}{here}", f"{ended} {here} ", [ended, here], {ended: here}, 1, "junk"):
        caches["shared"].set(f"auth_sessions.{laptop.session_id}", value)
        assert laptop.fast().status_code == 200


def test_the_others_of_a_sign_out(ada):
    devices = [Device().sign_in(ada) for _ in range(3)]
    for device in devices:
        device.fast()
    devices[0].sign_out("others")
    assert [asked(device.fast) for device in devices[1:]] == [([], ["get"])] * 2
    assert devices[0].fast().status_code == 200
