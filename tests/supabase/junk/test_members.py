"""Members of a body that are no text, no address, no data; or more than can be kept."""

import json
import unicodedata

import pytest
from django.db import connection

from tests.support.device import PASSWORD
from tests.support.inputs import each, nested
from tests.support.supabase import (
    EMAIL,
    SupabaseDevice,
    needs_email,
    refused,
)

pytestmark = [pytest.mark.slow, needs_email, pytest.mark.django_db, pytest.mark.any_database]


BAD_JSON, NOT_VALID, BAD_JWT = (400, "bad_json"), (400, "validation_failed"), (403, "bad_jwt")
CREDENTIALS, NO_TOKEN = (400, "invalid_credentials"), (400, "refresh_token_not_found")
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
    @each("value", NOT_A_TEXT)
    def test_no_text(self, laptop, method, path, member, value):
        assert refused(laptop.send(method, path, {**COMPLETE[path], member: value})) == BAD_JSON

    @each("value", UNSTORABLE)
    def test_what_no_database_takes(self, laptop, method, path, member, value):
        assert refused(laptop.send(method, path, {**COMPLETE[path], member: value})) == NOT_VALID


@each("value", NOT_A_TEXT)
def test_a_current_password_that_is_no_text(laptop, value):
    assert refused(laptop.update(password="quite-new-1906", current_password=value)) == BAD_JSON


@each("size", [40_000, 60_000, 900_000])
@each("text", ["x", "x@", "é", "%", "_", "\\", "'", "\u017f", "\U0001f600"])
def test_a_long_address(laptop, size, text):
    """Longer than any column, and than what SQLite looks for with ``LIKE``."""
    address = text * (size // len(json.dumps(text)[1:-1]))
    assert refused(laptop.try_sign_in(address)) == CREDENTIALS
    assert refused(laptop.signup(address)) == NOT_VALID
    assert refused(laptop.update(email=address)) == NOT_VALID


@each("member", ["password", "refresh_token"])
def test_a_long_secret(laptop, member):
    value = "x" * 900_000
    if member == "password":
        assert refused(laptop.try_sign_in(password=value)) == CREDENTIALS
    else:
        answer = laptop.send("POST", "token?grant_type=refresh_token", {"refresh_token": value})
        assert refused(answer) == NO_TOKEN


@each(
    ("method", "path", "expected"),
    [
        ("POST", "token?grant_type=password", CREDENTIALS),
        ("POST", "signup", NOT_VALID),
        ("PUT", "user", NOT_VALID),
    ],
)
def test_an_address_that_takes_long_to_normalise(laptop, monkeypatch, method, path, expected):
    """Combining characters are sorted, in a time that grows with the square of their number: only a few ever are."""
    address = "a" + "\u0301\u0316" * 40_000
    body = f'{{"email": "{address}", "password": "quite-new-1906"}}'.encode()
    normalize, lengths = unicodedata.normalize, []

    def watched(form, text):
        lengths.append(len(text))
        return normalize(form, text)

    with monkeypatch.context() as watching:
        watching.setattr(unicodedata, "normalize", watched)
        answer = laptop.send(method, path, body)
    assert max(lengths, default=0) < 1000
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


@each("email", ODD_ADDRESSES)
def test_an_odd_address(laptop, email):
    assert refused(laptop.try_sign_in(email)) == CREDENTIALS


@each("data", [[], ["x"], "x", 7, 0, True, False, 10**400, ""])
def test_data_that_is_no_object(laptop, data):
    assert refused(laptop.update(data=data)) == BAD_JSON
    assert refused(laptop.signup("eve@example.org", data=data)) == BAD_JSON


@each(
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
)
def test_data_that_cannot_be_kept(laptop, data):
    assert refused(laptop.send("PUT", "user", b'{"data": %s}' % data)) in {NOT_VALID, BAD_JSON}
    body = b'{"email": "eve@example.org", "password": "%s", "data": %s}' % (PASSWORD.encode(), data)
    assert refused(laptop.send("POST", "signup", body)) in {NOT_VALID, BAD_JSON}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", ["1e308", "1e100", "-1.7976931348623157e308", "5e-324", "1e-300"])
def test_numbers_that_a_database_writes_out(ada, number):
    """What is small in a body stays small in each access token, which servers take in a header of 8 kB."""
    device = SupabaseDevice().sign_in()
    body = b'{"data": {"a": [%s]}}' % b",".join([number.encode()] * (3500 // (len(number) + 2)))
    assert device.send("PUT", "user", body).status_code in {200, 400}
    assert device.refresh().status_code == 200
    assert len(device.access) < 8000
    assert device.update(data={"b": 1}).status_code == 200


@each("value", [{}, [], "x", 0, False, {"a": "\0"}])
def test_app_metadata(laptop, value):
    assert refused(laptop.update(app_metadata=value)) == (403, "not_admin")


@each("value", ["\0", "\ud800", "x" * 60_000, "a\0" * 100])
def test_under_one_transaction_for_each_request(laptop, monkeypatch, value):
    """A statement that the database refuses would spoil the transaction for what comes after it."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    for answer in (laptop.try_sign_in(value), laptop.try_sign_in(password=value), laptop.update(email=value)):
        assert refused(answer)[0] == 400
    assert laptop.user().status_code == 200
