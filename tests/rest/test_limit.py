"""``?limit=`` of the lists of sessions."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.models import Session
from tests.support.device import Device, code
from tests.support.inputs import each


@pytest.fixture
def devices(clock, ada):
    """Signed in one after the other."""
    made = []
    for _ in range(5):
        made.append(Device().sign_in(ada))
        clock.shift(20)
    return made


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [session["id"] for session in answer.json()]


def test_the_current_one_and_those_used_last(devices):
    for device in devices:
        everything = ids(device.get("sessions/"))
        assert everything[0] == device.session_id
        for limit in range(1, 8):
            assert ids(device.get(f"sessions/?limit={limit}")) == everything[:limit]


def test_a_list_of_staff_has_no_current_one(devices, staff_device, ada):
    newest_first = [device.session_id for device in reversed(devices)]
    assert ids(staff_device.get(f"users/{ada.pk}/sessions/")) == newest_first
    assert ids(staff_device.get(f"users/{ada.pk}/sessions/?limit=2")) == newest_first[:2]
    assert code(staff_device.get(f"users/{ada.pk}/sessions/?limit=0"))[0] == 400


@each("limit", ["0", "-1", "", " ", "x", "1.5", "1e3", "nan", "null", "0x10", "1,2", "½", "9" * 5000])
def test_anything_but_a_positive_integer_is_refused(laptop, limit):
    answer = laptop.client.get("/api/auth/sessions/", {"limit": limit}, **laptop.headers)
    assert answer.status_code == 400
    assert list(answer.json()) == ["limit"]


@each("limit", ["1", "2147483648", "9223372036854775808", "9" * 100, "٣"])
def test_a_limit_of_any_size(laptop, limit):
    answer = laptop.client.get("/api/auth/sessions/", {"limit": limit}, **laptop.headers)
    assert ids(answer) == [laptop.session_id]


def test_it_costs_no_more_statements(devices):
    def cost(path):
        with CaptureQueriesContext(connection) as queries:
            devices[0].get(path)
        return len(queries)

    assert cost("sessions/?limit=2") == cost("sessions/")
    assert Session.objects.count() == 5
