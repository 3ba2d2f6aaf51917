"""The list of sessions: columns, states, filters, search."""

from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from tests.support.admin import AdminClient, page, rows
from tests.support.device import IPHONE, Device
from tests.support.inputs import each
from tests.support.sessions import create_both_kinds, create_browser_row

pytestmark = pytest.mark.usefixtures("tokens_only")


COLUMNS = ("user", "device", "state", "used", "kind", "address", "signed_in")


def listed(response):
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows(response)]


def first_device(response):
    """The first in the list, as it is read."""
    return unescape(listed(response)[0]["device"]).translate(dict.fromkeys(map(ord, "\u2068\u2069")))


def devices(response):
    """The first word of each device, which the tests use as its name."""
    return [unescape(row["device"]).partition(" ")[0].strip('"\u2068\u2069') for row in listed(response)]


def test_the_list_shows_both_kinds(clock, staff_client, ada):
    Device(IPHONE).sign_in(ada)
    create_browser_row(ada)
    noon = "Nov. 24, 2026, noon"
    assert [tuple(row.values()) for row in listed(staff_client.get())] == [
        (str(ada), "Unknown device", "live", noon, "browser", "-", noon),
        (str(ada), "Chrome on iOS", "live", noon, "app", "127.0.0.1", noon),
    ]


def test_the_state_says_why_a_session_counts_for_nothing(clock, staff_client, make_user):
    users = {name: make_user(name) for name in ("idle", "expired", "outdated", "browser", "inactive", "live")}
    create_session(users["idle"], lifetime=None)
    clock.shift(timedelta(days=15))
    create_session(users["expired"], lifetime=timedelta(minutes=1))
    clock.shift(timedelta(hours=1))
    for name in ("outdated", "inactive", "live"):
        create_session(users[name])
    create_browser_row(users["browser"])
    another = {"password": "another"}
    changed = {"outdated": another, "browser": another, "inactive": {"is_active": False}}
    for name, fields in changed.items():
        get_user_model().objects.filter(pk=users[name].pk).update(**fields)
    assert {row["user"]: row["state"] for row in listed(AdminClient(staff_client.user).get())} == {
        str(users["idle"]): "unused for too long",
        str(users["expired"]): "expired",
        str(users["outdated"]): "password changed",
        str(users["browser"]): "password changed",
        str(users["inactive"]): "user inactive",
        str(users["live"]): "live",
    }


def test_a_device_shows_its_persons_name_for_it_and_what_it_is(staff_client, ada):
    Device(IPHONE).sign_in(ada, device_name="Ada's phone")
    assert first_device(staff_client.get()) == '"Ada\'s phone" (Chrome on iOS)'


def test_a_name_passes_for_nothing_else(staff_client, ada):
    """It stands in quotes of its own, and does not turn the line over."""
    session = create_session(ada, name='phone" (your own session)')
    assert first_device(staff_client.get()) == '"phone\' (your own session)" (Unknown device)'
    asked = unescape(staff_client.ask("revoke_selected", [session]).content.decode())
    assert f'<li>{ada}: "\u2068phone\' (your own session)\u2069" (Unknown device)</li>' in asked


def test_a_long_name_is_cut_in_the_list_and_whole_where_one_points(staff_client, ada):
    session = create_session(ada, name="x" * 100)
    assert first_device(staff_client.get()) == f'"{"x" * 39}…" (Unknown device)'
    assert f'<span title="&quot;\u2068{"x" * 100}\u2069&quot;' in staff_client.get().content.decode()
    assert "x" * 100 in staff_client.get(page(session)).content.decode()


def test_last_seen_is_the_last_refresh_too_and_sorts_by_it(clock, staff_client, ada):
    first = Device().sign_in(ada, device_name="first")
    Device().sign_in(ada, device_name="second")
    clock.shift(timedelta(hours=1))
    first.refresh()
    assert devices(staff_client.get(o="-4")) == ["first", "second"]
    assert [row["used"] for row in listed(staff_client.get(o="-4"))] == ["Nov. 24, 2026, 1 p.m.", "Nov. 24, 2026, noon"]
    assert devices(staff_client.get(o="4")) == ["second", "first"]


def test_what_is_not_known_is_a_dash(staff_client, ada):
    create_session(ada, lifetime=None)
    row = listed(staff_client.get())[0]
    assert (row["device"], row["address"]) == ("Unknown device", "-")


def test_newest_first(staff_client, ada, bob):
    for user in (ada, bob, ada):
        Device().sign_in(user)
    assert [row[0] for row in rows(staff_client.get())] == [str(ada), str(bob), str(ada)]


@pytest.mark.parametrize(("state", "shown"), [("live", ["phone"]), ("ended", ["old", "idle"]), ("other", None)])
def test_the_filter_of_live_and_ended(clock, staff_client, ada, state, shown):
    Device().sign_in(ada, device_name="idle")
    clock.shift(timedelta(days=13))
    create_session(ada, name="old", lifetime=timedelta(minutes=1))
    clock.shift(timedelta(days=1))
    Device().sign_in(ada, device_name="phone")
    staff_client = AdminClient(staff_client.user)
    assert devices(staff_client.get(state=state)) == (shown or ["phone", "old", "idle"])


def test_a_refresh_keeps_a_session_live_in_the_filter(clock, staff_client, ada, laptop):
    clock.shift(timedelta(days=10))
    laptop.refresh()
    clock.shift(timedelta(days=10))
    assert len(rows(AdminClient(staff_client.user).get(state="live"))) == 1


def test_the_filter_of_kinds(staff_client, ada):
    create_session(ada, name="one")
    create_browser_row(ada, name="two")
    assert devices(staff_client.get(kind__exact="token")) == ["one"]
    assert devices(staff_client.get(kind__exact="browser")) == ["two"]


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
def test_the_filter_of_last_use(clock, staff_client, ada, used, shown):
    refreshed = Device().sign_in(ada, device_name="refreshed")
    create_browser_row(ada, name="older")
    clock.shift(timedelta(days=4))
    create_browser_row(ada, name="tuesday")
    clock.shift(timedelta(days=4))
    create_session(ada, name="today")
    clock.shift(timedelta(hours=2))
    create_session(ada, name="now")
    refreshed.refresh()
    assert devices(AdminClient(staff_client.user).get(used=used)) == shown


def test_the_filter_of_tags(staff_client, ada):
    create_session(ada, name="one", tag="ios")
    create_session(ada, name="two", tag="web")
    create_session(ada, name="three")
    assert 'href="?tag=ios"' in staff_client.get().content.decode()
    assert devices(staff_client.get(tag="ios")) == ["one"]
    assert devices(staff_client.get(tag="none")) == []
    assert devices(staff_client.get()) == ["three", "two", "one"]


def test_without_tags_there_is_no_filter_of_tags(staff_client, laptop):
    assert "tag=" not in staff_client.get().content.decode()


def test_all_filters_together(staff_client, ada, laptop):
    create_session(ada, name="this", tag="web")
    narrowed = {"state": "live", "kind__exact": "token", "used": "hour", "tag": "web", "q": "ada this"}
    assert devices(staff_client.get(**narrowed)) == ["this"]


def test_searches_by_user_name(staff_client, ada, bob):
    Device().sign_in(ada)
    Device().sign_in(bob)
    assert [row[0] for row in rows(staff_client.get(q="bob"))] == [str(bob)]
    assert [row[0] for row in rows(staff_client.get(q=ada.get_username()))] == [str(ada)]
    assert rows(staff_client.get(q="nobody")) == []


def test_searches_by_address_and_by_name(staff_client, ada):
    for address, name in (("192.0.2.7", "one"), ("192.0.2.77", "two"), ("2001:db8::7", "three")):
        device = Device()
        device.client.defaults["REMOTE_ADDR"] = address
        device.sign_in(ada, device_name=name)
    found = {query: devices(staff_client.get(q=query)) for query in ("192.0.2.77", "192.0.2", "2001:DB8::7", "thr")}
    assert found == {
        "192.0.2.77": ["two"],
        "192.0.2": ["two", "one"],
        "2001:DB8::7": ["three"],
        "thr": ["three"],
    }


@each("query", ["\0", "'", "::", "1.2.3.4.5", "fe80::1%eth0", "%", "x" * 10_000, "<script>"])
def test_searches_for_anything(staff_client, laptop, query):
    assert staff_client.get(q=query).status_code in (200, 302)


@each("name", ["tag", "kind__exact", "state", "used", "name", "ip_address", "user"])
@each("value", ["\0", "ios\0", "🦀", "'", "x" * 10_000])
def test_filters_by_anything(staff_client, laptop, name, value):
    assert staff_client.get(**{name: value}).status_code in {200, 302}
    assert staff_client.get(**{name: value, "e": "1"}).status_code == 200


def test_the_list_costs_as_much_for_100_sessions_as_for_one(staff_client, make_user):
    assert cost_of_list(staff_client, make_user, more=1) == cost_of_list(staff_client, make_user, more=99)


def cost_of_list(staff_client, make_user, *, more):
    for number in range(more):
        create_both_kinds(make_user(f"person-{more}-{number}"), number, tag="web")
    with CaptureQueriesContext(connection) as queries:
        staff_client.get()
    return len(queries)
