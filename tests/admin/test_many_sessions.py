"""The admin where there are more sessions than it counts, or than one action ends."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.admin import SESSIONS, AdminClient, page, rows
from tests.support.many import multiply

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tokens_only")]

COUNTED = 10_000
MORE = "More than 10000 sessions match"


@pytest.fixture
def ada_session(ada):
    return create_session(ada, name="newest")


def cost(client, url=SESSIONS, **query):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, **query).status_code == 200
    return len(queries)


def test_up_to_ten_thousand_are_counted_and_one_more_is_not(staff_client, ada_session):
    staff_client.get()  # reads the content types, which stay in memory
    few = cost(staff_client)
    keys = multiply(ada_session, COUNTED - 1)
    shown = staff_client.get().content.decode()
    assert "10000 sessions" in shown
    assert MORE not in shown
    create_session(ada_session.user)
    shown = staff_client.get().content.decode()
    assert MORE in shown
    assert len(rows(staff_client.get(p="100"))) == 100
    assert staff_client.get(p="101").url == f"{SESSIONS}?e=1"
    assert cost(staff_client) == few
    assert cost(staff_client, p="100") == few
    Session.objects.filter(pk__in=keys[:2]).delete()
    assert MORE not in staff_client.get().content.decode()


def test_a_cut_list_is_sorted_by_its_key_alone(staff_client, ada_session):
    oldest = multiply(ada_session, COUNTED)[0]
    Session.objects.filter(pk=oldest).update(name="oldest")
    for order in ("", "-4", "1", "5", "-8", "99", "x"):
        assert "newest" in rows(staff_client.get(o=order))[0][1], order
    assert "oldest" in rows(staff_client.get(o="7"))[0][1]
    heads = re.findall(r'<th scope="col" class="sortable column-(\w+)', staff_client.get().content.decode())
    assert heads == ["created_at"]
    narrowed = staff_client.get(q="oldest", o="-4").content.decode()
    assert {"created_at", "last_used", "user"} <= set(re.findall(r'class="sortable column-(\w+)', narrowed))


@pytest.mark.any_database
def test_an_action_that_would_end_more_than_one_request_can_ends_nothing(staff_client, ada_session):
    multiply(ada_session, COUNTED + 1)
    before = Session.objects.count()
    across = {"select_across": "1", "post": "yes"}
    for action, chosen, options in (
        ("revoke_selected", ada_session, across),
        ("delete_selected", ada_session, across),
        ("revoke_others", ada_session, across),
        ("revoke_others", ada_session, {}),
        ("sign_out_everywhere", ada_session.user, {}),
        ("sign_out_everywhere", ada_session.user, across),
    ):
        for step in (staff_client.ask, staff_client.confirm):
            assert step(action, [chosen], **options).status_code == 302, action
            shown = staff_client.get().content.decode()
            assert "Select fewer, or use manage.py revokeauthsessions" in shown or "At most 500 sessions" in shown
            assert Session.objects.count() == before


def test_all_that_are_counted_are_revoked_at_once(staff_client, grace, ada_session):
    kept = create_session(grace)
    multiply(ada_session, 2000)
    asked = staff_client.ask("revoke_others", [ada_session]).content.decode()
    assert "This ends 2000 sessions of 1 user." in " ".join(asked.split())
    staff_client.confirm("revoke_others", [ada_session])
    assert set(Session.objects.all()) == {ada_session, kept}


def test_the_page_of_a_user_with_more_sessions_than_are_counted(staff_client, ada_session):
    multiply(ada_session, COUNTED)
    user_page = page(ada_session.user)
    staff_client.get(user_page)
    many = cost(staff_client, user_page)
    shown = staff_client.get(user_page).content.decode().partition('id="auth_sessions-group"')[2]
    assert "newest" in shown
    assert "More than 10000 sessions: see them in the list" in shown
    Session.objects.exclude(pk=ada_session.pk).delete()
    assert cost(staff_client, user_page) == many


def test_the_deletion_of_up_to_five_hundred_is_asked_by_django(staff_client, ada_session):
    multiply(ada_session, 499)
    asked = staff_client.ask("delete_selected", [ada_session], select_across="1").content.decode()
    assert asked.count("<li>") >= 500
    create_session(ada_session.user)
    assert staff_client.ask("delete_selected", [ada_session], select_across="1").status_code == 302


def test_the_sites_own_deletion_is_limited_and_a_disabled_one_stays_disabled(staff_client, ada_session):
    from django.contrib.admin.sites import site

    assert "delete_selected" in staff_client.get().content.decode()
    site.disable_action("delete_selected")
    try:
        assert "delete_selected" not in AdminClient(staff_client.user).get().content.decode()
    finally:
        from django.contrib.admin.actions import delete_selected

        site.add_action(delete_selected)
