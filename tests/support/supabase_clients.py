"""The published clients of Supabase: which there are, requests beside them, and what holds of one signed in or out."""

import json
import time
import urllib.error
import urllib.request
from datetime import timedelta

import pytest

from tests.support.keys import read_claims

ADA, BOB = "ada@example.org", "bob@example.org"
NEW_CLIENT_PASSWORD = "countess 1815"

OLDER, NEWEST, SUPABASE_JS = "auth-js 2.109", "auth-js 2.119", "supabase-js 2.119"
SYNC, ASYNC = "supabase-auth", "supabase-auth async"
JAVASCRIPT = (OLDER, NEWEST, SUPABASE_JS)
PYTHON = (SYNC, ASYNC)

only_javascript = pytest.mark.parametrize("kind", JAVASCRIPT, indirect=True)
only_python = pytest.mark.parametrize("kind", PYTHON, indirect=True)

REUSE_INTERVAL = timedelta(seconds=0.5)


def after_the_interval():
    time.sleep(REUSE_INTERVAL.total_seconds() + 1.2)  # `iat` has whole seconds


def http(method, url, *, bearer=None, body=None, **headers):
    """A request without any client library: status, body."""
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read() or "null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def session_id(client):
    return read_claims(client.session()["access_token"])["session_id"]


def assert_signed_in(client):
    """It can read the person and refresh, and no event said that it is signed out."""
    assert client.get_user().ok
    assert client.refresh().ok
    assert client.session() is not None
    assert "SIGNED_OUT" not in client.events()


def assert_signed_out(client):
    """By somebody else: its refresh token is worthless, and reading the person says that the session is gone.

    At that the JavaScript clients clear their storage; the Python ones never do.
    """
    answer = client.refresh()
    assert (answer.status, answer.code) == (400, "refresh_token_not_found")
    answer = client.get_user()
    if client.forgets_when_refused:
        assert answer.name == "AuthSessionMissingError"
        assert client.storage() == {}
        assert client.events()[-1] == "SIGNED_OUT"
    else:
        assert (answer.status, answer.code) == (403, "session_not_found")


def assert_forgotten(client):
    """The client signed itself out: nothing is left in its storage, and it knows."""
    assert client.storage() == {}
    assert client.events()[-1] == "SIGNED_OUT"
    assert client.refresh().name == "AuthSessionMissingError"


def eventually(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
