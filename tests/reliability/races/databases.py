"""A database for the races: created, at an isolation level, with or without ``ATOMIC_REQUESTS``."""

from contextlib import contextmanager

from django.db import connection
from django.test.utils import setup_test_environment, teardown_test_environment

from tests.reliability.races.interleavings import Races
from tests.reliability.races.scheduler import Scheduler
from tests.reliability.races.world import Staff, project


@contextmanager
def prepared(*, isolation, atomic_requests):
    """The races on a database of their own, for a command."""
    setup_test_environment()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        with connected(isolation=isolation, atomic_requests=atomic_requests) as races:
            yield races
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        teardown_test_environment()


@contextmanager
def connected(*, isolation, atomic_requests):
    """The races on the database of the tests."""
    with as_configured(isolation=isolation, atomic_requests=atomic_requests), project(), Scheduler() as scheduler:
        yield Races(scheduler, Staff(), is_snapshot=isolation == "repeatable read")


@contextmanager
def as_configured(*, isolation, atomic_requests=False):
    """The connections are opened anew, and stay open. PostgreSQL looks for deadlocks sooner than after a second."""
    settings = connection.settings_dict
    before = dict(settings, OPTIONS=dict(settings["OPTIONS"]))
    settings.update(ATOMIC_REQUESTS=atomic_requests, CONN_MAX_AGE=None)
    if connection.vendor == "postgresql":
        from django.db.backends.postgresql.psycopg_any import IsolationLevel

        settings["OPTIONS"]["isolation_level"] = IsolationLevel[isolation.upper().replace(" ", "_")]
        settings["OPTIONS"]["options"] += " -c deadlock_timeout=50ms"
    else:
        settings["OPTIONS"]["isolation_level"] = isolation
    connection.close()
    try:
        yield
    finally:
        settings.update(before)
        connection.close()


def max_connections():
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections" if connection.vendor == "postgresql" else "SELECT @@max_connections")
        return int(cursor.fetchone()[0])
