"""Revoking sessions: it asks, ends, and costs the same for few and for many."""

import re
from collections import Counter

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from auth_sessions.choices import EndReason
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.host.models import Draft, PushDevice
from tests.support.admin import ACTIONS, SESSIONS, USERS, session_of
from tests.support.device import Device, code

pytestmark = pytest.mark.usefixtures("tokens_only")


def test_revoking_asks_first_and_names_what_ends(staff_client, ada, laptop, phone):
    asked = staff_client.ask("revoke_selected", [session_of(laptop), session_of(phone)]).content.decode()
    assert "This ends 2 sessions of 1 user." in " ".join(asked.split())
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", asked).count("Revoke selected sessions") == 1
    assert asked.count(f"<li>{ada}: Firefox on macOS</li>") == 2
    assert laptop.me().status_code == phone.me().status_code == 200


def test_taking_it_back_leads_to_the_list_as_it_was(staff_client, laptop):
    url = f"{SESSIONS}?q=ada&state=live"
    asked = staff_client.post(url, action="revoke_selected", _selected_action=laptop.session_id).content.decode()
    assert f'href="{SESSIONS}?q=ada&amp;state=live" class="button cancel-link ' in asked


def test_revoke_selected_ends_the_selected(staff_client, bob, laptop, phone):
    others = Device().sign_in(bob)
    answer = staff_client.confirm("revoke_selected", [session_of(laptop)])
    assert (answer.status_code, answer.url) == (302, SESSIONS)
    assert "1 session revoked." in staff_client.get().content.decode()
    assert code(laptop.me()) == (401, "session_not_found")
    assert code(laptop.refresh()) == (401, "session_not_found")
    assert phone.me().status_code == others.me().status_code == 200


def test_revoke_others_ends_all_but_the_selected(staff_client, ada, bob, laptop, phone):
    tablet, others = Device().sign_in(ada), Device().sign_in(bob)
    asked = staff_client.ask("revoke_others", [session_of(laptop)]).content.decode()
    assert "This ends 2 sessions of 1 user." in " ".join(asked.split())
    staff_client.confirm("revoke_others", [session_of(laptop)])
    assert code(phone.me()) == code(tablet.me()) == (401, "session_not_found")
    assert laptop.me().status_code == others.me().status_code == 200


def test_revoke_others_of_two_users_keeps_one_session_of_each(staff_client, ada, bob, laptop, phone):
    kept, gone = Device().sign_in(bob), Device().sign_in(bob)
    staff_client.confirm("revoke_others", [session_of(phone), session_of(kept)])
    assert {str(pk) for pk in Session.objects.values_list("pk", flat=True)} == {phone.session_id, kept.session_id}
    assert code(laptop.me()) == code(gone.me()) == (401, "session_not_found")


def test_sign_out_everywhere_ends_all_of_the_selected_users(staff_client, ada, bob, laptop, phone):
    others = Device().sign_in(bob)
    asked = staff_client.ask("sign_out_everywhere", [ada]).content.decode()
    assert "This ends 2 sessions of 1 user." in " ".join(asked.split())
    answer = staff_client.confirm("sign_out_everywhere", [ada])
    assert (answer.status_code, answer.url) == (302, USERS)
    assert code(laptop.me()) == code(phone.me()) == (401, "session_not_found")
    assert others.me().status_code == 200


@pytest.mark.usefixtures("rest_only")
@pytest.mark.parametrize("step", ["ask", "confirm"])
def test_where_there_is_nothing_to_end_the_list_says_so(staff_client, bob, laptop, step):
    for action, chosen in (("sign_out_everywhere", bob), ("revoke_others", session_of(laptop))):
        answer = getattr(staff_client, step)(action, [chosen])
        assert (answer.status_code, answer.url) == (302, ACTIONS[action])
    shown = staff_client.get().content.decode()
    assert ("There is no session to end." if step == "ask" else "0 sessions revoked.") in shown
    assert laptop.me().status_code == 200


def test_the_confirmation_names_the_first_twenty(staff_client, ada):
    for number in range(23):
        create_session(ada, name=f"no-{number:02}")
    asked = staff_client.ask("sign_out_everywhere", [ada]).content.decode()
    assert re.findall(r"<li>\S+: &quot;\u2068no-(\d\d)\u2069&quot; \(Unknown device\)</li>", asked) == [
        f"{number:02}" for number in range(22, 2, -1)
    ]
    assert "… and 3 more" in asked


def test_all_pages_are_revoked_by_one_small_form(staff_client, ada, laptop):
    """Django refuses a form with more than DATA_UPLOAD_MAX_NUMBER_FIELDS fields."""
    for _ in range(20):
        create_session(ada)
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=10):
        asked = staff_client.ask("revoke_selected", [session_of(laptop)], select_across="1").content.decode()
        assert "This ends 21 sessions" in " ".join(asked.split())
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked))
        assert asked.count("_selected_action") == 1
        staff_client.post(SESSIONS, **fields)
    assert not Session.objects.exists()


def test_all_pages_of_a_search_are_those_found(staff_client, ada, bob, laptop):
    kept = Device().sign_in(bob)
    url = f"{SESSIONS}?q=ada"
    chosen = {"action": "revoke_selected", "_selected_action": laptop.session_id, "select_across": "1"}
    assert "This ends 1 session" in " ".join(staff_client.post(url, **chosen).content.decode().split())
    staff_client.post(url, **chosen, confirmed="yes")
    assert kept.me().status_code == 200
    assert laptop.me().status_code == 401


def test_the_confirmation_posts_what_was_asked(staff_client, ada, laptop, phone):
    """The form as it stands on the page, sent by a browser."""
    asked = staff_client.ask("revoke_others", [session_of(phone)]).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked))
    staff_client.post(SESSIONS, **fields)
    assert code(laptop.me()) == (401, "session_not_found")
    assert phone.me().status_code == 200


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_related_to_a_revoked_session_goes(staff_client, ada, laptop, phone, action):
    related = [session_of(laptop), session_of(phone)]
    for session in related:
        PushDevice.objects.create(session=session, token="t")
        Draft.objects.create(session_key=session.pk)
    kept = {"revoke_others": 1}.get(action, 0)
    staff_client.confirm(action, {"revoke_others": related[:1], "sign_out_everywhere": [ada]}.get(action, related))
    assert [model.objects.count() for model in (Session, RefreshToken, PushDevice, Draft)] == [kept] * 4


@pytest.mark.parametrize("action", ACTIONS)
def test_the_signal_says_who_revoked(staff_client, ada, laptop, ended, action):
    create_session(ada)
    chosen = ada if action == "sign_out_everywhere" else session_of(laptop)
    staff_client.confirm(action, [chosen])
    [event] = ended
    assert event["reason"] == EndReason.REVOKED
    assert event["actor"] == staff_client.user
    assert event["request"].path == ACTIONS[action]
    assert event["user_ids"] == {ada.pk}


@pytest.mark.parametrize("action", ACTIONS)
def test_revoking_costs_as_much_for_30_sessions_as_for_two(staff_client, make_user, action):
    statements_of(staff_client, action, make_user("first"), count=1)  # reads the content types, which stay in memory
    few, many = (statements_of(staff_client, action, make_user(f"has-{count}"), count=count) for count in (2, 30))
    assert few == many


def statements_of(staff_client, action, user, *, count):
    """How many statements of each kind end so many sessions, without those that write the admin log."""
    kept = [create_session(user)] if action == "revoke_others" else []
    ended = [create_session(user) for _ in range(count)]
    chosen = [user] if action == "sign_out_everywhere" else kept or ended
    with CaptureQueriesContext(connection) as queries:
        staff_client.confirm(action, chosen)
    assert list(Session.objects.filter(user=user)) == kept
    return Counter(query["sql"].split(" ", 2)[0] for query in queries if LogEntry._meta.db_table not in query["sql"])


def test_asking_costs_as_much_for_30_sessions_as_for_two(staff_client, ada):
    assert cost_of_asking(staff_client, ada, more=2) == cost_of_asking(staff_client, ada, more=28)


def cost_of_asking(staff_client, user, *, more):
    for _ in range(more):
        create_session(user)
    with CaptureQueriesContext(connection) as queries:
        staff_client.ask("sign_out_everywhere", [user])
    return len(queries)
