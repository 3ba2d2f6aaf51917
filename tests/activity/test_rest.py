"""``GET activity/``: a person's own history, newest first."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.activity.models import Activity
from auth_sessions.db.uuid7 import uuid7
from tests.support.device import IPHONE, MACBOOK, Device
from tests.support.inputs import each


@pytest.fixture
def long_history(ada):
    Activity.objects.bulk_create(
        Activity(id=uuid7(), user=ada, kind="signed_in", user_agent=MACBOOK, has_full_address=False) for _ in range(230)
    )


def test_what_it_tells(ada, bob, laptop):
    Device().sign_in(bob)
    phone = Device(IPHONE).sign_in(ada, device_name="Pocket")
    phone.sign_out("local")
    response = laptop.get("activity/")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store, private"
    body = response.json()
    assert (body["next"], body["previous"]) == (None, None)
    assert [each["kind"] for each in body["results"]] == ["signed_out", "new_device", "signed_in", "signed_in"]
    newest = body["results"][0]
    newest.pop("id")
    newest.pop("created_at")
    assert newest == {
        "kind": "signed_out",
        "session_id": phone.session_id,
        "is_current": False,
        "name": "Pocket",
        "device": {"label": "Chrome on iOS", "browser": "Chrome", "os": "iOS", "type": "phone"},
        "ip_address": "127.0.0.1",
        "reason": "signed_out",
        "scope": "local",
        "is_own_action": True,
        "last_used_at": None,
        "presented": None,
    }
    assert body["results"][-1]["is_current"] is True


def test_both_sides_of_a_move(laptop):
    laptop.client.defaults["HTTP_USER_AGENT"] = IPHONE
    laptop.refresh()
    moved = laptop.get("activity/").json()["results"][0]
    assert moved["kind"] == "session_moved"
    assert moved["device"]["os"] == "macOS"
    assert moved["presented"]["device"]["os"] == "iOS"
    assert moved["presented"]["ip_address"] == "127.0.0.1"
    assert moved["last_used_at"] is not None


def test_an_administrator_is_not_named(ada, grace, laptop):
    phone = Device(IPHONE).sign_in(ada)
    ada.auth_sessions.filter(pk=phone.session_id).end(reason="revoked", actor=grace)
    response = laptop.get("activity/")
    assert response.json()["results"][0]["is_own_action"] is False
    assert "grace" not in response.content.decode()


def test_pages(laptop, long_history):
    seen, url = [], "activity/"
    sizes = []
    while url:
        body = laptop.get(url).json()
        sizes.append(len(body["results"]))
        seen += [row["id"] for row in body["results"]]
        url = body["next"] and body["next"].partition("/api/auth/")[2]
    assert sizes == [50, 50, 50, 50, 31]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 231
    assert len(laptop.get("activity/?limit=7").json()["results"]) == 7
    assert len(laptop.get("activity/?limit=1000").json()["results"]) == 100


def test_the_cost_does_not_grow(laptop, long_history):
    counts = set()
    for query in ("?limit=1", "?limit=100"):
        with CaptureQueriesContext(connection) as statements:
            assert laptop.get(f"activity/{query}").status_code == 200
        counts.add(len(statements))
    assert counts == {2}  # session and user; the page


@each("limit", ["0", "-1", "x", "1.5", ""])
def test_a_bad_limit(laptop, limit):
    response = laptop.get(f"activity/?limit={limit}")
    assert response.status_code == 400
    assert response.json().keys() == {"limit"}


@each("cursor", ["x", "cD14", "cD0lMDA=", "cD0x", "🙂"])
def test_a_bad_cursor(laptop, cursor):
    response = laptop.get(f"activity/?cursor={cursor}")
    assert response.status_code == 404
    assert response.json().keys() == {"detail"}


def test_who_may_see_it(laptop, office_browser):
    assert Device().get("activity/").status_code == 401
    assert office_browser.page("/api/auth/activity/").status_code == 200
    laptop.sign_out()
    assert laptop.get("activity/").json()["code"] == "session_not_found"
