"""What PostgreSQL does for the pages of the admin, at a size where its plans are those of a million rows.

Each page reads the sessions once: by an index where there is no condition, else by one look at each row, without a
subquery for each row and without sorting more than it keeps.
"""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.support.admin import SESSIONS, page
from tests.support.many import multiply

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's"),
    pytest.mark.usefixtures("tokens_only"),
]

TABLE = Session._meta.db_table
ROWS = 60_000

BY_KEY = [{}, {"o": "-7"}, {"o": "7"}, {"o": "-4"}, {"o": "1"}, {"p": "100"}, {"all": ""}, {"_facets": "True"}]
NARROWED = [
    {"state": "live"},
    {"state": "ended"},
    {"kind__exact": "token"},
    {"kind__exact": "browser"},
    {"used": "hour"},
    {"used": "week"},
    {"used": "earlier"},
    {"tag": "web"},
    {"tag": "none"},
    {"state": "ended", "used": "hour", "kind__exact": "browser", "tag": "web"},
    {"q": "ada"},
    {"q": "ada@example.org"},
    {"q": "nobody"},
    {"q": "192.0.2.1"},
    {"q": "192.0"},
    {"q": "ada phone", "state": "ended"},
    {"q": "ada nobody", "o": "-4"},
]


@pytest.fixture
def session(ada):
    """The newest of many."""
    session = create_session(ada)
    multiply(session, ROWS)
    return session


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def plans(client, url=SESSIONS, **query):
    """Of each statement about sessions by which this page is made."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, **query).status_code == 200
    about = [each["sql"] for each in queries if f'FROM "{TABLE}"' in each["sql"]]
    assert about
    with connection.cursor() as cursor:
        for sql in about:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}".replace("%", "%%"), [])
            plan = cursor.fetchone()[0]
            yield sql, list(nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def check(sql, found):
    """One look at the sessions, and no more rows than are counted."""
    assert not [node["Node Type"] for node in found if "Subplan Name" in node], sql
    scans = [node for node in found if node.get("Relation Name") == TABLE]
    assert len(scans) == 1, sql
    assert found[0]["Actual Rows"] <= 10_001, sql
    sorts = [node for node in found if node["Node Type"] == "Sort"]
    assert all(node["Sort Method"] in ("top-N heapsort", "quicksort") for node in sorts), sql
    return scans


def test_the_list_is_read_by_its_key(staff_client, session):
    for query in BY_KEY:
        for sql, found in plans(staff_client, **query):
            for scan in check(sql, found):
                assert scan["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Heap Scan"), (query, sql)
                assert scan["Actual Rows"] * scan["Actual Loops"] <= 10_001, (query, sql)


def test_a_filter_or_a_search_looks_once_at_each_session(staff_client, session):
    for query in NARROWED:
        whole = []
        for sql, found in plans(staff_client, **query):
            for scan in check(sql, found):
                assert scan["Actual Loops"] == 1 or scan.get("Parallel Aware"), (query, sql)
                whole += [sql] if scan["Node Type"] == "Seq Scan" else []
        assert len(whole) <= 1, (query, whole)


def test_the_pages_of_a_session_and_of_a_user_are_read_by_indexes(staff_client, session, bob):
    create_session(bob)
    for url in (page(session), page(session, "delete"), page(bob)):
        for sql, found in plans(staff_client, url):
            assert "Seq Scan" not in {node["Node Type"] for node in found if node.get("Relation Name") == TABLE}, sql


def test_an_action_reads_no_more_than_it_may_end(staff_client, session):
    before = Session.objects.count(), RefreshToken.objects.count()
    for action, chosen in (
        ("revoke_selected", session),
        ("revoke_others", session),
        ("delete_selected", session),
        ("sign_out_everywhere", session.user),
    ):
        with CaptureQueriesContext(connection) as queries:
            staff_client.ask(action, [chosen], select_across="1")
        for sql in [each["sql"] for each in queries if f'FROM "{TABLE}"' in each["sql"]]:
            assert " LIMIT " in sql or f'WHERE "{TABLE}"."id" IN (' in sql, (action, sql)
    assert (Session.objects.count(), RefreshToken.objects.count()) == before
