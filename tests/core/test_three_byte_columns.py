"""A table of an old database, whose columns hold no character above U+FFFF: a name is stored without its emoji."""

import pytest
from django.db import connection

from auth_sessions.models import Session
from tests.support.device import Device

pytestmark = [
    pytest.mark.skipif(connection.vendor != "mysql", reason="Only MariaDB and MySQL have such columns."),
    pytest.mark.usefixtures("any_transaction_mode"),
]


@pytest.fixture
def three_byte_names(db):
    def change(charset):
        with connection.cursor() as cursor:
            cursor.execute(
                f"ALTER TABLE auth_sessions_session MODIFY name varchar(100) CHARACTER SET {charset} NOT NULL"
            )

    change("utf8mb3")
    yield
    Session.objects.all().delete()
    change("utf8mb4")


@pytest.mark.usefixtures("three_byte_names")
@pytest.mark.parametrize("limit", [None, 3])
@pytest.mark.parametrize(("name", "stored"), [("Ada 🦀", "Ada"), ("🦀", ""), ("\U0001d49c é", "é"), ("Zoë", "Zoë")])
def test_a_name_with_emoji(ada, laptop, settings, name, stored, limit):  # noqa: PLR0917
    settings.AUTH_SESSIONS_MAX_PER_USER = limit
    device = Device().sign_in(ada, device_name=name)
    assert device.get("sessions/current/").json()["name"] == stored
    answer = laptop.patch(f"sessions/{laptop.session_id}/", {"name": name})
    assert (answer.status_code, answer.json()["name"]) == (200, stored)
    assert laptop.get("sessions/current/").json()["name"] == stored
