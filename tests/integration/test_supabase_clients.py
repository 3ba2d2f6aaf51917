"""The published client libraries of Supabase Auth, unchanged, against a live server: each client is one device.

The JavaScript ones need Node and ``npm ci --prefix tests/integration/clients``.
"""

import json
import shutil
import time
import urllib.error
import urllib.request
import uuid
from datetime import timedelta
from importlib.util import find_spec

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.contrib.auth import get_user_model
from django.core.servers.basehttp import ServerHandler, WSGIRequestHandler

from auth_sessions.choices import EndReason
from auth_sessions.models import RefreshToken, Session
from tests.integration.clients.drivers import HERE, AsyncClient, JavaScriptClient, Loop, Node, SyncClient
from tests.support.device import PASSWORD
from tests.support.supabase import add_person, needs_email

ADA, BOB = "ada@example.org", "bob@example.org"
NEW_PASSWORD = "countess 1815"

OLDER, NEWEST, SUPABASE_JS = "auth-js 2.109", "auth-js 2.119", "supabase-js 2.119"
SYNC, ASYNC = "supabase-auth", "supabase-auth async"
JAVASCRIPT = (OLDER, NEWEST, SUPABASE_JS)
PYTHON = (SYNC, ASYNC)

only_javascript = pytest.mark.parametrize("kind", JAVASCRIPT, indirect=True)
only_python = pytest.mark.parametrize("kind", PYTHON, indirect=True)

REUSE_INTERVAL = timedelta(seconds=0.5)

pytestmark = [needs_email, pytest.mark.integration]


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch):
    """Without this each answer of the test server waits 40 ms for an acknowledgement of its headers."""
    monkeypatch.setattr(WSGIRequestHandler, "disable_nagle_algorithm", True)


@pytest.fixture(autouse=True)
def _all_is_done(live_server, monkeypatch):
    """A test ends when the server has: refused the database as a request ends, it would hang up on the next test."""
    at_work, run = [], ServerHandler.run

    def watched(handler, application):
        at_work.append(handler)
        try:
            run(handler, application)
        finally:
            at_work.remove(handler)

    monkeypatch.setattr(ServerHandler, "run", watched)
    yield
    until = time.monotonic() + 10
    while at_work and time.monotonic() < until:
        time.sleep(0.001)
    assert not at_work


@pytest.fixture(scope="module")
def node():
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    if not (HERE / "node_modules" / ".package-lock.json").exists():
        pytest.skip("The JavaScript clients are not installed: npm ci --prefix tests/integration/clients")
    node = Node()
    yield node
    node.close()


@pytest.fixture(scope="module")
def loop():
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(params=[*JAVASCRIPT, *PYTHON])
def kind(request):
    if request.param in PYTHON and find_spec("supabase_auth") is None:
        pytest.skip("supabase-auth is not installed")
    return request.param


@pytest.fixture
def open_client(kind, request, live_server):
    """Make a client, as a new device: ``open_client(items=..., tab_of=..., auto_refresh=...)``."""
    opened = []

    def make(**options):
        options["url"] = live_server.url
        if kind == SYNC:
            client = SyncClient(**options)
        elif kind == ASYNC:
            client = AsyncClient(request.getfixturevalue("loop"), **options)
        else:
            client = JavaScriptClient(request.getfixturevalue("node"), kind, **options)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def ada(make_user):
    return add_person(make_user, "ada")


@pytest.fixture
def bob(make_user):
    return add_person(make_user, "bob")


@pytest.fixture
def sign_in(open_client, ada):
    """A new device, signed in."""

    def make(email=ADA, **options):
        client = open_client(**options)
        assert client.sign_in(email).ok
        return client

    return make


@pytest.fixture
def laptop(sign_in):
    return sign_in()


@pytest.fixture
def phone(sign_in):
    return sign_in()


@pytest.fixture
def short_interval(settings):
    settings.AUTH_SESSIONS_REUSE_INTERVAL = REUSE_INTERVAL


def after_the_interval():
    time.sleep(REUSE_INTERVAL.total_seconds() + 0.2)


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


def claims_of(session):
    return jwt.decode(session["access_token"], options={"verify_signature": False})


def session_id(client):
    return claims_of(client.session())["session_id"]


def assert_signed_in(client):
    """It can read the person and refresh, and was never told that it is signed out."""
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
    if client.forgets_when_told:
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


# Signing in


def test_sign_in(open_client, ada, live_server):
    client = open_client()
    answer = client.sign_in("Ada@EXAMPLE.org")
    assert answer.ok
    session = client.session()
    assert session["user"]["email"] == ADA
    assert str(uuid.UUID(session["user"]["id"])) == claims_of(session)["sub"]
    assert session["expires_in"] == 300
    assert "SIGNED_IN" in client.events()
    assert client.get_user().data["user"]["id"] == session["user"]["id"]
    # The same token is good on the project's views and on the REST face.
    assert http("GET", f"{live_server.url}/api/me/", bearer=session["access_token"])[0] == 200
    status, body = http("GET", f"{live_server.url}/api/auth/sessions/current/", bearer=session["access_token"])
    assert (status, body["id"]) == (200, session_id(client))


def test_wrong_password(open_client, ada):
    client = open_client()
    for email in (ADA, "nobody@example.org"):
        answer = client.sign_in(email, "wrong")
        assert (answer.status, answer.code) == (400, "invalid_credentials")
    assert client.storage() == {}
    assert "SIGNED_IN" not in client.events()


def test_sign_up(open_client, transactional_db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    client = open_client()
    assert client.sign_up(ADA, colour="green").ok
    user = client.get_user().data["user"]
    assert user["email"] == ADA
    assert user["user_metadata"]["colour"] == "green"
    assert_signed_in(client)
    assert open_client().sign_in(ADA).ok
    assert open_client().sign_up(ADA).code == "user_already_exists"


def test_sign_up_is_off(open_client, transactional_db):
    client = open_client()
    for answer in (client.sign_up(ADA), client.call("sign_in_anonymously")):
        assert (answer.status, answer.code) == (422, "signup_disabled")
    assert client.storage() == {}
    assert not get_user_model().objects.exists()


def test_a_weak_password(open_client, transactional_db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
    answer = open_client().sign_up(ADA, "short")
    assert (answer.name, answer.status, answer.reasons) == ("AuthWeakPasswordError", 422, ("length",))


# Signing out


SCOPES = {"global": (False, False), "local": (False, True), "others": (True, False)}
"""Whether this device stays signed in, and whether the other one does."""


@pytest.mark.parametrize("scope", SCOPES)
def test_sign_out(sign_in, laptop, phone, bob, scope):
    this_stays, the_other_stays = SCOPES[scope]
    somebody_else = sign_in(BOB)
    kept = phone.storage()
    assert laptop.sign_out(scope).ok
    # Nobody tells the other device: it finds out when it next asks.
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


def test_sign_out_where_nobody_is_signed_in(open_client, ada):
    client = open_client()
    assert client.sign_out("global").ok
    assert client.asked() == []


def test_a_session_that_another_device_ended(laptop, phone, live_server):
    door = f"{live_server.url}/api/auth/sessions/{session_id(phone)}/"
    assert http("DELETE", door, bearer=laptop.session()["access_token"])[0] == 204
    assert_signed_out(phone)
    assert_signed_in(laptop)


def test_a_session_that_the_project_ended(laptop, phone):
    assert Session.objects.filter(pk=session_id(phone)).end(reason=EndReason.REVOKED) == 1
    assert_signed_out(phone)
    assert_signed_in(laptop)


def test_invalid_scope_over_plain_http(ada, live_server):
    face = f"{live_server.url}/auth/v1"
    status, session = http("POST", f"{face}/token?grant_type=password", body={"email": ADA, "password": PASSWORD})
    assert status == 200
    access = session["access_token"]
    message = 'Unsupported logout scope "everywhere"'
    status, body = http("POST", f"{face}/logout?scope=everywhere", bearer=access)
    assert status == 400
    assert body == {"code": 400, "error_code": "validation_failed", "msg": message}
    version = {"X-Supabase-Api-Version": "2024-01-01"}
    status, body = http("POST", f"{face}/logout?scope=everywhere", bearer=access, **version)
    assert status == 400
    assert (body["code"], body["message"]) == ("validation_failed", message)
    assert http("GET", f"{face}/user", bearer=access)[0] == 200


# The person


def test_a_new_password(open_client, laptop, phone):
    assert laptop.update_user(password=NEW_PASSWORD).ok
    assert "USER_UPDATED" in laptop.events()
    assert_signed_in(laptop)
    assert_signed_out(phone)
    assert open_client().sign_in(ADA).code == "invalid_credentials"
    assert open_client().sign_in(ADA, NEW_PASSWORD).ok


def test_the_same_password_again(laptop, phone):
    answer = laptop.update_user(password=PASSWORD)
    assert (answer.status, answer.code) == (422, "same_password")
    assert_signed_in(laptop)
    assert_signed_in(phone)


def test_metadata(laptop, phone):
    assert laptop.update_user(data={"colour": "green", "size": 7}).ok
    assert laptop.update_user(data={"size": None}).data["user"]["user_metadata"] == {"colour": "green"}
    assert phone.get_user().data["user"]["user_metadata"] == {"colour": "green"}
    assert phone.refresh().ok
    assert claims_of(phone.session())["user_metadata"] == {"colour": "green"}


def test_another_address_is_refused(laptop):
    answer = laptop.update_user(email="lovelace@example.org")
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert laptop.get_user().data["user"]["email"] == ADA


# Claims


def pem_pair(algorithm):
    """A new private key and its public half, as ``SIMPLE_JWT`` and the fallbacks want them."""
    key = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def signed_by(algorithm):
    """``SIMPLE_JWT`` with a new key, and the public half of that."""
    private, public = pem_pair(algorithm)
    return {"ALGORITHM": algorithm, "SIGNING_KEY": private, "VERIFYING_KEY": public}, public


def get_claims(client):
    """The claims, and what the client asked the server for them."""
    before = len(client.asked())
    answer = client.get_claims()
    assert answer.ok, answer
    assert answer.data["claims"] == claims_of(client.session())
    return answer.data["claims"], client.asked()[before:]


def test_claims_with_a_shared_secret(laptop, phone):
    """The client has no key, so the server is asked, which also knows of a sign-out."""
    claims, asked = get_claims(laptop)
    assert asked == ["GET /user"]
    assert (claims["role"], claims["aal"], claims["email"]) == ("authenticated", "aal1", ADA)
    assert phone.sign_out("others").ok
    assert not laptop.get_claims().ok


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_claims_with_a_public_key(sign_in, settings, algorithm):
    settings.SIMPLE_JWT, _ = signed_by(algorithm)
    client = sign_in()
    claims, asked = get_claims(client)
    assert asked == ["GET /.well-known/jwks.json"]
    assert claims["sub"] == client.session()["user"]["id"]
    assert get_claims(client) == (claims, [])
    # Offline nobody hears of a sign-out, until the access token expires.
    assert sign_in().sign_out("others").ok
    assert get_claims(client) == (claims, [])
    assert_signed_out(client)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_claims_across_a_change_of_the_key(sign_in, settings, algorithm):
    settings.SIMPLE_JWT, earlier = signed_by(algorithm)
    client = sign_in()
    earlier_token = client.session()["access_token"]
    settings.SIMPLE_JWT, _ = signed_by(algorithm)
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [earlier]
    assert get_claims(client)[1] == ["GET /.well-known/jwks.json"]
    assert client.get_user().ok
    assert client.refresh().ok
    # The key of the new token was in the set that the client has read.
    assert get_claims(client)[1] == []
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = []
    assert client.call("get_user", earlier_token).code == "bad_jwt"
    assert_signed_in(client)


def test_claims_across_the_first_change_to_a_public_key(sign_in, settings):
    client = sign_in()
    settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SIMPLE_JWT, _ = signed_by("ES256")
    assert get_claims(client)[1] == ["GET /user"]
    assert client.refresh().ok
    assert get_claims(client)[1] == ["GET /.well-known/jwks.json"]


# Refreshing


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
    if tablet.forgets_when_told:
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


def eventually(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# No client is signed out by the refresh rule in its own life


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


# When it is: the new token was in use for longer than the interval, and then the spent one comes


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


# What is not here


FACTOR = {"factor_id": str(uuid.UUID(int=0)), "factorId": str(uuid.UUID(int=0))}

UNSUPPORTED = {
    "reset_password_for_email": [ADA],
    "sign_in_with_otp": [{"email": ADA}],
    "verify_otp": [{"email": ADA, "token": "123456", "type": "email"}],
    "resend": [{"email": ADA, "type": "signup"}],
    "sign_in_with_sso": [{"domain": "example.org"}],
    "reauthenticate": [],
    "link_identity": [{"provider": "github"}],
    "mfa.enroll": [{"factor_type": "totp", "factorType": "totp"}],
    "mfa.challenge": [FACTOR],
    "mfa.verify": [{**FACTOR, "challenge_id": "0", "challengeId": "0", "code": "123456"}],
    "mfa.unenroll": [FACTOR],
    "admin.list_users": [],
}


def test_unsupported(laptop):
    answers = {method: laptop.call(method, *arguments) for method, arguments in UNSUPPORTED.items()}
    expected = ("AuthApiError", 404, "not_supported")
    assert {method: (answer.name, answer.status, answer.code) for method, answer in answers.items()} == dict.fromkeys(
        UNSUPPORTED, expected
    )
    assert laptop.call("mfa.list_factors").data["all"] == []
    assert_signed_in(laptop)


def test_other_ways_to_sign_in(open_client, transactional_db, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    client = open_client()
    by_phone = {"phone": "+441815", "password": PASSWORD}
    assert client.call("sign_in_anonymously").code == "anonymous_provider_disabled"
    assert client.call("sign_in_with_password", by_phone).code == "phone_provider_disabled"
    assert client.call("sign_up", by_phone).code == "phone_provider_disabled"
    by_id_token = {"provider": "google", "token": "a.b.c"}
    assert client.call("sign_in_with_id_token", by_id_token).code == "invalid_credentials"
    assert client.storage() == {}
