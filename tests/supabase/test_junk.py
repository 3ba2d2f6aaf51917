"""Whatever comes in through the Supabase face: junk is answered 4xx as JSON with a code, and changes nothing."""

import json
import time
import uuid

import jwt
import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from auth_sessions.models import RefreshToken, Session
from auth_sessions.supabase.models import Profile
from tests.rest.test_junk import GARBAGE, NOT_AN_OBJECT, NOT_JSON, OTHER_TYPES, add_user, headed, named, nested, signed
from tests.support.device import PASSWORD
from tests.support.supabase import EMAIL, KEY, VERSION, SupabaseDevice, add_person, code, needs_email, shaped

pytestmark = [needs_email, pytest.mark.any_database]

MEBIBYTE = 1024 * 1024
BAD_JSON, NOT_VALID, BAD_JWT = (400, "bad_json"), (400, "validation_failed"), (403, "bad_jwt")
CREDENTIALS, NO_TOKEN = (400, "invalid_credentials"), (400, "refresh_token_not_found")

ENDPOINTS = [
    ("POST", "token?grant_type=password"),
    ("POST", "token?grant_type=refresh_token"),
    ("POST", "signup"),
    ("PUT", "user"),
]
SIGNED_IN = [("GET", "user"), ("PUT", "user"), ("POST", "logout"), ("POST", "logout?scope=others")]
EVERYWHERE = [*ENDPOINTS, ("POST", "token"), ("POST", "logout?scope=nowhere"), ("GET", "nothing"), ("POST", "health")]


@pytest.fixture(autouse=True)
def _signup(settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True


@pytest.fixture
def ada(db):
    """Rolled back after the test: sooner than the tables are emptied."""
    return add_person(add_user)


@pytest.fixture
def laptop(ada):
    """Whatever a test sends, these rows are left as they were."""
    device = SupabaseDevice(VERSION).sign_in()
    before = rows()
    yield device
    assert rows() == before


def rows():
    return {
        *Session.objects.values_list("pk", "name", "confirmed_generation"),
        *RefreshToken.objects.values_list("pk", "generation", "rotated_at"),
        *((profile.pk, json.dumps(profile.user_metadata)) for profile in Profile.objects.all()),
        *get_user_model().objects.values_list("pk", "password", "email"),
    }


def refused(answer):
    """Status and code, once the answer is known to have the right shape and to be short."""
    shaped(answer)
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.content[:300])
    assert len(answer.content) < 1000, "what was sent comes back"
    return code(answer)


# Bodies


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
class TestBodies:
    @pytest.mark.parametrize("body", [pytest.param(b"", id="empty"), *NOT_JSON])
    def test_not_json(self, laptop, method, path, body):
        assert refused(laptop.send(method, path, body)) == BAD_JSON

    @pytest.mark.parametrize("body", NOT_AN_OBJECT)
    def test_not_an_object(self, laptop, method, path, body):
        assert refused(laptop.send(method, path, body)) == BAD_JSON

    @pytest.mark.parametrize("content_type", OTHER_TYPES)
    @pytest.mark.parametrize("body", [b"junk", b"a=b&c=d", b"--x\r\n\r\n--x--", b"\xff\xfe"])
    def test_another_content_type(self, laptop, method, path, content_type, body):
        assert refused(laptop.send(method, path, body, content_type=content_type)) == BAD_JSON

    @pytest.mark.parametrize(
        "content_type", ["multipart/form-data", "multipart/form-data; boundary=ü", "\0", "x" * 9999]
    )
    def test_a_content_type_that_is_none(self, laptop, method, path, content_type):
        assert refused(laptop.send(method, path, b"[]", content_type=content_type)) == BAD_JSON

    @pytest.mark.parametrize("length", ["", "junk", "-1", "1.5", "0x10", " ", "9" * 400])
    def test_a_length_that_is_none(self, laptop, method, path, length):
        answer = laptop.send(method, path, b"[]", CONTENT_LENGTH=length)
        assert refused(answer) in {BAD_JSON, (413, "request_entity_too_large")}

    def test_too_much(self, laptop, method, path):
        assert refused(laptop.send(method, path, b"x" * MEBIBYTE)) == BAD_JSON
        assert refused(laptop.send(method, path, b"x" * (MEBIBYTE + 1))) == (413, "request_entity_too_large")
        assert refused(laptop.send(method, path, b"x" * (3 * MEBIBYTE))) == (413, "request_entity_too_large")

    @pytest.mark.parametrize("depth", [20, 500, 900, 940, 980])
    def test_nested_to_the_edge_of_what_can_be_read(self, laptop, method, path, depth):
        members = ("email", "password", "phone", "refresh_token", "data", "app_metadata")
        body = b",".join(b'"%s":%s' % (member.encode(), nested(depth)) for member in members)
        assert refused(laptop.send(method, path, b"{%s}" % body))[0] in {400, 403}

    def test_nested_beside_what_is_asked_for(self, laptop, method, path):
        body = b'{"email": 7, "password": 7, "refresh_token": 7, "x": %s}' % nested(900)
        assert refused(laptop.send(method, path, body)) == BAD_JSON

    def test_thousands_of_members(self, laptop, method, path):
        body = {str(number): None for number in range(50_000)}
        answer = laptop.send(method, path, body)
        assert answer.status_code == 200 if method == "PUT" else refused(answer)[0] in {400, 422}


# Members


NOT_A_TEXT = {
    "number": 7,
    "float": 1.5,
    "negative": -1,
    "huge": 10**400,
    "true": True,
    "false": False,
    "zero": 0,
    "array": [],
    "array_of_text": [EMAIL],
    "object": {},
    "nested_object": {"a": {"b": [1]}},
}
UNSTORABLE = {"nul": "\0", "nul_inside": "a\0b", "surrogate": "\ud800", "surrogate_inside": f"a\udfff{EMAIL}"}

MEMBERS = [
    *[("POST", "token?grant_type=password", member) for member in ("email", "phone", "password")],
    ("POST", "token?grant_type=refresh_token", "refresh_token"),
    *[("POST", "signup", member) for member in ("email", "phone", "password")],
    *[("PUT", "user", member) for member in ("email", "phone", "password")],
]
COMPLETE = {
    "token?grant_type=password": {"email": EMAIL, "password": PASSWORD},
    "token?grant_type=refresh_token": {},
    "signup": {"email": "eve@example.org", "password": PASSWORD},
    "user": {},
}


@pytest.mark.parametrize(("method", "path", "member"), MEMBERS)
class TestMembers:
    @pytest.mark.parametrize("value", named(**NOT_A_TEXT))
    def test_no_text(self, laptop, method, path, member, value):
        assert refused(laptop.send(method, path, {**COMPLETE[path], member: value})) == BAD_JSON

    @pytest.mark.parametrize("value", named(**UNSTORABLE))
    def test_what_no_database_takes(self, laptop, method, path, member, value):
        assert refused(laptop.send(method, path, {**COMPLETE[path], member: value})) == NOT_VALID


@pytest.mark.parametrize("value", named(**NOT_A_TEXT))
def test_a_current_password_that_is_no_text(laptop, value):
    assert refused(laptop.update(password="quite-new-1906", current_password=value)) == BAD_JSON


@pytest.mark.parametrize("size", [40_000, 60_000, 900_000])
@pytest.mark.parametrize("text", ["x", "x@", "é", "%", "_", "\\", "'", "\u017f", "\U0001f600"])
def test_a_long_address(laptop, size, text):
    """Longer than any column, and than what SQLite looks for with ``LIKE``."""
    address = text * (size // len(json.dumps(text)[1:-1]))
    assert refused(laptop.try_sign_in(address)) == CREDENTIALS
    assert refused(laptop.signup(address)) == NOT_VALID
    assert refused(laptop.update(email=address)) == NOT_VALID


@pytest.mark.parametrize("member", ["password", "refresh_token"])
def test_a_long_secret(laptop, member):
    value = "x" * 900_000
    if member == "password":
        assert refused(laptop.try_sign_in(password=value)) == CREDENTIALS
    else:
        answer = laptop.send("POST", "token?grant_type=refresh_token", {"refresh_token": value})
        assert refused(answer) == NO_TOKEN


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "token?grant_type=password", CREDENTIALS),
        ("POST", "signup", NOT_VALID),
        ("PUT", "user", NOT_VALID),
    ],
)
def test_an_address_that_takes_long_to_normalise(laptop, method, path, expected):
    """Combining characters are sorted, in a time that grows with the square of their number."""
    address = "a" + "\u0301\u0316" * 40_000
    body = f'{{"email": "{address}", "password": "quite-new-1906"}}'.encode()
    began = time.process_time()
    answer = laptop.send(method, path, body)
    assert time.process_time() - began < 1
    assert refused(answer) == expected


ODD_ADDRESSES = [
    "ada",
    "@",
    "a@b",
    "ada@example.org@example.org",
    "ada@example.org\u200b",
    "ada@EXAMPLE。org",
    "\u202eada@example.org",
    "ada@example.org'--",
    "ada@example.org%",
    "\\",
    "../../etc/passwd",
    "<script>",
    "{}",
    "%s",
    "ada@example.org,eve@example.org",
]


@pytest.mark.parametrize("email", ODD_ADDRESSES)
def test_an_odd_address(laptop, email):
    assert refused(laptop.try_sign_in(email)) == CREDENTIALS


@pytest.mark.parametrize("data", [[], ["x"], "x", 7, 0, True, False, 10**400, ""])
def test_data_that_is_no_object(laptop, data):
    assert refused(laptop.update(data=data)) == BAD_JSON
    assert refused(laptop.signup("eve@example.org", data=data)) == BAD_JSON


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": NaN}',
        b'{"a": [Infinity]}',
        b'{"a": -1e999}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\\ud800"}',
        b'{"a": {"b": ["\\udfff"]}}',
        b'{"a": %s}' % nested(25),
        b'{"a": %s}' % nested(700),
        b'{"a": %s}' % nested(700, b'{"a":', b"}").replace(b":}", b":1}"),
        b'{"a": "%s"}' % (b"x" * 900_000),
        b'{"a": %s}' % (b"9" * 4200),
    ],
    ids=lambda data: repr(data)[:30],
)
def test_data_that_cannot_be_kept(laptop, data):
    assert refused(laptop.send("PUT", "user", b'{"data": %s}' % data)) in {NOT_VALID, BAD_JSON}
    body = b'{"email": "eve@example.org", "password": "%s", "data": %s}' % (PASSWORD.encode(), data)
    assert refused(laptop.send("POST", "signup", body)) in {NOT_VALID, BAD_JSON}


@pytest.mark.parametrize("number", ["1e308", "1e100", "-1.7976931348623157e308", "5e-324", "1e-300"])
def test_numbers_that_a_database_writes_out(transactional_db, number):
    """What is small in a body stays small in each access token, which servers take in a header of 8 kB."""
    add_person(add_user)
    device = SupabaseDevice().sign_in()
    body = b'{"data": {"a": [%s]}}' % b",".join([number.encode()] * (3500 // (len(number) + 2)))
    assert device.send("PUT", "user", body).status_code in {200, 400}
    assert device.refresh().status_code == 200
    assert len(device.access) < 8000
    assert device.update(data={"b": 1}).status_code == 200


@pytest.mark.parametrize("value", [{}, [], "x", 0, False, {"a": "\0"}])
def test_app_metadata(laptop, value):
    assert refused(laptop.update(app_metadata=value)) == (403, "not_admin")


# Queries


MANY = "&".join(f"a{number}=" for number in range(2000))


@pytest.mark.parametrize(
    "query",
    [
        MANY,
        f"scope=nowhere&{MANY}",
        f"grant_type=password&{MANY}",
        "grant_type=%00",
        "grant_type=%FF",
        "grant_type=%ED%A0%80",
        "grant_type=" + "x" * 20_000,
        "grant_type",
        "&&&===",
        "scope=%ED%A0%80",
        "scope=%FF",
        "scope=%00",
        "scope=" + "x" * 200,
        "scope=[]",
        "scope=everyone&scope=local",
    ],
    ids=lambda query: query[:30],
)
def test_queries(laptop, query):
    calls = [("POST", "token"), ("GET", "nothing"), *([("POST", "logout")] if query.startswith("scope=") else [])]
    for method, path in calls:
        answer = laptop.send(method, f"{path}?{query}", b"[]", content_type="application/json")
        assert refused(answer)[0] in {400, 404}


@pytest.mark.parametrize(
    "path", ["%FF", "%00", "é", "\u202e", "x" * 10_000, "user%00", "user%20", "token%2F", "//", "..%2Fx"]
)
def test_paths(laptop, path):
    for method in ("GET", "POST", "BREW"):
        assert refused(laptop.send(method, path)) == (404, "not_supported")


# Headers


@pytest.mark.parametrize(
    "value",
    ["", "\0", "é" * 500, "\xff\xfe", "x" * 100_000, "2024-01-01\0", "-1", "[]", "9" * 5000, "2024-01-01 " * 500],
)
@pytest.mark.parametrize(
    "name",
    [
        "HTTP_X_SUPABASE_API_VERSION",
        "HTTP_X_CLIENT_INFO",
        "HTTP_APIKEY",
        "HTTP_ACCEPT",
        "HTTP_ACCEPT_LANGUAGE",
        "HTTP_USER_AGENT",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_HTTP_METHOD_OVERRIDE",
        "HTTP_COOKIE",
        "HTTP_ORIGIN",
        "HTTP_REFERER",
        "HTTP_RANGE",
        "HTTP_IF_NONE_MATCH",
        "REMOTE_ADDR",
    ],
)
def test_headers(ada, name, value):
    """What a client says about itself neither keeps it from working nor opens a door."""
    device = SupabaseDevice(**{name: value})
    assert device.try_sign_in().status_code == 200
    assert refused(device.try_sign_in(password="wrong")) == CREDENTIALS
    assert refused(device.user()) == BAD_JWT


@pytest.mark.parametrize("value", ["\0", "é", "\xff", "x" * 100_000, "[]", "authenticated, authenticated"])
def test_audience(laptop, value):
    assert refused(laptop.user(HTTP_X_JWT_AUD=value)) == NOT_VALID


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", (401, "no_authorization")),
        (" ", (401, "no_authorization")),
        ("Bearer", (401, "no_authorization")),
        ("Bearer  ", (401, "no_authorization")),
        ("Bearer a b", (401, "no_authorization")),
        ("Bearer {access} {access}", (401, "no_authorization")),
        ("Bearer {access}\n", (401, "no_authorization")),
        ("Bearer {access}, Bearer {access}", (401, "no_authorization")),
        ("Bearer:{access}", (401, "no_authorization")),
        ("Bearer={access}", (401, "no_authorization")),
        ("JWT {access}", (401, "no_authorization")),
        ("é é", (401, "no_authorization")),
        ("x" * 1_000_000, (401, "no_authorization")),
        ("Bearer {access},", BAD_JWT),
        ("Bearer é", BAD_JWT),
        ("Bearer \xff\xfe", BAD_JWT),
        ("Bearer \0", BAD_JWT),
        ("Bearer null", BAD_JWT),
        ("Bearer undefined", BAD_JWT),
        ("Bearer " + "x" * 1_000_000, BAD_JWT),
        (f"Bearer {KEY}", BAD_JWT),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_authorization(laptop, header, expected):
    header = header.replace("{access}", laptop.access)
    for method, path in SIGNED_IN:
        assert refused(laptop.send(method, path, {}, HTTP_AUTHORIZATION=header)) == expected


# Tokens


MISSING = object()
HS256 = {"alg": "HS256", "typ": "JWT"}


@pytest.mark.parametrize("raw", GARBAGE)
def test_garbage_for_a_token(laptop, raw):
    for method, path in SIGNED_IN:
        assert refused(laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}")) == BAD_JWT
    answer = laptop.send("POST", "token?grant_type=refresh_token", {"refresh_token": raw})
    assert refused(answer) == NO_TOKEN


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS512"}, {"alg": None}, {"alg": []}, {}, {"crit": ["exp"]}]
)
def test_headers_of_a_token(laptop, header):
    claims = laptop.claims
    for raw in (signed({**header}, claims, project.SECRET_KEY), f"{headed(header).partition('.')[0]}.e30."):
        for method, path in SIGNED_IN:
            assert refused(laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}")) == BAD_JWT


NOT_A_UUID = {
    "missing": MISSING,
    "null": None,
    "array": [],
    "array_of_ids": ["0"],
    "object": {"a": 1},
    "true": True,
    "number": 7,
    "huge": 10**40,
    "infinity": float("inf"),
    "empty": "",
    "text": "junk",
    "nul": "\0",
    "surrogate": "\ud800",
    "long": "9" * 5000,
}


@pytest.mark.parametrize("value", named(**NOT_A_UUID))
@pytest.mark.parametrize("claim", ["sub", "session_id", "user_id"])
def test_claims_under_the_right_key(laptop, claim, value):
    """Nobody but the project can sign them, and still none may break anything."""
    claims = {name: each for name, each in {**laptop.claims, claim: value}.items() if each is not MISSING}
    raw = signed(HS256, claims, project.SECRET_KEY)
    for method, path in [*SIGNED_IN, ("POST", "logout?scope=local")]:
        status, error_code = refused(laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}"))
        assert (status, error_code) == BAD_JWT or (claim, status, error_code) == ("sub", 400, "bad_jwt")


@pytest.mark.parametrize("value", named(**{name: value for name, value in NOT_A_UUID.items() if value is not MISSING}))
def test_the_user_of_no_session(laptop, value):
    """Where the session is gone, the user is looked up by the claim."""
    claims = {**laptop.claims, "session_id": str(uuid.uuid4()), "user_id": value}
    raw = signed(HS256, claims, project.SECRET_KEY)
    for method, path in SIGNED_IN:
        answer = laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}")
        assert refused(answer) in {BAD_JWT, (403, "user_not_found")}


@pytest.mark.parametrize("value", [[], {}, "x", 7, None, True, ["a", 7], "\0"], ids=repr)
@pytest.mark.parametrize("claim", ["aud", "role", "email", "app_metadata", "user_metadata", "amr", "aal", "iss"])
def test_claims_that_nobody_here_reads(laptop, claim, value):
    """They are for other services: this one asks its own rows."""
    raw = jwt.encode({**laptop.claims, claim: value}, project.SECRET_KEY) if claim != "iss" else None
    raw = raw or signed(HS256, {**laptop.claims, claim: value}, project.SECRET_KEY)
    answer = laptop.user(HTTP_AUTHORIZATION=f"Bearer {raw}")
    if answer.status_code == 200:
        assert answer.json()["email"] == EMAIL
        assert answer.json()["user_metadata"] == {}
    else:
        assert refused(answer) == BAD_JWT
    answer = laptop.user(HTTP_AUTHORIZATION=f"Bearer {raw}", HTTP_X_JWT_AUD="authenticated")
    assert answer.status_code == 200 or refused(answer) in {BAD_JWT, NOT_VALID}


@pytest.mark.parametrize("kind", ["anon", "service_role", "authenticated"])
def test_a_role_opens_no_door(laptop, kind):
    laptop.bend(role=kind)
    assert refused(laptop.update(app_metadata={"role": "admin"})) == (403, "not_admin")
    assert refused(laptop.send("GET", "admin/users")) == (404, "not_supported")


# Anything


TEXT = st.text(st.characters(), max_size=30)
NAMES = st.sampled_from(
    [
        "email",
        "phone",
        "password",
        "current_password",
        "refresh_token",
        "data",
        "user_metadata",
        "app_metadata",
        "gotrue_meta_security",
        "code_challenge",
        "channel",
        "nonce",
        "id",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES | TEXT, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
@hypothesis_settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.dictionaries(NAMES, JSON | TEXT, max_size=6) | JSON)
def test_anything(ada, method, path, body):
    device = SupabaseDevice().sign_in()
    answer = device.send(method, path, body)
    if path == "user" and answer.status_code == 200:
        assert answer.json()["id"] == device.user_id
        assert device.user().json()["user_metadata"] == answer.json()["user_metadata"]
    else:
        assert refused(answer)[0] in {400, 403, 404, 405, 422}


@pytest.mark.parametrize("value", ["\0", "\ud800", "x" * 60_000, "a\0" * 100])
def test_under_one_transaction_for_each_request(laptop, monkeypatch, value):
    """A statement that the database refuses would spoil the transaction for what comes after it."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    for answer in (laptop.try_sign_in(value), laptop.try_sign_in(password=value), laptop.update(email=value)):
        assert refused(answer)[0] == 400
    assert laptop.user().status_code == 200
