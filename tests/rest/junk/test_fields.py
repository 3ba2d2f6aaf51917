"""Fields that are no text, no name, no scope."""

import pytest

from tests.support.device import PASSWORD
from tests.support.inputs import each
from tests.support.rest import FORM, MEGABYTE, MULTIPART, USERNAME, refusal, send, wrong_fields

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.any_database]


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


@each("value", {**NOT_A_TEXT, "empty": ""})
@each("field", [USERNAME, "password"])
def test_credentials(laptop, ada, field, value):
    body = {USERNAME: ada.get_username(), "password": PASSWORD, field: value}
    assert wrong_fields(send(laptop, "POST", "token/", body)) == {field}


@each("value", {**NUMBERS, "megabyte": MEGABYTE, "unicode": "\u017f \ufb00 \u202e \U0010ffff"})
@each("field", [USERNAME, "password"])
def test_credentials_of_nobody(laptop, ada, field, value):
    body = {USERNAME: ada.get_username(), "password": PASSWORD, field: value}
    assert refusal(send(laptop, "POST", "token/", body)) == (401, "no_active_account")


@each("value", NOT_A_NAME)
def test_device_name(laptop, ada, value):
    body = {USERNAME: ada.get_username(), "password": PASSWORD, "device_name": value}
    assert wrong_fields(send(laptop, "POST", "token/", body)) == {"device_name"}


@each("value", NOT_A_NAME)
def test_name(laptop, value):
    assert wrong_fields(send(laptop, "PATCH", f"sessions/{laptop.session_id}/", {"name": value})) == {"name"}


@each("value", {**NOT_A_TEXT, "empty": ""})
@each("path", ["token/refresh/", "sign-out/", "sign-out/?scope=local"])
def test_refresh(laptop, path, value):
    assert wrong_fields(send(laptop, "POST", path, {"refresh": value})) == {"refresh"}


@each("value", NOT_A_SCOPE)
def test_scope(laptop, value):
    assert wrong_fields(send(laptop, "POST", "sign-out/", {"scope": value})) == {"scope"}


@each(
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


@each(
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
