"""The session with which an administrator uses the admin is never ended by accident."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.admin import SESSIONS, AdminClient, log_entries, page, rows, session_of
from tests.support.device import Device, code
from tests.support.hand_over import Website
from tests.support.host import has_browsers
from tests.support.sessions import end_when_authenticated

pytestmark = [pytest.mark.slow, has_browsers, pytest.mark.any_database]

AMONG = "is among them: you will be signed out here."
LEFT_OUT = "is left out."
NAMED = "(your own session: you will be signed out here)"


@pytest.fixture
def admin_browser(staff_client, grace):
    """Signed in by Django's own cookie, so that this is a session as well."""
    assert staff_client.get().status_code == 200
    staff_client.session = Session.objects.get(user=grace)
    return staff_client


def is_signed_in(admin_browser):
    return admin_browser.get().status_code == 200


def shown(response):
    return " ".join(response.content.decode().split())


def test_the_list_and_the_page_name_it(admin_browser, staff_device):
    marked = [row[1] for row in rows(admin_browser.get())]
    assert marked == ["Firefox on macOS", "Unknown device (your own session)"]
    assert "(your own session)" in shown(admin_browser.get(page(admin_browser.session)))
    assert "(your own session)" not in shown(admin_browser.get(page(session_of(staff_device))))


class TestFromAnApp:
    """The administrator has come from an app, with whose session their own ends."""

    @pytest.fixture
    def admin_from_app(self, grace, staff_device, settings):
        admin = AdminClient(grace)
        admin.client.logout()
        Session.objects.filter(user=grace).exclude(pk=staff_device.session_id).delete()
        website = Website().takes_over(staff_device)
        admin.client.cookies = website.client.cookies
        return admin

    def test_both_are_named(self, admin_from_app, staff_device, make_user):
        other = session_of(Device().sign_in(make_user("joan")))
        marked = [row[1] for row in rows(admin_from_app.get())]
        assert sum("(your own session)" in each for each in marked) == 2
        asked = shown(admin_from_app.ask("revoke_selected", [session_of(staff_device), other]))
        assert AMONG in asked
        assert NAMED in asked

    def test_revoke_others_leaves_both_out(self, admin_from_app, staff_device, grace):
        phone = Device().sign_in(grace)
        admin_from_app.confirm("revoke_others", [session_of(phone)])
        assert staff_device.me().status_code == phone.me().status_code == 200
        assert is_signed_in(admin_from_app)

    def test_the_app_s_ends_both(self, admin_from_app, staff_device):
        assert admin_from_app.confirm("revoke_selected", [session_of(staff_device)]).status_code == 302
        assert not is_signed_in(admin_from_app)
        assert not Session.objects.exists()


def test_another_administrator_sees_it_as_any_other(admin_browser, make_user):
    joan = AdminClient(make_user("joan", is_staff=True, is_superuser=True))
    own, graces = rows(joan.get())
    assert "your own session" in own[1]
    assert "your own session" not in graces[1]


def test_revoke_others_leaves_it_out(admin_browser, staff_device, grace):
    phone = Device().sign_in(grace)
    asked = shown(admin_browser.ask("revoke_others", [session_of(staff_device)]))
    assert "This ends 1 session of 1 user." in asked
    assert f"Your own session, {grace}: Unknown device, {LEFT_OUT}" in asked
    admin_browser.confirm("revoke_others", [session_of(staff_device)])
    assert code(phone.me()) == (401, "session_not_found")
    assert staff_device.me().status_code == 200
    assert is_signed_in(admin_browser)


def test_revoke_others_has_nothing_to_end_where_only_it_is_left(admin_browser, staff_device):
    assert admin_browser.ask("revoke_others", [session_of(staff_device)]).status_code == 302
    assert "There is no session to end." in shown(admin_browser.get())
    assert is_signed_in(admin_browser)


def test_revoke_others_from_it_ends_the_others(admin_browser, staff_device):
    assert "Your own session" not in shown(admin_browser.ask("revoke_others", [admin_browser.session]))
    admin_browser.confirm("revoke_others", [admin_browser.session])
    assert code(staff_device.me()) == (401, "session_not_found")
    assert is_signed_in(admin_browser)


def test_revoke_selected_names_it(admin_browser, staff_device, ada):
    other = create_session(ada)
    asked = shown(admin_browser.ask("revoke_selected", [admin_browser.session, other]))
    assert f"Your own session, {admin_browser.user}: Unknown device, {AMONG}" in asked
    assert f"<li>{admin_browser.user}: Unknown device {NAMED}</li>" in asked
    assert AMONG not in shown(admin_browser.ask("revoke_selected", [session_of(staff_device), other]))


def test_it_is_named_beyond_the_twenty_that_are_listed(admin_browser):
    for _ in range(25):
        create_session(admin_browser.user)
    assert AMONG in shown(admin_browser.ask("revoke_selected", Session.objects.all()))
    assert AMONG in shown(admin_browser.ask("revoke_selected", [admin_browser.session], select_across="1"))


def test_sign_out_everywhere_names_it(admin_browser, ada):
    assert AMONG in shown(admin_browser.ask("sign_out_everywhere", [ada, admin_browser.user]))


def test_both_ways_of_deletion_name_it_first(admin_browser, staff_device):
    for asked in (
        admin_browser.get(page(admin_browser.session, "delete")),
        admin_browser.ask("delete_selected", [session_of(staff_device), admin_browser.session]),
    ):
        first = shown(asked).partition("<li>" + str(admin_browser.user))[2]
        assert first.startswith(f": Unknown device {NAMED}")
    assert NAMED not in shown(admin_browser.ask("delete_selected", [session_of(staff_device)]))


ENDINGS = {
    "revoke_selected": lambda admin_browser: admin_browser.confirm("revoke_selected", [admin_browser.session]),
    "sign_out_everywhere": lambda admin_browser: admin_browser.confirm("sign_out_everywhere", [admin_browser.user]),
    "delete_one": lambda admin_browser: admin_browser.delete_one(admin_browser.session),
    "delete_selected": lambda admin_browser: admin_browser.delete_selected(admin_browser.session),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_who_confirms_it_is_signed_out_and_that_is_logged(admin_browser, ending):
    assert ENDINGS[ending](admin_browser).status_code == 302
    assert admin_browser.get().url == f"/admin/login/?next={SESSIONS}"
    assert not Session.objects.exists()
    entry = LogEntry.objects.get(object_id=str(admin_browser.session.pk))
    assert (entry.user, entry.object_repr) == (admin_browser.user, f"{admin_browser.user}: Unknown device")


def test_the_list_costs_as_much_for_100_sessions_as_for_one(admin_browser):
    cost = cost_of_list(admin_browser)
    for _ in range(99):
        create_session(admin_browser.user)
    assert cost_of_list(admin_browser) == cost


def cost_of_list(admin_browser):
    with CaptureQueriesContext(connection) as queries:
        admin_browser.get()
    return len(queries)


def test_no_live_key_of_a_browser_is_in_the_admin(admin_browser, ada):
    key = admin_browser.session.django_session_key
    assert key
    for address in (
        SESSIONS,
        page(admin_browser.session),
        page(admin_browser.session, "delete"),
        page(admin_browser.user),
    ):
        assert key not in shown(admin_browser.get(address))


WAYS = {
    "revoke": lambda client, session, other: client.confirm("revoke_selected", [session]),
    "revoke others": lambda client, session, other: client.confirm("revoke_others", [other]),
    "delete": lambda client, session, other: client.delete_one(session),
    "delete selected": lambda client, session, other: client.delete_selected(session),
    "everywhere": lambda client, session, other: client.confirm("sign_out_everywhere", [session.user]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("any_transaction_mode")
def test_who_has_been_signed_out_meanwhile_ends_nothing(admin_browser, ada, phone, way):
    session, other = Session.objects.select_related("user").get(pk=phone.session_id), create_session(ada)
    with end_when_authenticated(admin_browser.session.pk):
        answer = WAYS[way](admin_browser, session, other)
    assert phone.is_signed_in()
    assert log_entries() == []
    assert answer.url == answer.wsgi_request.get_full_path()
    assert admin_browser.get(answer.url).url.startswith("/admin/login/")
