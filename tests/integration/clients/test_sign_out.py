"""The published clients of Supabase Auth against a live server: signing out."""

import json
import time
from datetime import timedelta

import pytest

from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from tests.support.device import PASSWORD
from tests.support.supabase import needs_email
from tests.support.supabase_clients import (
    ADA,
    BOB,
    assert_forgotten,
    assert_signed_in,
    assert_signed_out,
    http,
    session_id,
)

pytestmark = [needs_email, pytest.mark.integration]


SCOPES = {"global": (False, False), "local": (False, True), "others": (True, False)}
"""Whether this device stays signed in, and whether the other one does."""


@pytest.mark.parametrize("scope", SCOPES)
def test_sign_out(sign_in, laptop, phone, bob, scope):
    this_stays, the_other_stays = SCOPES[scope]
    somebody_else = sign_in(BOB)
    kept = phone.storage()
    assert laptop.sign_out(scope).ok
    # The other device gets no message: it finds out when it next asks.
    assert phone.storage() == kept
    (assert_signed_in if this_stays else assert_forgotten)(laptop)
    (assert_signed_in if the_other_stays else assert_signed_out)(phone)
    assert_signed_in(somebody_else)


@pytest.mark.parametrize("scope", ["global", "local"])
def test_what_was_copied_before_the_sign_out_is_worthless(open_client, laptop, scope):
    copy = open_client(items=laptop.storage())
    assert copy.get_user().ok
    assert laptop.sign_out(scope).ok
    assert_signed_out(copy)


@pytest.mark.parametrize("scope", ["global", "local", "others"])
def test_sign_out_of_a_session_that_is_gone(laptop, phone, scope):
    assert laptop.sign_out("others").ok
    assert phone.sign_out(scope).ok
    if scope == "others":
        assert_signed_out(phone)
    else:
        assert_forgotten(phone)
    assert_signed_in(laptop)


@pytest.mark.parametrize("scope", SCOPES)
def test_sign_out_of_a_device_whose_clock_is_behind(open_client, laptop, phone, settings, scope):
    """It takes its access token for good, and a refusal for a success."""
    settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=1)}
    assert laptop.refresh().ok
    session = laptop.session()
    time.sleep(max(session["expires_at"] - time.time(), 0) + 0.1)
    (key,) = laptop.storage()
    behind = json.dumps({**session, "expires_at": session["expires_at"] + 3600})
    settings.SIMPLE_JWT = {}
    this_stays, the_other_stays = SCOPES[scope]
    client = open_client(items={key: behind})
    assert client.sign_out(scope).ok
    assert client.asked() == [f"POST /logout?scope={scope}"]
    assert Session.objects.count() == this_stays + the_other_stays
    assert laptop.refresh().ok is this_stays
    (assert_signed_in if the_other_stays else assert_signed_out)(phone)


def test_sign_out_where_nobody_is_signed_in(open_client, ada):
    client = open_client()
    assert client.sign_out("global").ok
    assert client.asked() == []


def test_a_session_that_another_device_ended(laptop, phone, live_server):
    path = f"{live_server.url}/api/auth/sessions/{session_id(phone)}/"
    assert http("DELETE", path, bearer=laptop.session()["access_token"])[0] == 204
    assert_signed_out(phone)
    assert_signed_in(laptop)


def test_a_session_that_the_project_ended(laptop, phone):
    assert Session.objects.filter(pk=session_id(phone)).end(reason=EndReason.REVOKED) == 1
    assert_signed_out(phone)
    assert_signed_in(laptop)


def test_invalid_scope_over_plain_http(ada, live_server):
    api = f"{live_server.url}/auth/v1"
    status, session = http("POST", f"{api}/token?grant_type=password", body={"email": ADA, "password": PASSWORD})
    assert status == 200
    access = session["access_token"]
    message = 'Unsupported logout scope "everywhere"'
    status, body = http("POST", f"{api}/logout?scope=everywhere", bearer=access)
    assert status == 400
    assert body == {"code": 400, "error_code": "validation_failed", "msg": message}
    version = {"X-Supabase-Api-Version": "2024-01-01"}
    status, body = http("POST", f"{api}/logout?scope=everywhere", bearer=access, **version)
    assert status == 400
    assert (body["code"], body["message"]) == ("validation_failed", message)
    assert http("GET", f"{api}/user", bearer=access)[0] == 200
