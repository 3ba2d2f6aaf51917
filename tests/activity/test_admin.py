"""The history in the admin: read-only, filtered, exported."""

import csv
import re
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.activity.models import Activity
from auth_sessions.db.uuid7 import uuid7
from tests.support.admin import USERS, page
from tests.support.device import MACBOOK
from tests.support.inputs import each

LIST = "/admin/auth_sessions_activity/activity/"

pytestmark = pytest.mark.skipif(not apps.is_installed("django.contrib.admin"), reason="needs the admin")


@pytest.fixture
def make(ada):
    def make(count=1, **fields):
        rows = [
            Activity(
                **{
                    "id": uuid7(),
                    "user": ada,
                    "kind": "signed_in",
                    "user_agent": MACBOOK,
                    "ip_address": "203.0.113.9",
                    "has_full_address": True,
                    **fields,
                }
            )
            for _ in range(count)
        ]
        Activity.objects.bulk_create(rows)
        return rows

    return make


@pytest.fixture
def history(staff_client):
    Activity.objects.all().delete()  # the administrator's own sign-in
    return staff_client


def listed(client, **query):
    response = client.get(LIST, **query)
    assert response.status_code == 200, response
    return response.context["cl"].result_list


def export(client, rows, **extra):
    data = {"action": "export_selected", "_selected_action": [row.pk for row in rows], **extra}
    response = client.post(LIST, **data)
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment")
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(StringIO(text)))


def test_it_cannot_be_changed(history, make):
    (row,) = make()
    assert history.get(LIST + "add/").status_code == 403
    assert history.post(f"{LIST}{row.pk}/delete/", post="yes").status_code == 403
    shown = history.get(f"{LIST}{row.pk}/change/")
    assert shown.status_code == 200
    assert b'name="_save"' not in shown.content
    assert b"deletelink" not in shown.content
    history.post(LIST, action="delete_selected", _selected_action=[row.pk], post="yes")
    assert Activity.objects.count() == 1


@pytest.mark.parametrize("way", ["one", "selected"])
def test_it_goes_with_its_user(history, make, ada, bob, way):
    make(user=bob, actor=ada)
    make(2)
    if way == "one":
        assert history.get(page(ada, "delete")).status_code == 200
        history.post(page(ada, "delete"), post="yes")
    else:
        history.post(USERS, action="delete_selected", _selected_action=[ada.pk], post="yes")
    assert not get_user_model().objects.filter(pk=ada.pk).exists()
    assert list(Activity.objects.values_list("user", "actor")) == [(bob.pk, None)]


def test_filters(history, make, ada, bob, grace):
    make(kind="signed_out", reason="revoked", actor=grace)
    make(kind="signed_out", reason="limit", actor=ada)
    make(user=bob)
    assert len(listed(history, kind__exact="signed_out")) == 2
    assert [row.reason for row in listed(history, reason__exact="revoked")] == ["revoked"]
    assert [row.reason for row in listed(history, by="other")] == ["revoked"]
    assert [row.reason for row in listed(history, by="user")] == ["limit"]
    assert [row.user for row in listed(history, by="nobody")] == [bob]
    assert [row.user for row in listed(history, q=bob.get_username())] == [bob]
    assert len(listed(history, q="203.0.113")) == 3


def test_dates(history, make):
    make()
    for since in ("hour", "day", "week", "month"):
        assert len(listed(history, time=since)) == 1
    assert listed(history, time="earlier") == []


@each("query", [{"by": "x"}, {"time": "x"}, {"q": "\x00"}, {"q": "🙂"}, {"kind__exact": "x"}, {"p": "x"}])
@each("more", [{}, {"kind__exact": "\0"}, {"reason__exact": "limit\0"}, {"reason__exact": "🙂"}])
def test_bad_input(history, query, more):
    assert history.get(LIST, **{**query, **more}).status_code in {200, 302}


def test_the_list_counts_no_rows_and_costs_the_same(history, make):
    counts = []
    listed(history)  # what a process reads once
    for count in (10, 150):
        make(count)
        with CaptureQueriesContext(connection) as statements:
            listed(history)
        counts.append(len(statements))
        assert not any("COUNT(" in each["sql"] for each in statements if "activity" in each["sql"])
    assert counts[0] == counts[1]


def test_export(history, make, ada):
    rows = make(3, actor=ada, reason="limit", kind="signed_out")
    make()
    exported = export(history, rows)
    assert [row["id"] for row in exported] == [str(row.pk) for row in reversed(rows)]
    assert exported[0]["user"] == ada.get_username()
    assert exported[0]["device"] == "Firefox on macOS"
    assert exported[0]["address"] == "203.0.113.9"
    assert exported[0]["reason"] == "limit"


def test_export_of_more_than_is_shown(history, make):
    make(2100)
    assert len(export(history, [Activity.objects.first()], select_across="1")) == 2100


@each("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tA1", "\rA1", "  =1", "＝1+1"])  # noqa: RUF001
def test_no_cell_is_a_formula(history, make, text):
    (exported,) = export(history, make(name=text, user_agent=text))
    assert exported["name"] == f"'{text}"
    assert exported["user agent"] == f"'{text}"


@each(
    "text",
    [
        "Mozilla/5.0 (X11; =1+1; Linux)",
        "a;=1",
        "a,+1",
        "a\t@SUM(A1)",
        "a\r\n-1",
        'a";"=1',
        "a; '=1",
        "\t=1",
        "a;\u00a0=1",
    ],
)
def test_no_cell_is_a_formula_whatever_separates_cells(history, make, text):
    """A spreadsheet of much of Europe separates by semicolons, and reads the quotes of this file as text."""
    (exported,) = export(history, make(name=text, user_agent=text))
    for value in (exported["name"], exported["user agent"]):
        cells = re.split("[,;\t\r\n]", value)
        assert not [cell for cell in cells if cell.strip(' \u00a0"').startswith(("=", "+", "-", "@"))]
        assert value.replace("'", "") == text.replace("'", "")


def test_who_may_see_it(make_user, make):
    from tests.support.admin import AdminClient

    make()
    clerk = AdminClient(make_user("clerk", is_staff=True))
    assert clerk.get(LIST).status_code == 403
