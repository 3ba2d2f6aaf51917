"""What each action costs, in SQL statements. Transaction control is not counted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from tests.support.device import PASSWORD, Device
from tests.support.statements import CREATED, DELETED, ENDED, LOCKED, statements

pytestmark = pytest.mark.usefixtures("rest_only")


def refresh_and_again(device):
    tab = device.copy()
    device.refresh()
    tab.refresh()


COSTS = [
    # action, statements
    ("authenticated request", lambda d: d.me(), ["SELECT"]),
    ("authenticated request, signature only", lambda d: d.edge(), []),
    ("refresh", lambda d: d.refresh(), ["SELECT", "UPDATE"]),
    ("refresh, and the parent again from another tab", refresh_and_again, ["SELECT", "UPDATE", "SELECT"]),
    ("list", lambda d: d.sessions(), ["SELECT", "SELECT"]),
    ("one", lambda d: d.get(f"sessions/{d.session_id}/"), ["SELECT", "SELECT"]),
    ("rename", lambda d: d.patch(f"sessions/{d.session_id}/", {"name": "x"}), ["SELECT", "SELECT", *LOCKED, "UPDATE"]),
]


@pytest.mark.parametrize(("action", "cost"), [case[1:] for case in COSTS], ids=[case[0] for case in COSTS])
@pytest.mark.parametrize("others", [0, 20])
def test_cost(ada, laptop, action, cost, others):
    """The same with one session and with many."""
    for _ in range(others):
        create_session(ada)
    with CaptureQueriesContext(connection) as queries:
        action(laptop)
    assert statements(queries) == cost


@pytest.mark.parametrize("number", [1, 20])
def test_a_sign_out_by_staff(ada, staff_device, number):
    """Reads the caller and the user; locks the caller's session with those that end, and asks whether it is one."""
    for _ in range(number):
        create_session(ada)
    with CaptureQueriesContext(connection) as queries:
        staff_device.post(f"users/{ada.pk}/sign-out/")
    assert statements(queries) == ["SELECT", "SELECT", *LOCKED, "SELECT", "DELETE", *DELETED]


@pytest.mark.parametrize("others", [0, 20])
def test_sign_in(ada, others):
    """Reads the user; writes the session, its refresh token, and Django's last_login."""
    for _ in range(others):
        create_session(ada)
    data = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}
    with CaptureQueriesContext(connection) as queries:
        Device().post("token/", data)
    assert statements(queries) == ["SELECT", *CREATED, "UPDATE"]


@pytest.mark.parametrize("scope", ["global", "local", "others"])
@pytest.mark.parametrize("others", [1, 20])
def test_sign_out(ada, laptop, scope, others):
    for _ in range(others):
        create_session(ada)
    with CaptureQueriesContext(connection) as queries:
        laptop.sign_out(scope)
    assert statements(queries) == ["SELECT", *ENDED]


def test_a_refused_request(laptop):
    laptop.copy().sign_out()
    with CaptureQueriesContext(connection) as queries:
        assert laptop.me().status_code == 401
    assert statements(queries) == ["SELECT"]


def test_a_request_whose_user_is_gone(ada, laptop):
    """Whether there is a session of this id nevertheless is a second question."""
    ada.delete()
    with CaptureQueriesContext(connection) as queries:
        assert laptop.me().json()["code"] == "user_not_found"
    assert statements(queries) == ["SELECT", "SELECT"]


def test_a_refused_refresh_mints_and_writes_nothing(laptop):
    thief = laptop.copy()
    laptop.sign_out()
    with CaptureQueriesContext(connection) as queries:
        thief.refresh()
    assert statements(queries) == ["SELECT"]
