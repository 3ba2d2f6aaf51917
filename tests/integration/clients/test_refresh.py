"""The published clients of Supabase Auth against a live server: refreshing, with tabs, lost answers and thieves."""

import time
from datetime import timedelta

import pytest

from auth_sessions.models import RefreshToken
from tests.support.supabase import needs_email
from tests.support.supabase_clients import (
    ADA,
    BOB,
    JAVASCRIPT,
    REUSE_INTERVAL,
    after_the_interval,
    assert_forgotten,
    assert_signed_in,
    assert_signed_out,
    eventually,
    http,
    only_javascript,
    only_python,
    session_id,
)

pytestmark = [needs_email, pytest.mark.integration]


def test_ten_refreshes_at_once(laptop):
    before = laptop.session()["refresh_token"]
    answers = laptop.refresh_together([laptop] * 10)
    assert [answer.name for answer in answers] == [""] * 10
    assert {answer.data["session"]["refresh_token"] for answer in answers} == {laptop.session()["refresh_token"]}
    assert laptop.session()["refresh_token"] != before
    assert RefreshToken.objects.get().generation == 1
    assert_signed_in(laptop)


def test_ten_clients_refresh_one_session(open_client, laptop):
    clients = [open_client(items=laptop.storage()) for _ in range(10)]
    answers = clients[0].refresh_together(clients)
    assert [answer.name for answer in answers] == [""] * 10
    assert len({client.session()["refresh_token"] for client in clients}) == 1
    assert RefreshToken.objects.get().generation == 1
    for client in clients:
        assert_signed_in(client)


@pytest.fixture
def short_tokens(settings):
    settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=2)}


def await_the_expiry(session, live_server):
    """Until the server, too, says that the access token has expired."""
    time.sleep(max(session["expires_at"] - time.time(), 0) + 0.1)
    status, body = http("GET", f"{live_server.url}/auth/v1/user", bearer=session["access_token"])
    assert (status, body["error_code"]) == (403, "bad_jwt")


def test_devices_that_slept_past_the_expiry(sign_in, short_tokens, live_server):
    laptop, phone, tablet = sign_in(), sign_in(), sign_in()
    before = laptop.session()
    await_the_expiry(tablet.session(), live_server)
    # One reads the person: it refreshes first.
    assert laptop.get_user().ok
    assert "TOKEN_REFRESHED" in laptop.events()
    assert laptop.session()["refresh_token"] != before["refresh_token"]
    # One signs everybody out: so does it.
    assert phone.sign_out("global").ok
    assert_forgotten(phone)
    # One wakes after that.
    assert tablet.get_user().code == "refresh_token_not_found"
    if tablet.forgets_when_refused:
        assert tablet.storage() == {}
        assert tablet.events()[-1] == "SIGNED_OUT"
    assert laptop.refresh().code == "refresh_token_not_found"


def test_refreshes_by_itself(kind, sign_in, short_tokens, live_server):
    client = sign_in(auto_refresh=True)
    before, session = client.session(), session_id(client)
    await_the_expiry(before, live_server)
    if kind in JAVASCRIPT:
        # Looks every 30 seconds, and at once when an app comes to the foreground.
        assert client.call("start_auto_refresh").ok
    eventually(lambda: "TOKEN_REFRESHED" in client.events())
    assert client.session()["expires_at"] > before["expires_at"]
    assert session_id(client) == session
    assert client.get_user().ok
    assert "SIGNED_OUT" not in client.events()


@only_javascript
def test_two_tabs_refresh_at_once(sign_in, open_client, short_interval):
    """The tab that comes second finds the storage changed and throws its answer away: it is the same one."""
    one = sign_in()
    two = open_client(tab_of=one)
    for generation in (1, 2):
        begun = two.begin_refresh(hold="answer")
        assert one.refresh().ok
        assert two.release(begun).name == "AuthRefreshDiscardedError"
        assert RefreshToken.objects.get().generation == generation
        after_the_interval()
        assert one.get_user().ok
        assert two.get_user().ok
    assert_signed_in(two)
    assert_signed_in(one)


@only_javascript
def test_lost_answers(laptop, short_interval):
    """The client tries again by itself, here until the interval is long over, and gets the same child."""
    laptop.lose(3)
    begun = time.monotonic()
    assert laptop.refresh().ok
    assert time.monotonic() - begun > REUSE_INTERVAL.total_seconds()
    assert laptop.asked().count("POST /token?grant_type=refresh_token") == 4
    assert RefreshToken.objects.get().generation == 1
    assert_signed_in(laptop)


@only_python
def test_lost_answers_of_a_client_that_does_not_try_again(laptop, short_interval):
    for _ in range(2):
        laptop.lose(1)
        assert laptop.refresh().name == "AuthRetryableError"
        after_the_interval()
    assert laptop.refresh().ok
    assert RefreshToken.objects.get().generation == 1
    assert_signed_in(laptop)


@only_javascript
def test_an_app_that_is_killed_during_a_refresh(laptop, open_client, short_interval):
    begun = laptop.begin_refresh(hold="answer")
    stored = laptop.storage()
    after_the_interval()
    restarted = open_client(items=stored)
    assert restarted.refresh().ok
    assert RefreshToken.objects.get().generation == 1
    assert_signed_in(restarted)
    laptop.release(begun)


@only_javascript
def test_switching_accounts_during_a_refresh(sign_in, bob, short_interval):
    """The storage changes hands, so the client throws the new token away; later it comes back with the parent."""
    bobs = sign_in(BOB).session()
    client = sign_in()
    adas = client.session()
    begun = client.begin_refresh(hold="answer")
    assert client.set_session(bobs).ok
    assert client.release(begun).name == "AuthRefreshDiscardedError"
    assert client.session()["refresh_token"] == bobs["refresh_token"]
    after_the_interval()
    assert client.set_session(adas).ok
    assert client.refresh().ok
    assert client.get_user().data["user"]["email"] == ADA
    after_the_interval()
    assert_signed_in(client)


@only_javascript
def test_signing_out_during_a_refresh(laptop):
    """The answer that comes late brings nothing back."""
    begun = laptop.begin_refresh(hold="answer")
    assert laptop.sign_out("local").ok
    assert laptop.release(begun).name == "AuthRefreshDiscardedError"
    assert_forgotten(laptop)


# When it is: the new token was in use for longer than the interval, and then the rotated one comes


def test_a_copied_storage(laptop, open_client, short_interval):
    thief = open_client(items=laptop.storage())
    assert laptop.refresh().ok
    after_the_interval()
    assert laptop.get_user().ok
    answer = thief.refresh()
    assert (answer.status, answer.code) == (400, "refresh_token_already_used")
    assert not thief.get_user().ok
    assert_signed_out(laptop)


@only_javascript
def test_a_tab_whose_refresh_is_longer_on_its_way(sign_in, open_client, short_interval):
    one = sign_in()
    two = open_client(tab_of=one)
    begun = two.begin_refresh(hold="request")
    assert one.refresh().ok
    after_the_interval()
    assert one.get_user().ok
    assert two.release(begun).code == "refresh_token_already_used"
    assert_signed_out(one)
