"""Whatever comes in: junk is answered 4xx in the promised shape, with a stable code, and changes nothing."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings as project
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, SlidingToken, UntypedToken

from auth_sessions import models
from auth_sessions.models import Session
from auth_sessions.tokens import SessionRefreshToken
from tests.support.device import PASSWORD, Device, code

USERNAME = get_user_model().USERNAME_FIELD
MEGABYTE = "x" * 1_000_000
NAN, INFINITY = float("nan"), float("inf")

NOT_VALID = (401, "token_not_valid")
NOBODY = (401, "not_authenticated")
BAD_HEADER = (401, "bad_authorization_header")


def add_user(name, **fields):
    name = f"{name}@example.org" if USERNAME == "email" else name
    return get_user_model().objects.create_user(name, password=PASSWORD, **fields)


@pytest.fixture
def ada(db):
    """Rolled back after the test: sooner than the tables are emptied."""
    return add_user("ada", is_superuser=True)


@pytest.fixture
def bob(db):
    return add_user("bob")


@pytest.fixture
def nobody(db):
    return Device()


@pytest.fixture
def laptop(laptop):
    """Whatever a test sends, this session and its token are left as they were."""
    before = rows()
    yield laptop
    assert rows() >= before


def rows():
    sessions = Session.objects.values_list("pk", "name", "confirmed_generation", "last_seen_at")
    return {*sessions, *models.RefreshToken.objects.values_list("pk", "generation", "rotated_at")}


def send(device, method, path, body=b"", content_type="application/json", **headers):
    """A request as it is on the wire; the body as bytes, or to be written as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    headers = {**device.headers, **headers}
    return device.client.generic(method, f"/api/auth/{path}", body, content_type=content_type, **headers)


def shaped(response):
    """The status, once the answer is known to have the shape that goes with it."""
    assert 400 <= response.status_code < 500, (response.status_code, response.content[:500])
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    if response.status_code == 401:
        assert response["WWW-Authenticate"].startswith("Bearer ")
        assert set(body) == {"detail", "code"}
        assert all(isinstance(value, str) and value for value in body.values())
    elif response.status_code == 400 and set(body) != {"detail"}:
        assert all(isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in body.values())
    else:
        assert set(body) == {"detail"}
        assert isinstance(body["detail"], str)
    assert len(response.content) < 1000, "what was sent comes back"
    return response.status_code


def refusal(response):
    shaped(response)
    return code(response)


def wrong_fields(response):
    assert shaped(response) == 400
    return set(response.json())


def named(**cases):
    """The cases of a parametrised table, by name."""
    return [pytest.param(value, id=name) for name, value in cases.items()]


# Bodies

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


def nested(depth, opening=b"[", closing=b"]"):
    return opening * depth + closing * depth


ENDPOINTS = [("POST", "token/"), ("POST", "token/refresh/"), ("POST", "sign-out/"), ("PATCH", "sessions/{own}/")]

NOT_JSON = named(
    word=b"junk",
    truncated=b'{"refresh": "',
    trailing=b"{}{}",
    nan=b'{"refresh": NaN}',
    infinity=b'{"scope": -Infinity}',
    not_utf8=b'{"refresh": "\xff\xfe"}',
    utf16='{"scope": "local"}'.encode("utf-16"),
    byte_order_mark=b"\xef\xbb\xbf{}",
    nul=b"\0",
    raw_nul_in_a_string=b'{"name": "\0"}',
    endless_number=b'{"name": ' + b"9" * 5000 + b"}",
    form=b"scope=local",
    arrays_without_end=b"[" * 100_000,
    deep_arrays=nested(100_000),
    deep_objects=nested(50_000, b'{"a":', b"}"),
)

NOT_AN_OBJECT = named(
    array=[],
    array_of_objects=[{"scope": "local", "refresh": "x"}],
    string="local",
    empty_string="",
    number=7,
    huge=10**400,
    true=True,
    false=False,
    null=None,
)

OTHER_TYPES = named(
    text="text/plain",
    xml="application/xml",
    octets="application/octet-stream",
    unknown="x/y",
    not_a_type="junk",
    json_in_another_name="text/json",
)


def everywhere(device, body, content_type="application/json", **headers):
    """The answers of every endpoint that reads a body."""
    for method, path in ENDPOINTS:
        yield send(device, method, path.format(own=device.session_id), body, content_type, **headers)


class TestBodies:
    @pytest.mark.parametrize("body", NOT_JSON)
    def test_not_json(self, laptop, body):
        for answer in everywhere(laptop, body):
            assert wrong_fields(answer) == {"detail"}

    @pytest.mark.parametrize("body", NOT_AN_OBJECT)
    def test_not_an_object(self, laptop, body):
        for answer in everywhere(laptop, body):
            assert wrong_fields(answer) == {"non_field_errors"}

    @pytest.mark.parametrize("content_type", OTHER_TYPES)
    def test_another_content_type(self, laptop, content_type):
        for answer in everywhere(laptop, b'{"scope": "local"}', content_type):
            assert shaped(answer) == 415

    @pytest.mark.parametrize("charset", ["utf-16", "utf-32", "undefined", "ascii"])
    def test_another_charset(self, laptop, charset):
        body = '{"scope": "ü", "name": "ü"}'.encode()
        for answer in everywhere(laptop, body, f"application/json; charset={charset}"):
            assert shaped(answer) == 400

    @pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=ü"])
    def test_multipart_without_a_boundary(self, laptop, content_type):
        for answer in everywhere(laptop, b"--x\r\n\r\n--x--", content_type):
            assert wrong_fields(answer) == {"detail"}

    def test_too_many_fields(self, laptop):
        body = "&".join(f"a{number}=" for number in range(2000)).encode()
        for answer in everywhere(laptop, body, FORM):
            assert answer.status_code == 400  # a page of Django's, which asks no view

    def test_a_format_that_nobody_speaks(self, laptop):
        for answer in everywhere(laptop, {"scope": "x", "name": None}, HTTP_ACCEPT="audio/ogg"):
            assert shaped(answer) in {400, 406}

    @pytest.mark.parametrize("depth", [20, 500, 800, 860, 900, 920, 940, 960, 980])
    def test_nested_to_the_edge_of_what_can_be_read(self, laptop, depth):
        fields = (USERNAME, "password", "refresh", "scope", "name")
        body = b",".join(b'"%s":%s' % (field.encode(), nested(depth)) for field in fields)
        for answer in everywhere(laptop, b"{%s}" % body):
            assert shaped(answer) == 400


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_nothing_at_all(nobody, body):
    assert wrong_fields(send(nobody, "POST", "token/", body)) == {USERNAME, "password"}
    assert wrong_fields(send(nobody, "POST", "token/refresh/", body)) == {"refresh"}
    assert refusal(send(nobody, "POST", "sign-out/", body)) == NOBODY


# Fields

NOT_A_TEXT = {
    "null": None,
    "array": [],
    "array_of_text": ["local"],
    "object": {},
    "nested_object": {"a": {"b": [1]}},
    "true": True,
    "false": False,
    "nul": "\0",
    "nul_inside": "glo\0bal",
    "surrogate": "\ud800",
    "surrogate_inside": "glo\udfffbal",
}
NUMBERS = {"number": 7, "float": 1.5, "negative": -1, "huge": 10**400}
NOT_A_NAME = {**NOT_A_TEXT, "long": "x" * 101, "megabyte": MEGABYTE}
NOT_A_SCOPE = {
    **NOT_A_TEXT,
    **NUMBERS,
    "empty": "",
    "unknown": "everyone",
    "upper_case": "GLOBAL",
    "label": "every device",
    "spaces": " local ",
    "two": "local,global",
    "array_of_two": ["local", "global"],
    "megabyte": MEGABYTE,
}


@pytest.mark.parametrize("value", named(**NOT_A_TEXT, empty=""))
@pytest.mark.parametrize("field", [USERNAME, "password"])
def test_credentials(laptop, ada, field, value):
    body = {USERNAME: ada.get_username(), "password": PASSWORD, field: value}
    assert wrong_fields(send(laptop, "POST", "token/", body)) == {field}


@pytest.mark.parametrize("value", named(**NUMBERS, megabyte=MEGABYTE, unicode="\u017f \ufb00 \u202e \U0010ffff"))
@pytest.mark.parametrize("field", [USERNAME, "password"])
def test_credentials_of_nobody(laptop, ada, field, value):
    body = {USERNAME: ada.get_username(), "password": PASSWORD, field: value}
    assert refusal(send(laptop, "POST", "token/", body)) == (401, "no_active_account")


@pytest.mark.parametrize("value", named(**NOT_A_NAME))
def test_device_name(laptop, ada, value):
    body = {USERNAME: ada.get_username(), "password": PASSWORD, "device_name": value}
    assert wrong_fields(send(laptop, "POST", "token/", body)) == {"device_name"}


@pytest.mark.parametrize("value", named(**NOT_A_NAME))
def test_name(laptop, value):
    assert wrong_fields(send(laptop, "PATCH", f"sessions/{laptop.session_id}/", {"name": value})) == {"name"}


@pytest.mark.parametrize("value", named(**NOT_A_TEXT, empty=""))
@pytest.mark.parametrize("path", ["token/refresh/", "sign-out/", "sign-out/?scope=local"])
def test_refresh(laptop, path, value):
    assert wrong_fields(send(laptop, "POST", path, {"refresh": value})) == {"refresh"}


@pytest.mark.parametrize("value", named(**NOT_A_SCOPE))
def test_scope(laptop, value):
    assert wrong_fields(send(laptop, "POST", "sign-out/", {"scope": value})) == {"scope"}


@pytest.mark.parametrize(
    "query",
    [
        "scope=",
        "scope=everyone",
        "scope=GLOBAL",
        "scope=local%20",
        "scope=local%00",
        "scope=%FF",
        "scope=%ED%A0%80",
        f"scope={'x' * 10_000}",
        "scope=local,global",
        "scope=local&scope=global",
        "scope=everyone&scope=local",
    ],
)
def test_scope_in_the_query(laptop, query):
    assert wrong_fields(laptop.post(f"sign-out/?{query}")) == {"scope"}


def test_scope_in_the_query_and_another_in_the_body(laptop):
    assert wrong_fields(laptop.post("sign-out/?scope=local", {"scope": "global"})) == {"scope"}


def part(name, value, more=b""):
    return b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n--x--\r\n' % (name, more, value)


@pytest.mark.parametrize(
    ("path", "content_type", "body", "field"),
    [
        ("token/refresh/", FORM, b"", "refresh"),
        ("token/refresh/", FORM, b"refresh", "refresh"),
        ("token/refresh/", FORM, b"refresh=%00", "refresh"),
        ("token/refresh/", MULTIPART, part(b"refresh", b""), "refresh"),
        ("token/refresh/", MULTIPART, part(b"refresh", b"\0"), "refresh"),
        ("token/refresh/", MULTIPART, part(b"refresh", b"a.b.c", b'; filename="f"'), "refresh"),
        ("sign-out/", FORM, b"scope=", "scope"),
        ("sign-out/", FORM, b"scope=%ff", "scope"),
        ("sign-out/", FORM, b"scope=local&scope=global", "scope"),
        ("sign-out/", MULTIPART, part(b"scope", b"\xff"), "scope"),
        ("sign-out/", MULTIPART, part(b"scope", b"local", b'; filename="f"'), "scope"),
        ("sign-out/", MULTIPART, part(b"refresh", b"a.b.c", b'; filename="f"'), "refresh"),
    ],
)
def test_forms(laptop, path, content_type, body, field):
    assert wrong_fields(send(laptop, "POST", path, body, content_type)) == {field}


# Tokens


def b64(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header, payload, key, digest=hashlib.sha256):
    """A JWT with any header and payload, which PyJWT would not make."""
    message = f"{b64(header)}.{b64(payload)}"
    return f"{message}.{b64(hmac.digest(key.encode(), message.encode(), digest))}"


HS256 = {"alg": "HS256", "typ": "JWT"}


def refresh_key():
    return SessionRefreshToken().get_token_backend().signing_key


KEYS = {"access": lambda: project.SECRET_KEY, "refresh": refresh_key}


def claims_of(device, kind):
    raw = device.access if kind == "access" else device.refresh_token
    return jwt.decode(raw, options={"verify_signature": False})


def show(device, kind, raw):
    """What the token is refused with, wherever a token of this kind may be shown."""
    other = device.copy()
    if kind == "access":
        other.access = raw
        asked = (other.get("sessions/"), other.post("sign-out/"), other.post("sign-out/", {"scope": "local"}))
    else:
        other.access, other.refresh_token = None, raw
        local = {"refresh": raw, "scope": "local"}
        asked = (other.try_refresh(), other.post("sign-out/", {"refresh": raw}), other.post("sign-out/", local))
    answers = {refusal(answer) for answer in asked}
    assert len(answers) == 1, answers
    return answers.pop()


def headed(header):
    return f"{b64(header)}.e30.e30"


GARBAGE = named(
    word="garbage",
    two="a.b",
    three="a.b.c",
    four="a.b.c.d",
    dots="..",
    five="....",
    not_ascii="é.ü.ß",
    padding="====.====.====",
    null="null",
    objects="e30.e30.e30",
    long="x" * 100_000,
    long_parts=".".join(["x" * 50_000] * 3),
    deep_header=headed(nested(100_000)),
    deep_object_header=headed(nested(50_000, b'{"a":', b"}")),
    array_header=headed([]),
    null_header=headed(None),
    not_utf8_header=headed(b"\xff"),
    long_number_header=headed(b'{"alg":' + b"9" * 5000 + b"}"),
)


@pytest.mark.parametrize("kind", KEYS)
class TestTokens:
    @pytest.mark.parametrize("raw", GARBAGE)
    def test_garbage(self, laptop, kind, raw):
        assert show(laptop, kind, raw) == NOT_VALID

    @pytest.mark.parametrize("change", named(
        cut=lambda raw: raw[:-1],
        unsigned=lambda raw: raw.rpartition(".")[0] + ".",
        two_segments=lambda raw: raw.rpartition(".")[0],
        four_segments=lambda raw: raw + ".x",
        twice=lambda raw: raw + raw,
        quoted=lambda raw: f'"{raw}"',
        other_signature=lambda raw: raw.rpartition(".")[0] + "." + b64(bytes(32)),
    ))  # fmt: skip
    def test_a_genuine_one_bent(self, laptop, kind, change):
        genuine = laptop.access if kind == "access" else laptop.refresh_token
        assert show(laptop, kind, change(genuine)) == NOT_VALID

    @pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, [], ["HS256"], {"HS256": 1}, 7, "hs256"])
    def test_no_algorithm(self, laptop, kind, alg):
        unsigned = f"{b64({'alg': alg, 'typ': 'JWT'})}.{b64(claims_of(laptop, kind))}."
        assert show(laptop, kind, unsigned) == NOT_VALID
        assert show(laptop, kind, signed({"alg": alg}, claims_of(laptop, kind), KEYS[kind]())) == NOT_VALID

    def test_no_header_at_all(self, laptop, kind):
        assert show(laptop, kind, signed({}, claims_of(laptop, kind), KEYS[kind]())) == NOT_VALID

    @pytest.mark.parametrize(
        ("alg", "digest"),
        [("HS384", hashlib.sha384), ("HS512", hashlib.sha512), ("RS256", hashlib.sha256), ("EdDSA", hashlib.sha256)],
    )
    def test_another_algorithm(self, laptop, kind, alg, digest):
        assert show(laptop, kind, signed({"alg": alg}, claims_of(laptop, kind), KEYS[kind](), digest)) == NOT_VALID

    @pytest.mark.parametrize("key", ["", "secret", "None", "the other"])
    def test_another_key(self, laptop, kind, key):
        key = KEYS["refresh" if kind == "access" else "access"]() if key == "the other" else key
        assert show(laptop, kind, signed(HS256, claims_of(laptop, kind), key)) == NOT_VALID

    @pytest.mark.parametrize("header", named(
        crit={"crit": ["exp"]},
        empty_crit={"crit": []},
        text_crit={"crit": "b64"},
        null_crit={"crit": None},
        numbers_crit={"crit": [1]},
        not_encoded={"b64": False},
        not_encoded_crit={"b64": False, "crit": ["b64"]},
        number_kid={"kid": 7},
        array_kid={"kid": ["a"]},
    ))  # fmt: skip
    def test_headers(self, laptop, kind, header):
        assert show(laptop, kind, signed({**HS256, **header}, claims_of(laptop, kind), KEYS[kind]())) == NOT_VALID

    @pytest.mark.parametrize("header", [{"jwk": {"kty": "oct", "k": "AA"}}, {"kid": "../../dev/null"}, {"jku": "x"}])
    def test_headers_that_bring_a_key(self, laptop, kind, header):
        assert show(laptop, kind, signed({**HS256, **header}, claims_of(laptop, kind), "\0")) == NOT_VALID

    @pytest.mark.parametrize("payload", named(
        empty={},
        array=[],
        text="x",
        null=None,
        number=7,
        not_json=b"junk",
        not_utf8=b"\xff",
        deep_array=nested(100_000),
        deep_object=nested(50_000, b'{"a":', b"}"),
    ))  # fmt: skip
    def test_payloads_under_the_right_key(self, laptop, kind, payload):
        assert show(laptop, kind, signed(HS256, payload, KEYS[kind]())) == NOT_VALID

    def test_the_other_kind(self, laptop, kind):
        assert show(laptop, kind, laptop.refresh_token if kind == "access" else laptop.access) == NOT_VALID

    @pytest.mark.parametrize("token_class", [AccessToken, RefreshToken, SlidingToken, UntypedToken])
    def test_simplejwts_own(self, laptop, ada, kind, token_class):
        token = token_class.for_user(ada)
        token.set_exp(lifetime=timedelta(hours=1))
        assert show(laptop, kind, str(token)) == NOT_VALID
        token.payload |= {**claims_of(laptop, kind), "token_type": token_class.token_type}
        if token_class.token_type != kind:
            assert show(laptop, kind, signed(HS256, token.payload, KEYS[kind]())) == NOT_VALID


def rsa_pair():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@pytest.mark.parametrize("alg", ["HS256", "RS256"])
def test_the_public_key_is_no_secret(ada, settings, alg):
    private, public = rsa_pair()
    settings.SIMPLE_JWT = {"ALGORITHM": "RS256", "SIGNING_KEY": private, "VERIFYING_KEY": public}
    laptop = Device().sign_in(ada)
    assert laptop.me().status_code == 200
    for kind in KEYS:
        for key in (public, public.strip(), ""):
            assert show(laptop, kind, signed({"alg": alg}, claims_of(laptop, kind), key)) == NOT_VALID


# Claims under the right key: nobody but the project can sign them, and still none may break anything

MISSING = object()

NOT_A_NUMBER = {
    "missing": MISSING,
    "null": None,
    "array": [],
    "array_of_one": [1],
    "object": {},
    "text": "junk",
    "digits": "1",
    "true": True,
    "nan": NAN,
    "infinity": INFINITY,
    "minus_infinity": -INFINITY,
}
NOT_AN_ID = {
    "missing": MISSING,
    "null": None,
    "array": [],
    "array_of_ids": ["0"],
    "object": {},
    "true": True,
    "number": 7,
    "huge": 10**40,
    "infinity": INFINITY,
    "empty": "",
    "text": "junk",
    "nul": "\0",
    "surrogate": "\ud800",
    "long": "9" * 5000,
}
CLAIMS = {
    "exp": {**NOT_A_NUMBER, "past": 0, "negative": -1, "very_negative": -(10**40)},
    "generation": {**NOT_A_NUMBER, "negative": -1, "fraction": 0.5, "huge": 10**40, "too_large_to_store": 2**31},
    "rotated_at": {
        **NOT_A_NUMBER,
        "huge": 10**40,
        "very_negative": -(10**40),
        "beyond_the_calendar": 10**12,
        "beyond_the_clock": 10**17,
        "before_the_calendar": -(10**12),
    },
    "session_id": NOT_AN_ID,
    "token_type": {**NOT_AN_ID, "upper_case": "ACCESS", "sliding": "sliding"},
    "user_id": {**NOT_AN_ID, "minus": "-1"},
    "jti": {**NOT_AN_ID, "not_ascii": "é"},
}


def ill_typed(*claims):
    return [
        pytest.param(claim, value, id=f"{claim}-{name}") for claim in claims for name, value in CLAIMS[claim].items()
    ]


def with_claim(device, kind, **changes):
    claims = {**claims_of(device, kind), **changes}
    claims = {name: value for name, value in claims.items() if value is not MISSING}
    return signed(HS256, claims, KEYS[kind]())


@pytest.mark.parametrize(
    ("claim", "value"), ill_typed("exp", "generation", "rotated_at", "session_id", "token_type", "user_id")
)
def test_claims_of_an_access_token(laptop, claim, value):
    assert show(laptop, "access", with_claim(laptop, "access", **{claim: value})) == NOT_VALID


@pytest.mark.parametrize(("claim", "value"), ill_typed("generation", "session_id", "token_type", "jti"))
def test_claims_of_a_refresh_token(laptop, claim, value):
    assert show(laptop, "refresh", with_claim(laptop, "refresh", **{claim: value})) == NOT_VALID


@pytest.mark.parametrize("value", named(**{name: value for name, value in NOT_AN_ID.items() if value is not MISSING}))
def test_user_of_no_session(laptop, value):
    """Where the session is gone, the user is looked up by the claim."""
    laptop = laptop.copy()
    laptop.access = with_claim(laptop, "access", session_id=str(uuid.uuid4()), user_id=value)
    assert refusal(laptop.get("sessions/"))[1] in {"token_not_valid", "user_not_found"}


@pytest.mark.parametrize("value", [253402300799, 253402214400, 4_000_000_000, 0, -62135596800, -1])
@pytest.mark.parametrize("claim", ["rotated_at", "exp"])
def test_times_at_the_ends_of_the_calendar(laptop, claim, value):
    """Numbers that are times: whatever they are good for, they are answered."""
    other = laptop.copy()
    other.access = with_claim(laptop, "access", **{claim: value})
    assert other.get("sessions/").status_code in {200, 401}


@pytest.mark.parametrize("generation", [1, 2**15, 2**31 - 1])
def test_a_generation_that_never_was(laptop, generation):
    """Another generation has another proof, and this one was not issued yet."""
    assert show(laptop, "refresh", with_claim(laptop, "refresh", generation=generation)) == NOT_VALID


# Headers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", NOBODY),
        (" ", NOBODY),
        ("Bearer", BAD_HEADER),
        ("Bearer ", BAD_HEADER),
        ("Bearer a b", BAD_HEADER),
        ("Bearer {access} {access}", BAD_HEADER),
        ("Bearer {access}, Bearer {access}", BAD_HEADER),
        ("Bearer Bearer {access}", BAD_HEADER),
        ("Bearer {access},", NOT_VALID),
        ("Bearer é", NOT_VALID),
        ("Bearer \xff\xfe", NOT_VALID),
        ("Bearer \0", NOT_VALID),
        ("Bearer null", NOT_VALID),
        ("bearer {access}", NOBODY),
        ("BEARER {access}", NOBODY),
        ("Bearer:{access}", NOBODY),
        ("Bearer={access}", NOBODY),
        ("Token {access}", NOBODY),
        ("JWT {access}", NOBODY),
        ("Basic YTpi", NOBODY),
        ("{access}", NOBODY),
        ("é é", NOBODY),
        (MEGABYTE, NOBODY),
        (f"Bearer {MEGABYTE}", NOT_VALID),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_authorization(laptop, header, expected):
    header = header.replace("{access}", laptop.access)
    for method, path in (("GET", "sessions/"), ("POST", "sign-out/"), ("DELETE", f"sessions/{laptop.session_id}/")):
        assert refusal(send(laptop, method, path, HTTP_AUTHORIZATION=header)) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "sessions/"),
        ("GET", "sessions/current/"),
        ("GET", "sessions/{own}/"),
        ("PATCH", "sessions/{own}/"),
        ("DELETE", "sessions/{own}/"),
        ("POST", "sign-out/"),
        ("POST", "sign-out/?scope=local"),
        ("POST", "sign-out/?scope=others"),
        ("GET", "users/{user}/sessions/"),
        ("POST", "users/{user}/sign-out/"),
    ],
)
def test_every_door_asks_who_is_there(laptop, ada, method, path):
    path = path.format(own=laptop.session_id, user=ada.pk)
    assert refusal(send(Device(), method, path)) == NOBODY
    for header, expected in (("Bearer a.b.c", NOT_VALID), ("Bearer", BAD_HEADER)):
        assert refusal(send(Device(), method, path, HTTP_AUTHORIZATION=header)) == expected


@pytest.mark.parametrize("user_agent", ["", "\0", "é" * 2000, "\xff", MEGABYTE, "Mozilla/5.0 (%s)", "<script>"])
@pytest.mark.parametrize("address", ["", "junk", "1.2.3", "::1%eth0", "[::1", "1.2.3.4:x", "\0", ",,,", "9" * 5000])
def test_a_device_that_tells_nonsense(ada, settings, user_agent, address):
    """What the client says about itself never keeps it from signing in."""
    settings.AUTH_SESSIONS_TRUSTED_PROXIES = 1
    headers = {"HTTP_USER_AGENT": user_agent, "HTTP_X_FORWARDED_FOR": address, "REMOTE_ADDR": address}
    answer = send(Device(), "POST", "token/", {USERNAME: ada.get_username(), "password": PASSWORD}, **headers)
    assert answer.status_code == 200
    assert len(answer.json()["session"]["device"]["label"]) < 50


# Paths


@pytest.mark.parametrize(
    "session_id",
    [
        "7",
        "-",
        "not-a-uuid",
        "null",
        "Current",
        "%00",
        "é",
        "\u202e",
        "%FF",
        "%ED%A0%80",
        "9" * 10_000,
        "x" * 10_000,
        "00000000-0000-0000-0000-000000000000",
        "{bobs}",
        "{BOBS}",
        "{{{bobs}}}",
        "urn:uuid:{bobs}",
        "{bobs}%00",
        "{bobs}%20",
    ],
    ids=lambda value: repr(value)[:30],
)
def test_session_id(laptop, bob, session_id):
    bobs = Device().sign_in(bob).session_id
    path = f"sessions/{session_id.format(bobs=bobs, BOBS=bobs.upper())}/"
    assert {
        shaped(answer) for answer in (laptop.get(path), laptop.patch(path, {"name": "x"}), laptop.delete(path))
    } == {404}
    assert Session.objects.get(pk=bobs).name == ""


@pytest.mark.parametrize(
    "pk",
    [
        "abc",
        "-1",
        "1.5",
        "1e3",
        "null",
        "%00",
        "a%00b",
        "é",
        "%FF",
        "%ED%A0%80",
        "%20",
        "9" * 40,
        "9" * 5000,
        "x" * 10_000,
        "a/b/c",
        "../1",
        "00000000-0000-0000-0000-000000000000",
        "\U0001f600",
    ],
    ids=lambda value: repr(value)[:30],
)
def test_user_id(laptop, pk):
    assert shaped(laptop.get(f"users/{pk}/sessions/")) == 404
    assert shaped(laptop.post(f"users/{pk}/sign-out/")) == 404


def test_whoever_may_not_is_told_nothing(laptop, bob):
    device = Device().sign_in(bob)
    for pk in ("abc", "%00", "9" * 40, bob.pk):
        assert shaped(device.get(f"users/{pk}/sessions/")) == 403
        assert shaped(device.post(f"users/{pk}/sign-out/", {"scope": ["junk"]})) == 403
    assert device.me().status_code == 200


@pytest.mark.parametrize("path", ["", "token", "sessions/a/b/", "sessions//", "users//sessions/", "sessions/%2e%2e/x"])
def test_no_such_path(laptop, path):
    assert send(laptop, "GET", path).status_code in {301, 404}


# Methods

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW", "get"}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("token/", {"POST"}),
        ("token/refresh/", {"POST"}),
        ("sign-out/", {"POST"}),
        ("sessions/", {"GET"}),
        ("sessions/current/", {"GET"}),
        ("sessions/{own}/", {"GET", "PATCH", "DELETE"}),
        ("users/{user}/sessions/", {"GET"}),
        ("users/{user}/sign-out/", {"POST"}),
    ],
)
def test_methods(laptop, ada, path, allowed):
    path = path.format(own=laptop.session_id, user=ada.pk)
    for method in METHODS - allowed - ({"get"} if "GET" in allowed else set()):
        answer = send(laptop, method, path)
        assert shaped(answer) == 405
        assert allowed < set(answer["Allow"].split(", ")) <= allowed | {"HEAD", "OPTIONS"}


# Anything

TEXT = st.text(st.characters(), max_size=30)
FIELDS = st.sampled_from([USERNAME, "password", "device_name", "refresh", "scope", "name", "id", "kind", "user"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(FIELDS | TEXT, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@hypothesis_settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.dictionaries(FIELDS, JSON, max_size=6) | JSON)
def test_anything(ada, method, path, body):
    device = Device()
    if method == "PATCH":
        device.sign_in(ada)
    answer = send(device, method, path.format(own=device.session_id), body)
    if method == "PATCH" and answer.status_code == 200:
        assert answer.json()["id"] == device.session_id
    else:
        assert shaped(answer) in {400, 401}
