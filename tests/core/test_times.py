"""Times that a compiled statement reads are those that the ORM reads."""

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from auth_sessions.core.creation import create_session
from auth_sessions.core.statements.reading import select_session
from auth_sessions.db.times import TIMESTAMPTZ, read_times_faster
from auth_sessions.models import Session

TIMES = [
    datetime(2026, 11, 24, 12, 5, 1, tzinfo=UTC),
    datetime(2026, 11, 24, 12, 5, 1, 120000, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, 0, 1, tzinfo=UTC),
    datetime(1001, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
]


def read(session):
    return [(found.created_at, found.created_at.tzinfo) for found in (select_session(session.pk), session)]


@pytest.mark.parametrize("time", TIMES, ids=str)
def test_any(ada, time):
    session = create_session(ada)
    stored = time if settings.USE_TZ else timezone.make_naive(time, UTC)
    Session.objects.update(created_at=stored)
    session.refresh_from_db()
    compiled, orm = read(session)
    assert compiled == orm
    assert compiled[0] == stored


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Other databases know no zone of the connection.")
@pytest.mark.parametrize("zone", ["Europe/Zurich", "Asia/Kathmandu", "-03:30"])
def test_another_zone_of_the_connection(ada, zone):
    session = create_session(ada)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
    session.refresh_from_db()
    compiled, orm = read(session)
    assert compiled == orm


@pytest.mark.skipif(connection.vendor != "postgresql" or not settings.USE_TZ, reason="Django has no loader of its own.")
def test_they_are_read_faster(db):
    psycopg = pytest.importorskip("psycopg")
    with connection.cursor() as cursor:
        before = cursor.cursor.adapters.get_loader(TIMESTAMPTZ, psycopg.pq.Format.TEXT)
        read_times_faster(cursor)
        assert cursor.cursor.adapters.get_loader(TIMESTAMPTZ, psycopg.pq.Format.TEXT) is not before
    with connection.cursor() as other:
        assert other.cursor.adapters.get_loader(TIMESTAMPTZ, psycopg.pq.Format.TEXT) is before
