import base64
import re
from collections import Counter
from datetime import timedelta
from html import unescape

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from auth_sessions import signals
from auth_sessions.choices import EndReason
from auth_sessions.core.creation import create_session
from auth_sessions.models import RefreshToken, Session
from tests.host.models import Draft, PushDevice
from tests.support.admin import ACTIONS, SESSIONS, USERS, Desk, page, rows, session_of
from tests.support.device import IPHONE, PASSWORD, Device, code
from tests.support.sessions import create_both_kinds, create_browser_row

pytestmark = pytest.mark.usefixtures("tokens_only")

DJANGOS_USER = get_user_model()._meta.label == "auth.User"
with_permissions = pytest.mark.skipif(not DJANGOS_USER, reason="the people of the tests know only is_superuser")


@pytest.fixture
def may(make_user):
    """A desk of somebody with these permissions only."""
    from django.contrib.auth.models import Permission

    def sit_down(*codenames):
        user = make_user("joan", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return Desk(user)

    return sit_down


# Looking


COLUMNS = ("user", "device", "state", "used", "kind", "address", "signed_in", "expires")


def listed(response):
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows(response)]


def device(response):
    """The first in the list, as it is read."""
    return unescape(listed(response)[0]["device"]).translate(dict.fromkeys(map(ord, "\u2068\u2069")))


def devices(response):
    """The first word of each device, which the tests use as its name."""
    return [unescape(row["device"]).partition(" ")[0].strip('"\u2068\u2069') for row in listed(response)]


def test_the_list_shows_both_kinds(clock, desk, ada):
    Device(IPHONE).sign_in(ada)
    create_browser_row(ada)
    noon, end = "Nov. 24, 2026, noon", "Dec. 24, 2026, noon"
    assert [tuple(row.values()) for row in listed(desk.get())] == [
        (str(ada), "Unknown device", "live", noon, "browser", "-", noon, end),
        (str(ada), "Chrome on iOS", "live", noon, "app", "127.0.0.1", noon, end),
    ]


def test_the_state_tells_why_a_session_counts_for_nothing(clock, desk, make_user):
    people = {name: make_user(name) for name in ("idle", "expired", "outdated", "browser", "inactive", "live")}
    create_session(people["idle"], lifetime=None)
    clock.shift(timedelta(days=15))
    create_session(people["expired"], lifetime=timedelta(minutes=1))
    clock.shift(timedelta(hours=1))
    for name in ("outdated", "inactive", "live"):
        create_session(people[name])
    create_browser_row(people["browser"])
    another = {"password": "another"}
    changed = {"outdated": another, "browser": another, "inactive": {"is_active": False}}
    for name, fields in changed.items():
        get_user_model().objects.filter(pk=people[name].pk).update(**fields)
    assert {row["user"]: row["state"] for row in listed(Desk(desk.user).get())} == {
        str(people["idle"]): "unused for too long",
        str(people["expired"]): "expired",
        str(people["outdated"]): "password changed",
        str(people["browser"]): "password changed",
        str(people["inactive"]): "user inactive",
        str(people["live"]): "live",
    }


def test_a_device_shows_its_persons_name_for_it_and_what_it_is(desk, ada):
    Device(IPHONE).sign_in(ada, device_name="Ada's phone")
    assert device(desk.get()) == '"Ada\'s phone" (Chrome on iOS)'


def test_a_name_passes_for_nothing_else(desk, ada):
    """It stands in quotes of its own, and does not turn the line over."""
    session = create_session(ada, name='phone" (your own session)')
    assert device(desk.get()) == '"phone\' (your own session)" (Unknown device)'
    asked = unescape(desk.ask("revoke_selected", [session]).content.decode())
    assert f'<li>{ada}: "\u2068phone\' (your own session)\u2069" (Unknown device)</li>' in asked


def test_a_long_name_is_cut_in_the_list_and_whole_where_one_points(desk, ada):
    session = create_session(ada, name="x" * 100)
    assert device(desk.get()) == f'"{"x" * 39}…" (Unknown device)'
    assert f'<span title="&quot;\u2068{"x" * 100}\u2069&quot;' in desk.get().content.decode()
    assert "x" * 100 in desk.get(page(session)).content.decode()


def test_last_seen_is_the_last_refresh_too_and_sorts_by_it(clock, desk, ada):
    first = Device().sign_in(ada, device_name="first")
    Device().sign_in(ada, device_name="second")
    clock.shift(timedelta(hours=1))
    first.refresh()
    assert devices(desk.get(o="-4")) == ["first", "second"]
    assert [row["used"] for row in listed(desk.get(o="-4"))] == ["Nov. 24, 2026, 1 p.m.", "Nov. 24, 2026, noon"]
    assert devices(desk.get(o="4")) == ["second", "first"]


def test_what_is_not_known_is_a_dash(desk, ada):
    create_session(ada, lifetime=None)
    row = listed(desk.get())[0]
    assert (row["device"], row["address"], row["expires"]) == ("Unknown device", "-", "-")


def test_newest_first(desk, ada, bob):
    for user in (ada, bob, ada):
        Device().sign_in(user)
    assert [row[0] for row in rows(desk.get())] == [str(ada), str(bob), str(ada)]


@pytest.mark.parametrize(("state", "shown"), [("live", ["phone"]), ("ended", ["old", "idle"]), ("other", None)])
def test_the_filter_of_live_and_ended(clock, desk, ada, state, shown):
    Device().sign_in(ada, device_name="idle")
    clock.shift(timedelta(days=13))
    create_session(ada, name="old", lifetime=timedelta(minutes=1))
    clock.shift(timedelta(days=1))
    Device().sign_in(ada, device_name="phone")
    desk = Desk(desk.user)
    assert devices(desk.get(state=state)) == (shown or ["phone", "old", "idle"])


def test_a_refresh_keeps_a_session_live_in_the_filter(clock, desk, ada, laptop):
    clock.shift(timedelta(days=10))
    laptop.refresh()
    clock.shift(timedelta(days=10))
    assert len(rows(Desk(desk.user).get(state="live"))) == 1


def test_the_filter_of_kinds(desk, ada):
    create_session(ada, name="one")
    create_browser_row(ada, name="two")
    assert devices(desk.get(kind__exact="token")) == ["one"]
    assert devices(desk.get(kind__exact="browser")) == ["two"]


@pytest.mark.parametrize(
    ("used", "shown"),
    [
        ("hour", ["now", "refreshed"]),
        ("day", ["now", "today", "refreshed"]),
        ("week", ["now", "today", "tuesday", "refreshed"]),
        ("earlier", ["older"]),
        ("other", ["now", "today", "tuesday", "older", "refreshed"]),
    ],
)
def test_the_filter_of_last_use(clock, desk, ada, used, shown):
    refreshed = Device().sign_in(ada, device_name="refreshed")
    create_browser_row(ada, name="older")
    clock.shift(timedelta(days=4))
    create_browser_row(ada, name="tuesday")
    clock.shift(timedelta(days=4))
    create_session(ada, name="today")
    clock.shift(timedelta(hours=2))
    create_session(ada, name="now")
    refreshed.refresh()
    assert devices(Desk(desk.user).get(used=used)) == shown


def test_the_filter_of_tags(desk, ada):
    create_session(ada, name="one", tag="ios")
    create_session(ada, name="two", tag="web")
    create_session(ada, name="three")
    assert 'href="?tag=ios"' in desk.get().content.decode()
    assert devices(desk.get(tag="ios")) == ["one"]
    assert devices(desk.get(tag="none")) == devices(desk.get(tag="\0")) == []
    assert devices(desk.get()) == ["three", "two", "one"]


def test_without_tags_there_is_no_filter_of_tags(desk, laptop):
    assert "tag=" not in desk.get().content.decode()


def test_all_filters_together(desk, ada, laptop):
    create_session(ada, name="this", tag="web")
    narrowed = {"state": "live", "kind__exact": "token", "used": "hour", "tag": "web", "q": "ada this"}
    assert devices(desk.get(**narrowed)) == ["this"]


def test_searches_by_user_name(desk, ada, bob):
    Device().sign_in(ada)
    Device().sign_in(bob)
    assert [row[0] for row in rows(desk.get(q="bob"))] == [str(bob)]
    assert [row[0] for row in rows(desk.get(q=ada.get_username()))] == [str(ada)]
    assert rows(desk.get(q="nobody")) == []


def test_searches_by_address_and_by_name(desk, ada):
    for address, name in (("192.0.2.7", "one"), ("192.0.2.77", "two"), ("2001:db8::7", "three")):
        device = Device()
        device.client.defaults["REMOTE_ADDR"] = address
        device.sign_in(ada, device_name=name)
    found = {query: devices(desk.get(q=query)) for query in ("192.0.2.77", "192.0.2", "2001:DB8::7", "thr")}
    assert found == {
        "192.0.2.77": ["two"],
        "192.0.2": ["two", "one"],
        "2001:DB8::7": ["three"],
        "thr": ["three"],
    }


@pytest.mark.parametrize("query", ["\0", "'", "::", "1.2.3.4.5", "fe80::1%eth0", "%", "x" * 10_000, "<script>"])
def test_searches_for_anything(desk, laptop, query):
    assert desk.get(q=query).status_code in (200, 302)


def test_the_list_costs_as_much_for_100_sessions_as_for_one(desk, make_user):
    assert cost_of_list(desk, make_user, more=1) == cost_of_list(desk, make_user, more=99)


def cost_of_list(desk, make_user, *, more):
    for number in range(more):
        create_both_kinds(make_user(f"person-{more}-{number}"), number, tag="web")
    with CaptureQueriesContext(connection) as queries:
        desk.get()
    return len(queries)


def test_nothing_is_added_or_changed(desk, laptop):
    session = session_of(laptop)
    assert desk.get(f"{SESSIONS}add/").status_code == 403
    shown = desk.get(page(session))
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()
    assert '<input type="text"' not in shown.content.decode()
    assert desk.post(page(session), name="mine", user=desk.user.pk).status_code == 403
    session.refresh_from_db()
    assert session.name == ""


def test_a_session_page_shows_times_as_the_list_does(clock, desk, ada):
    laptop = Device().sign_in(ada)
    shown = desk.get(page(session_of(laptop))).content.decode()
    assert shown.count("Nov. 24, 2026, noon") == 3
    assert "2026-11-24" not in shown


def test_a_session_page_does_not_claim_to_know_when_identity_was_proved(clock, desk, ada):
    session = create_browser_row(ada, is_authenticated_now=False)
    assert "not known" in desk.get(page(session)).content.decode()
    assert "1970" not in desk.get(page(session)).content.decode()
    assert "not known" not in desk.get(page(create_session(ada))).content.decode()


def test_a_session_page_tells_the_place(geoip, desk, ada):
    geoip("City")
    device = Device()
    device.client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    device.sign_in(ada)
    assert "192.0.2.7 (near Zurich, Switzerland)" in desk.get(page(session_of(device))).content.decode()


def test_a_session_page_tells_of_no_place_where_none_is_known(desk, laptop):
    shown = desk.get(page(session_of(laptop))).content.decode()
    assert "127.0.0.1" in shown
    assert "127.0.0.1 (" not in shown


def test_refresh_tokens_are_not_in_the_admin():
    assert not admin.site.is_registered(RefreshToken)
    assert admin.site.is_registered(Session)


def test_markup_from_a_device_is_only_text(desk, ada):
    mark = "<script>alert(1)</script>"
    laptop = Device(mark).sign_in(ada, device_name=mark)
    session = session_of(laptop)
    for shown in (
        desk.get(),
        desk.get(page(session)),
        desk.get(page(session, "delete")),
        desk.ask("delete_selected", [session]),
        desk.ask("revoke_selected", [session]),
    ):
        assert "&lt;script&gt;alert(1)" in shown.content.decode()
        assert mark not in shown.content.decode()


# On the page of the user


def inline(response):
    """The part of the page that lists sessions."""
    return response.content.decode().partition('id="auth_sessions-group"')[2]


def test_the_page_of_a_user_shows_the_sessions_last_used_and_the_way_to_all(desk, ada, bob, laptop):
    create_session(bob, name="bobs")
    for number in range(12):
        create_session(ada, name=f"no-{number:02}")
    laptop.refresh()
    shown = inline(desk.get(page(ada)))
    assert re.findall(r"no-\d\d", shown) == [f"no-{number:02}" for number in range(11, 2, -1)]
    assert "Firefox on macOS" in shown
    assert page(session_of(laptop)) in shown
    assert "bobs" not in shown
    [link] = re.findall(r'<a[^>]* href="([^"]*)">See all 13 sessions in the list</a>', shown)
    assert len(rows(desk.get(link))) == 13


def test_the_page_of_a_user_who_is_signed_in_nowhere_says_so(desk, ada):
    assert "Signed in nowhere." in inline(desk.get(page(ada)))


def test_the_form_for_a_new_user_has_no_sessions(desk):
    shown = desk.get(f"{USERS}add/")
    assert shown.status_code == 200
    assert "auth_sessions-group" not in shown.content.decode()


def test_the_page_of_a_user_costs_as_much_for_100_sessions_as_for_one(desk, ada):
    desk.get(page(ada))  # reads the content types, which stay in memory
    assert cost_of_user_page(desk, ada, more=1) == cost_of_user_page(desk, ada, more=99)


def cost_of_user_page(desk, user, *, more):
    for number in range(more):
        create_both_kinds(user, number)
    with CaptureQueriesContext(connection) as queries:
        desk.get(page(user))
    return len(queries)


def test_a_user_is_saved_although_sessions_ended_and_began_meanwhile(desk, ada, laptop, phone):
    form = filled(desk.get(page(ada)))
    laptop.sign_out("local")
    create_session(ada, name="new")
    kept = list(Session.objects.values())
    assert desk.post(page(ada), **form).status_code == 302
    assert list(Session.objects.values()) == kept
    assert phone.me().status_code == 200


def test_a_refused_form_still_shows_the_sessions(desk, ada, laptop):
    form = filled(desk.get(page(ada))) | {get_user_model().USERNAME_FIELD: ""}
    refused = desk.post(page(ada), **form)
    assert refused.status_code == 200
    assert "Firefox on macOS" in inline(refused)


def test_nothing_that_a_form_of_the_user_says_about_sessions_is_read(desk, ada, laptop):
    form = filled(desk.get(page(ada)))
    prefix = "auth_sessions-0"
    forged = {f"{prefix}-id": laptop.session_id, f"{prefix}-name": "mine", f"{prefix}-DELETE": "on"}
    assert desk.post(page(ada), **(form | forged)).status_code == 302
    assert Session.objects.get().name == ""
    assert laptop.me().status_code == 200


def filled(response):
    """What a browser sends back of the form on this page."""
    fields = re.findall(
        r'<input type="(?:text|email|hidden)" name="([^"]+)" value="([^"]*)"', response.content.decode()
    )
    return {**dict(fields), "is_active": "on"}


@with_permissions
def test_the_sessions_of_a_user_need_the_permission_to_view_sessions(may, ada, laptop):
    assert "Firefox on macOS" in inline(may("view_user", "view_session").get(page(ada)))


@with_permissions
def test_without_it_the_page_of_a_user_shows_no_sessions(may, ada, laptop):
    shown = may("view_user", "change_user").get(page(ada))
    assert shown.status_code == 200
    assert inline(shown) == ""
    assert "Firefox" not in shown.content.decode()


# No secret


def secrets_of(device):
    session = session_of(device)
    token = session.refresh_token
    raw = bytes(token.secret)
    return {
        "access token": device.access,
        "refresh token": device.refresh_token,
        "its signature": device.refresh_token.rpartition(".")[2],
        "its proof": token.proof(token.generation),
        "the proof before": token.proof(token.generation - 1),
        "the next proof": token.proof(token.generation + 1),
        "hex": raw.hex(),
        "base64": base64.b64encode(raw).decode(),
        "base64url": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "repr": repr(raw)[2:-1],
        "decimals": ", ".join(map(str, raw)),
        "password fingerprint": session.password_fingerprint,
        "password hash": session.user.password,
    }


def test_no_page_holds_a_secret(desk, ada, laptop, phone):
    laptop.refresh()
    session = session_of(laptop)
    pages = [
        desk.get(),
        desk.get(q="ada", state="live"),
        desk.get(page(session)),
        desk.get(page(session, "history")),
        desk.get(page(session, "delete")),
        desk.ask("delete_selected", [session]),
        desk.ask("revoke_selected", [session]),
        desk.ask("revoke_others", [session]),
        desk.ask("sign_out_everywhere", [ada]),
        desk.get(page(ada, "delete")),
        Desk(desk.user).get(USERS),
    ]
    assert [shown.status_code for shown in pages] == [200] * len(pages)
    told = [
        (shown.request["PATH_INFO"], what)
        for shown in pages
        for what, secret in [*secrets_of(laptop).items(), *secrets_of(phone).items()]
        if secret.lower() in shown.content.decode().lower()
    ]
    assert told == []


@pytest.mark.parametrize(
    "lookup",
    [
        "password_fingerprint",
        "password_fingerprint__startswith",
        "browser_key",
        "browser_key__startswith",
        "refresh_token__secret",
        "refresh_token__secret__startswith",
        "user__password__startswith",
    ],
)
def test_no_secret_is_guessed_by_a_filter_in_the_address(desk, laptop, lookup):
    assert desk.get(**{lookup: "a"}).status_code == 400


def test_the_log_holds_no_secret(desk, laptop, phone):
    secrets = secrets_of(laptop) | secrets_of(phone)
    desk.confirm("revoke_selected", [session_of(laptop)])
    desk.delete_one(session_of(phone))
    logged = str(list(LogEntry.objects.values_list("object_id", "object_repr", "change_message")))
    assert [what for what, secret in secrets.items() if secret in logged] == []


# Revoking


def test_revoking_asks_first_and_names_what_ends(desk, ada, laptop, phone):
    asked = desk.ask("revoke_selected", [session_of(laptop), session_of(phone)]).content.decode()
    assert "This ends 2 sessions of 1 user." in " ".join(asked.split())
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", asked).count("Revoke selected sessions") == 1
    assert asked.count(f"<li>{ada}: Firefox on macOS</li>") == 2
    assert laptop.me().status_code == phone.me().status_code == 200


def test_taking_it_back_leads_to_the_list_as_it_was(desk, laptop):
    url = f"{SESSIONS}?q=ada&state=live"
    asked = desk.post(url, action="revoke_selected", _selected_action=laptop.session_id).content.decode()
    assert f'href="{SESSIONS}?q=ada&amp;state=live" class="button cancel-link ' in asked


def test_revoke_selected_ends_the_selected(desk, bob, laptop, phone):
    others = Device().sign_in(bob)
    answer = desk.confirm("revoke_selected", [session_of(laptop)])
    assert (answer.status_code, answer.url) == (302, SESSIONS)
    assert "1 session revoked." in desk.get().content.decode()
    assert code(laptop.me()) == (401, "session_not_found")
    assert code(laptop.refresh()) == (401, "session_not_found")
    assert phone.me().status_code == others.me().status_code == 200


def test_revoke_others_ends_all_but_the_selected(desk, ada, bob, laptop, phone):
    tablet, others = Device().sign_in(ada), Device().sign_in(bob)
    asked = desk.ask("revoke_others", [session_of(laptop)]).content.decode()
    assert "This ends 2 sessions of 1 user." in " ".join(asked.split())
    desk.confirm("revoke_others", [session_of(laptop)])
    assert code(phone.me()) == code(tablet.me()) == (401, "session_not_found")
    assert laptop.me().status_code == others.me().status_code == 200


def test_revoke_others_of_two_people_keeps_one_session_of_each(desk, ada, bob, laptop, phone):
    kept, gone = Device().sign_in(bob), Device().sign_in(bob)
    desk.confirm("revoke_others", [session_of(phone), session_of(kept)])
    assert {str(pk) for pk in Session.objects.values_list("pk", flat=True)} == {phone.session_id, kept.session_id}
    assert code(laptop.me()) == code(gone.me()) == (401, "session_not_found")


def test_sign_out_everywhere_ends_all_of_the_selected_users(desk, ada, bob, laptop, phone):
    others = Device().sign_in(bob)
    asked = desk.ask("sign_out_everywhere", [ada]).content.decode()
    assert "This ends 2 sessions of 1 user." in " ".join(asked.split())
    answer = desk.confirm("sign_out_everywhere", [ada])
    assert (answer.status_code, answer.url) == (302, USERS)
    assert code(laptop.me()) == code(phone.me()) == (401, "session_not_found")
    assert others.me().status_code == 200


@pytest.mark.parametrize("step", ["ask", "confirm"])
def test_where_there_is_nothing_to_end_the_list_says_so(desk, bob, laptop, step):
    for action, chosen in (("sign_out_everywhere", bob), ("revoke_others", session_of(laptop))):
        answer = getattr(desk, step)(action, [chosen])
        assert (answer.status_code, answer.url) == (302, ACTIONS[action])
    shown = desk.get().content.decode()
    assert ("There is no session to end." if step == "ask" else "0 sessions revoked.") in shown
    assert laptop.me().status_code == 200


def test_the_confirmation_names_the_first_twenty(desk, ada):
    for number in range(23):
        create_session(ada, name=f"no-{number:02}")
    asked = desk.ask("sign_out_everywhere", [ada]).content.decode()
    assert re.findall(r"<li>\S+: &quot;\u2068no-(\d\d)\u2069&quot; \(Unknown device\)</li>", asked) == [
        f"{number:02}" for number in range(22, 2, -1)
    ]
    assert "… and 3 more" in asked


def test_all_pages_are_revoked_by_one_small_form(desk, ada, laptop):
    """Django refuses a form with more than DATA_UPLOAD_MAX_NUMBER_FIELDS fields."""
    for _ in range(20):
        create_session(ada)
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=10):
        asked = desk.ask("revoke_selected", [session_of(laptop)], select_across="1").content.decode()
        assert "This ends 21 sessions" in " ".join(asked.split())
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked))
        assert asked.count("_selected_action") == 1
        desk.post(SESSIONS, **fields)
    assert not Session.objects.exists()


def test_all_pages_of_a_search_are_those_found(desk, ada, bob, laptop):
    kept = Device().sign_in(bob)
    url = f"{SESSIONS}?q=ada"
    chosen = {"action": "revoke_selected", "_selected_action": laptop.session_id, "select_across": "1"}
    assert "This ends 1 session" in " ".join(desk.post(url, **chosen).content.decode().split())
    desk.post(url, **chosen, confirmed="yes")
    assert kept.me().status_code == 200
    assert laptop.me().status_code == 401


def test_the_confirmation_posts_what_was_asked(desk, ada, laptop, phone):
    """The form as it stands on the page, sent by a browser."""
    asked = desk.ask("revoke_others", [session_of(phone)]).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked))
    desk.post(SESSIONS, **fields)
    assert code(laptop.me()) == (401, "session_not_found")
    assert phone.me().status_code == 200


@pytest.mark.parametrize("action", ACTIONS)
def test_what_hangs_on_a_revoked_session_goes(desk, ada, laptop, phone, action):
    hung = [session_of(laptop), session_of(phone)]
    for session in hung:
        PushDevice.objects.create(session=session, token="t")
        Draft.objects.create(session_key=session.pk)
    kept = {"revoke_others": 1}.get(action, 0)
    desk.confirm(action, {"revoke_others": hung[:1], "sign_out_everywhere": [ada]}.get(action, hung))
    assert [model.objects.count() for model in (Session, RefreshToken, PushDevice, Draft)] == [kept] * 4


@pytest.mark.parametrize("action", ACTIONS)
def test_the_signal_says_who_revoked(desk, ada, laptop, ended, action):
    create_session(ada)
    chosen = ada if action == "sign_out_everywhere" else session_of(laptop)
    desk.confirm(action, [chosen])
    [event] = ended
    assert event["reason"] == EndReason.REVOKED
    assert event["actor"] == desk.user
    assert event["request"].path == ACTIONS[action]
    assert event["user_ids"] == {ada.pk}


@pytest.mark.parametrize("action", ACTIONS)
def test_revoking_costs_as_much_for_30_sessions_as_for_two(desk, make_user, action):
    statements_of(desk, action, make_user("first"), count=1)  # reads the content types, which stay in memory
    few, many = (statements_of(desk, action, make_user(f"has-{count}"), count=count) for count in (2, 30))
    assert few == many


def statements_of(desk, action, user, *, count):
    """How many statements of each kind end so many sessions, without those that write the admin log."""
    kept = [create_session(user)] if action == "revoke_others" else []
    ended = [create_session(user) for _ in range(count)]
    chosen = [user] if action == "sign_out_everywhere" else kept or ended
    with CaptureQueriesContext(connection) as queries:
        desk.confirm(action, chosen)
    assert list(Session.objects.filter(user=user)) == kept
    return Counter(query["sql"].split(" ", 2)[0] for query in queries if LogEntry._meta.db_table not in query["sql"])


def test_asking_costs_as_much_for_30_sessions_as_for_two(desk, ada):
    assert cost_of_asking(desk, ada, more=2) == cost_of_asking(desk, ada, more=28)


def cost_of_asking(desk, user, *, more):
    for _ in range(more):
        create_session(user)
    with CaptureQueriesContext(connection) as queries:
        desk.ask("sign_out_everywhere", [user])
    return len(queries)


# The admin log


def log():
    return [
        (entry.user.get_username(), entry.object_id, entry.object_repr, entry.action_flag, entry.change_message)
        for entry in LogEntry.objects.order_by("pk")
    ]


def test_the_log_tells_whose_sessions_were_revoked(desk, grace, ada, laptop, phone):
    desk.ask("revoke_selected", [session_of(laptop)])
    assert log() == []
    desk.confirm("revoke_selected", [session_of(laptop)])
    desk.confirm("revoke_others", [create_session(ada)])
    assert log() == [
        (grace.get_username(), device.session_id, f"{ada}: Firefox on macOS", 3, "Revoked.")
        for device in (laptop, phone)
    ]


def test_the_log_is_in_the_language_of_the_desk(desk, ada, laptop, settings):
    settings.LANGUAGE_CODE = "de"
    desk.confirm("sign_out_everywhere", [ada])
    assert [entry[-1] for entry in log()] == ["Beendet.", "Überall abgemeldet."]


def test_the_log_tells_who_was_signed_out_everywhere(desk, grace, ada, laptop):
    desk.confirm("sign_out_everywhere", [ada])
    assert log() == [
        (grace.get_username(), laptop.session_id, f"{ada}: Firefox on macOS", 3, "Revoked."),
        (grace.get_username(), str(ada.pk), str(ada), 2, "Signed out everywhere."),
    ]


def test_the_log_tells_whose_sessions_were_deleted(desk, grace, ada, laptop, phone):
    desk.delete_one(session_of(laptop))
    desk.delete_selected(session_of(phone))
    assert log() == [
        (grace.get_username(), device.session_id, f"{ada}: Firefox on macOS", 3, "") for device in (laptop, phone)
    ]


def test_a_name_of_any_length_is_logged(desk, ada):
    session = create_session(ada, name="n" * 100)
    get_user_model().objects.filter(pk=ada.pk).update(**{ada.USERNAME_FIELD: "a" * 100})
    desk.confirm("revoke_selected", [session])
    assert log()[0][2] == f'{"a" * 100}: "\u2068{"n" * 100}'[:200]


def test_an_undone_sign_out_is_not_logged(desk, laptop):
    def refuse(**event):
        raise RuntimeError

    signals.sessions_ending.connect(refuse)
    try:
        with pytest.raises(RuntimeError):
            desk.confirm("revoke_selected", [session_of(laptop)])
    finally:
        signals.sessions_ending.disconnect(refuse)
    assert log() == []
    assert laptop.me().status_code == 200


# Deleting


@pytest.fixture(params=["delete_one", "delete_selected"])
def delete(request, desk):
    """Both ways to delete that the admin has."""
    return getattr(desk, request.param)


def test_deleting_signs_out(delete, laptop, phone):
    assert delete(session_of(laptop)).status_code == 302
    assert code(laptop.me()) == code(laptop.refresh()) == (401, "session_not_found")
    assert phone.me().status_code == 200


def test_what_hangs_on_a_deleted_session_goes(delete, laptop):
    session = session_of(laptop)
    PushDevice.objects.create(session=session, token="t")
    Draft.objects.create(session_key=session.pk)
    delete(session)
    assert [model.objects.count() for model in (Session, RefreshToken, PushDevice, Draft)] == [0] * 4


def test_the_signal_says_who_deleted(delete, desk, ada, laptop, ended):
    delete(session_of(laptop))
    [event] = ended
    assert event["reason"] == EndReason.DELETED
    assert event["actor"] == desk.user
    assert event["request"].path.startswith(SESSIONS)
    assert event["user_ids"] == {ada.pk}


def test_deleting_asks_first_and_names_whose_device_it_is(desk, ada, laptop):
    PushDevice.objects.create(session=session_of(laptop), token="t")
    for asked in (desk.get(page(session_of(laptop), "delete")), desk.ask("delete_selected", [session_of(laptop)])):
        shown = asked.content.decode()
        assert f"<li>{ada}: Firefox on macOS</li>" in shown
        assert "Push devices: 1" in shown
    assert laptop.me().status_code == 200


def test_deleting_the_user_signs_out(desk, ada, laptop, ended):
    desk.post(page(ada, "delete"), post="yes")
    assert code(laptop.me()) == (401, "user_not_found")
    assert [event["reason"] for event in ended] == [EndReason.USER_DELETED]


# Permissions


@with_permissions
def test_who_may_only_look_sees_no_way_to_end(may, laptop):
    desk = may("view_session")
    shown = desk.get().content.decode()
    assert "Firefox on macOS" in shown
    assert 'name="action"' not in shown
    assert "deletelink" not in desk.get(page(session_of(laptop))).content.decode()


@with_permissions
def test_a_forged_request_of_who_may_only_look_ends_nothing(may, laptop, phone):
    desk = may("view_session")
    session = session_of(laptop)
    for action in ("revoke_selected", "revoke_others"):
        desk.ask(action, [session])
        desk.confirm(action, [session])
    desk.delete_selected(session)
    assert desk.delete_one(session).status_code == 403
    assert laptop.me().status_code == phone.me().status_code == 200
    assert log() == []


@with_permissions
def test_who_may_not_look_sees_nothing(may, laptop):
    desk = may("view_user")
    assert [desk.get().status_code, desk.get(page(session_of(laptop))).status_code] == [403, 403]


@with_permissions
def test_who_may_delete_sees_the_actions_and_ends(may, laptop):
    desk = may("view_session", "delete_session")
    options = re.findall(r'<option value="(\w+)">([^<]*)<', desk.get().content.decode())
    assert dict(options) == {
        "delete_selected": "Delete selected sessions",
        "revoke_selected": "Revoke selected sessions",
        "revoke_others": "Revoke other sessions",
    }
    desk.confirm("revoke_selected", [session_of(laptop)])
    assert laptop.me().status_code == 401


@with_permissions
def test_sign_out_everywhere_asks_for_the_permission_to_delete_sessions(may, ada, laptop):
    desk = may("view_user", "change_user", "delete_user", "view_session", "change_session")
    assert desk.ask("sign_out_everywhere", [ada]).status_code == 403
    assert desk.confirm("sign_out_everywhere", [ada]).status_code == 403
    assert laptop.me().status_code == 200
    assert log() == []


@with_permissions
def test_sign_out_everywhere_asks_for_no_other_permission_of_sessions(may, ada, laptop):
    desk = may("view_user", "delete_session")
    assert "Sign out everywhere" in desk.get(USERS).content.decode()
    desk.confirm("sign_out_everywhere", [ada])
    assert laptop.me().status_code == 401


def test_who_is_no_staff_is_sent_to_the_login(ada, laptop):
    stranger = Desk(ada)
    assert stranger.get().url == f"/admin/login/?next={SESSIONS}"
    assert stranger.confirm("revoke_selected", [session_of(laptop)]).status_code == 302
    assert laptop.me().status_code == 200


def test_the_password_is_not_asked_in_vain(grace):
    """The staff's own sign-in works with every user model."""
    client = Client()
    form = {"username": grace.get_username(), "password": PASSWORD, "next": SESSIONS}
    assert client.post("/admin/login/", form).url == SESSIONS
