"""The cache of living sessions, as tests see it: how long it is believed, what it is asked, how it fails."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.host.caches import Shared
from tests.support.statements import statements

BOUND = timedelta(seconds=60)
"""``AUTH_SESSIONS_CACHE_TTL``, unless a test sets another."""


def asked(call):
    """The SQL statements and the cache's round trips of a call."""
    Shared.asked = []
    with CaptureQueriesContext(connection) as queries:
        call()
    return statements(queries), Shared.asked


def fail(operation):
    """For ``Shared.before``: no operation is answered."""
    raise ConnectionError("no cache")
