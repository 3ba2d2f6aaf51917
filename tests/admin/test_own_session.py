"""The session with which an administrator sits at the desk is never ended by accident."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.admin import SESSIONS, Desk, page, rows, session_of
from tests.support.device import Device, code

AMONG = "is among them: you will be signed out here."
LEFT_OUT = "is left out."
NAMED = "(your own session: you will be signed out here)"


@pytest.fixture
def desk(grace):
    """Signed in by Django's own cookie, so that this is a session as well."""
    desk = Desk(grace)
    assert desk.get().status_code == 200
    desk.session = Session.objects.get(user=grace)
    return desk


@pytest.fixture
def tablet(grace):
    """Another device of the same administrator."""
    return Device().sign_in(grace)


def is_signed_in(desk):
    return desk.get().status_code == 200


def shown(response):
    return " ".join(response.content.decode().split())


def test_the_list_and_the_page_name_it(desk, tablet):
    marked = [row[1] for row in rows(desk.get())]
    assert marked == ["Firefox on macOS", "Unknown device (your own session)"]
    assert "(your own session)" in shown(desk.get(page(desk.session)))
    assert "(your own session)" not in shown(desk.get(page(session_of(tablet))))


def test_another_administrator_sees_it_as_any_other(desk, make_user):
    joan = Desk(make_user("joan", is_staff=True, is_superuser=True))
    own, graces = rows(joan.get())
    assert "your own session" in own[1]
    assert "your own session" not in graces[1]


def test_revoke_others_leaves_it_out(desk, tablet, grace):
    phone = Device().sign_in(grace)
    asked = shown(desk.ask("revoke_others", [session_of(tablet)]))
    assert "This ends 1 session of 1 user." in asked
    assert f"Your own session, {grace}: Unknown device, {LEFT_OUT}" in asked
    desk.confirm("revoke_others", [session_of(tablet)])
    assert code(phone.me()) == (401, "session_not_found")
    assert tablet.me().status_code == 200
    assert is_signed_in(desk)


def test_revoke_others_has_nothing_to_end_where_only_it_is_left(desk, tablet):
    assert desk.ask("revoke_others", [session_of(tablet)]).status_code == 302
    assert "There is no session to end." in shown(desk.get())
    assert is_signed_in(desk)


def test_revoke_others_from_it_ends_the_others(desk, tablet):
    assert "Your own session" not in shown(desk.ask("revoke_others", [desk.session]))
    desk.confirm("revoke_others", [desk.session])
    assert code(tablet.me()) == (401, "session_not_found")
    assert is_signed_in(desk)


def test_revoke_selected_names_it(desk, tablet, ada):
    other = create_session(ada)
    asked = shown(desk.ask("revoke_selected", [desk.session, other]))
    assert f"Your own session, {desk.user}: Unknown device, {AMONG}" in asked
    assert f"<li>{desk.user}: Unknown device {NAMED}</li>" in asked
    assert AMONG not in shown(desk.ask("revoke_selected", [session_of(tablet), other]))


def test_it_is_named_beyond_the_twenty_that_are_listed(desk):
    for _ in range(25):
        create_session(desk.user)
    assert AMONG in shown(desk.ask("revoke_selected", Session.objects.all()))
    assert AMONG in shown(desk.ask("revoke_selected", [desk.session], select_across="1"))


def test_sign_out_everywhere_names_it(desk, ada):
    assert AMONG in shown(desk.ask("sign_out_everywhere", [ada, desk.user]))


def test_both_ways_of_deletion_name_it_first(desk, tablet):
    for asked in (
        desk.get(page(desk.session, "delete")),
        desk.ask("delete_selected", [session_of(tablet), desk.session]),
    ):
        first = shown(asked).partition("<li>" + str(desk.user))[2]
        assert first.startswith(f": Unknown device {NAMED}")
    assert NAMED not in shown(desk.ask("delete_selected", [session_of(tablet)]))


ENDINGS = {
    "revoke_selected": lambda desk: desk.confirm("revoke_selected", [desk.session]),
    "sign_out_everywhere": lambda desk: desk.confirm("sign_out_everywhere", [desk.user]),
    "delete_one": lambda desk: desk.delete_one(desk.session),
    "delete_selected": lambda desk: desk.delete_selected(desk.session),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_who_confirms_it_is_signed_out_and_that_is_logged(desk, ending):
    assert ENDINGS[ending](desk).status_code == 302
    assert desk.get().url == f"/admin/login/?next={SESSIONS}"
    assert not Session.objects.exists()
    entry = LogEntry.objects.get(object_id=str(desk.session.pk))
    assert (entry.user, entry.object_repr) == (desk.user, f"{desk.user}: Unknown device")


def test_the_list_costs_as_much_for_100_sessions_as_for_one(desk):
    cost = cost_of_list(desk)
    for _ in range(99):
        create_session(desk.user)
    assert cost_of_list(desk) == cost


def cost_of_list(desk):
    with CaptureQueriesContext(connection) as queries:
        desk.get()
    return len(queries)


def test_no_live_key_of_a_browser_is_in_the_admin(desk, ada):
    key = desk.session.browser_key
    assert key
    for address in (SESSIONS, page(desk.session), page(desk.session, "delete"), page(desk.user)):
        assert key not in shown(desk.get(address))
