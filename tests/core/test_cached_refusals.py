"""What the cache refuses by itself, and what the database is asked about."""

import json
import logging
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection, transaction

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
    return [json.loads(line.getMessage()) for line in caplog.records if line.name == "auth_sessions.security"]


@pytest.mark.parametrize("way", [way for way in WAYS_TO_END if way not in OF_BROWSERS])
def test_as_the_database_would(ada, make_user, laptop, way, caplog):
    laptop.fast()
    end, reason = WAYS_TO_END[way]
    end(laptop, ada, make_user)
    cached, by_sql = lines(caplog, laptop.fast), lines(caplog, laptop.me)
    for line in (*cached, *by_sql):
        del line["datetime"]
    assert cached == by_sql
    assert code(laptop.fast()) == code(laptop.me())
    if reason not in OF_PEOPLE:
        assert asked(laptop.fast) == ([], ["get"])


def test_a_tombstone_that_may_be_rolled_back(laptop):
    laptop.fast()
    with transaction.atomic():
        Session.objects.all().end(reason="revoked")
        assert asked(laptop.fast) == (["SELECT"], ["get"])
        transaction.set_rollback(True)
    assert laptop.fast().status_code == 200


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
