import pytest

from auth_sessions.activity import receivers
from auth_sessions.activity.models import Activity


@pytest.fixture(autouse=True)
def _with_history():
    receivers.connect()
    yield
    receivers.disconnect()


@pytest.fixture
def told():
    """What the history tells, oldest first: ``told()`` has the kinds, ``told("reason")`` other columns as well."""

    def read(*names):
        rows = Activity.objects.order_by("pk").values_list("kind", *names)
        return [row if names else row[0] for row in rows]

    return read
