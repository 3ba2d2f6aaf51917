"""The sessions on the page of a user."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.admin import USERS, needs_permissions, page, rows, session_of
from tests.support.sessions import create_both_kinds

pytestmark = pytest.mark.usefixtures("tokens_only")


def inline(response):
    """The part of the page that lists sessions."""
    return response.content.decode().partition('id="auth_sessions-group"')[2]


def test_the_page_of_a_user_shows_the_sessions_last_used_and_the_way_to_all(staff_client, ada, bob, laptop):
    create_session(bob, name="bobs")
    for number in range(12):
        create_session(ada, name=f"no-{number:02}")
    laptop.refresh()
    shown = inline(staff_client.get(page(ada)))
    assert re.findall(r"no-\d\d", shown) == [f"no-{number:02}" for number in range(11, 2, -1)]
    assert "Firefox on macOS" in shown
    assert page(session_of(laptop)) in shown
    assert "bobs" not in shown
    [link] = re.findall(r'<a[^>]* href="([^"]*)">See all 13 sessions in the list</a>', shown)
    assert len(rows(staff_client.get(link))) == 13


def test_the_page_of_a_user_who_is_signed_in_nowhere_says_so(staff_client, ada):
    assert "Signed in nowhere." in inline(staff_client.get(page(ada)))


def test_the_form_for_a_new_user_has_no_sessions(staff_client):
    shown = staff_client.get(f"{USERS}add/")
    assert shown.status_code == 200
    assert "auth_sessions-group" not in shown.content.decode()


def test_the_page_of_a_user_costs_as_much_for_100_sessions_as_for_one(staff_client, ada):
    staff_client.get(page(ada))  # reads the content types, which stay in memory
    assert cost_of_user_page(staff_client, ada, more=1) == cost_of_user_page(staff_client, ada, more=99)


def cost_of_user_page(staff_client, user, *, more):
    for number in range(more):
        create_both_kinds(user, number)
    with CaptureQueriesContext(connection) as queries:
        staff_client.get(page(user))
    return len(queries)


def test_a_user_is_saved_although_sessions_ended_and_began_meanwhile(staff_client, ada, laptop, phone):
    form = filled(staff_client.get(page(ada)))
    laptop.sign_out("local")
    create_session(ada, name="new")
    kept = list(Session.objects.values())
    assert staff_client.post(page(ada), **form).status_code == 302
    assert list(Session.objects.values()) == kept
    assert phone.me().status_code == 200


def test_a_refused_form_still_shows_the_sessions(staff_client, ada, laptop):
    form = filled(staff_client.get(page(ada))) | {get_user_model().USERNAME_FIELD: ""}
    refused = staff_client.post(page(ada), **form)
    assert refused.status_code == 200
    assert "Firefox on macOS" in inline(refused)


def test_nothing_that_a_form_of_the_user_says_about_sessions_is_read(staff_client, ada, laptop):
    form = filled(staff_client.get(page(ada)))
    prefix = "auth_sessions-0"
    forged = {f"{prefix}-id": laptop.session_id, f"{prefix}-name": "mine", f"{prefix}-DELETE": "on"}
    assert staff_client.post(page(ada), **(form | forged)).status_code == 302
    assert Session.objects.get().name == ""
    assert laptop.me().status_code == 200


def filled(response):
    """What a browser sends back of the form on this page."""
    fields = re.findall(
        r'<input type="(?:text|email|hidden)" name="([^"]+)" value="([^"]*)"', response.content.decode()
    )
    return {**dict(fields), "is_active": "on"}


@needs_permissions
def test_the_sessions_of_a_user_need_the_permission_to_view_sessions(may, ada, laptop):
    assert "Firefox on macOS" in inline(may("view_user", "view_session").get(page(ada)))


@needs_permissions
def test_without_it_the_page_of_a_user_shows_no_sessions(may, ada, laptop):
    shown = may("view_user", "change_user").get(page(ada))
    assert shown.status_code == 200
    assert inline(shown) == ""
    assert "Firefox" not in shown.content.decode()


@needs_permissions
@pytest.mark.parametrize("more", ["view_user", "change_user"])
def test_who_may_end_sessions_but_not_see_them_reads_nothing_about_them(may, ada, laptop, more):
    shown = may(more, "delete_session").get(page(ada))
    assert shown.status_code == 200
    assert inline(shown) == ""
    assert "Signed in nowhere" not in shown.content.decode()
