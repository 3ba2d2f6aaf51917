"""Many tabs of one device refresh at once: one rotation, the same token for all, whatever their number."""

import pytest
from django.db import connection

from auth_sessions.models import RefreshToken
from tests.reliability.races.databases import as_configured, max_connections
from tests.support.device import Device
from tests.support.races import LONG_AGO, statuses, together

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]

ROUNDS = {2: 10, 20: 3, 200: 1}
"""By the number of threads."""


@pytest.mark.parametrize(
    ("threads", "atomic_requests"),
    [(2, False), (2, True), (20, False), (20, True), (200, False)],
    ids=["2", "2, atomic requests", "20", "20, atomic requests", "200"],
)
@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_refresh_against_refresh(ada, isolation, atomic_requests, threads):
    if max_connections() < threads + 20:
        pytest.skip(f"the server takes {max_connections()} connections")
    with as_configured(isolation=isolation, atomic_requests=atomic_requests):
        laptop = Device().sign_in(ada)
        for number in range(1, ROUNDS[threads] + 1):
            RefreshToken.objects.update(rotated_at=LONG_AGO)
            tabs = [laptop.copy() for _ in range(threads)]
            assert statuses(together(*[tab.refresh for tab in tabs])) == [200] * threads
            assert len({tab.refresh_token for tab in tabs}) == 1
            assert RefreshToken.objects.get().generation == number
            laptop = tabs[0]
