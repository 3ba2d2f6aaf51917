"""Who may look, and who may end."""

import re

import pytest
from django.test import Client

from tests.support.admin import (
    SESSIONS,
    USERS,
    AdminClient,
    log_entries,
    needs_permissions,
    page,
    session_of,
)
from tests.support.device import PASSWORD

pytestmark = pytest.mark.usefixtures("tokens_only")


@needs_permissions
def test_who_may_only_look_sees_no_way_to_end(may, laptop):
    staff_client = may("view_session")
    shown = staff_client.get().content.decode()
    assert "Firefox on macOS" in shown
    assert 'name="action"' not in shown
    assert "deletelink" not in staff_client.get(page(session_of(laptop))).content.decode()


@needs_permissions
def test_a_forged_request_of_who_may_only_look_ends_nothing(may, laptop, phone):
    staff_client = may("view_session")
    session = session_of(laptop)
    for action in ("revoke_selected", "revoke_others"):
        staff_client.ask(action, [session])
        staff_client.confirm(action, [session])
    staff_client.delete_selected(session)
    assert staff_client.delete_one(session).status_code == 403
    assert laptop.me().status_code == phone.me().status_code == 200
    assert log_entries() == []


@needs_permissions
def test_who_may_not_look_sees_nothing(may, laptop):
    staff_client = may("view_user")
    assert [staff_client.get().status_code, staff_client.get(page(session_of(laptop))).status_code] == [403, 403]


@needs_permissions
def test_who_may_delete_sees_the_actions_and_ends(may, laptop):
    staff_client = may("view_session", "delete_session")
    options = re.findall(r'<option value="(\w+)">([^<]*)<', staff_client.get().content.decode())
    assert dict(options) == {
        "delete_selected": "Delete selected sessions",
        "revoke_selected": "Revoke selected sessions",
        "revoke_others": "Revoke other sessions",
    }
    staff_client.confirm("revoke_selected", [session_of(laptop)])
    assert laptop.me().status_code == 401


@needs_permissions
def test_sign_out_everywhere_asks_for_the_permission_to_delete_sessions(may, ada, laptop):
    staff_client = may("view_user", "change_user", "delete_user", "view_session", "change_session")
    assert staff_client.ask("sign_out_everywhere", [ada]).status_code == 403
    assert staff_client.confirm("sign_out_everywhere", [ada]).status_code == 403
    assert laptop.me().status_code == 200
    assert log_entries() == []


@needs_permissions
def test_sign_out_everywhere_asks_for_no_other_permission_of_sessions(may, ada, laptop):
    staff_client = may("view_user", "delete_session")
    assert "Sign out everywhere" in staff_client.get(USERS).content.decode()
    staff_client.confirm("sign_out_everywhere", [ada])
    assert laptop.me().status_code == 401


def test_who_is_no_staff_is_sent_to_the_login(ada, laptop):
    stranger = AdminClient(ada)
    assert stranger.get().url == f"/admin/login/?next={SESSIONS}"
    assert stranger.confirm("revoke_selected", [session_of(laptop)]).status_code == 302
    assert laptop.me().status_code == 200


def test_the_password_is_not_asked_in_vain(grace):
    """The staff's own sign-in works with every user model."""
    client = Client()
    form = {"username": grace.get_username(), "password": PASSWORD, "next": SESSIONS}
    assert client.post("/admin/login/", form).url == SESSIONS
