"""Queries, paths and headers."""

import pytest

from tests.support.inputs import each
from tests.support.supabase import KEY, SIGNED_IN, SupabaseDevice, needs_email, refused

pytestmark = [pytest.mark.slow, pytest.mark.any_database, needs_email, pytest.mark.django_db]


BAD_JSON, NOT_VALID, BAD_JWT = (400, "bad_json"), (400, "validation_failed"), (403, "bad_jwt")
CREDENTIALS, NO_TOKEN = (400, "invalid_credentials"), (400, "refresh_token_not_found")
MANY = "&".join(f"a{number}=" for number in range(2000))


@each(
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
)
def test_queries(laptop, query):
    calls = [("POST", "token"), ("GET", "nothing"), *([("POST", "logout")] if query.startswith("scope=") else [])]
    for method, path in calls:
        answer = laptop.send(method, f"{path}?{query}", b"[]", content_type="application/json")
        assert refused(answer)[0] in {400, 404}


@each("path", ["%FF", "%00", "é", "\u202e", "x" * 10_000, "user%00", "user%20", "token%2F", "//", "..%2Fx"])
def test_paths(laptop, path):
    for method in ("GET", "POST", "BREW"):
        assert refused(laptop.send(method, path)) == (404, "not_supported")


# Headers


@each(
    "value",
    ["", "\0", "é" * 500, "\xff\xfe", "x" * 100_000, "2024-01-01\0", "-1", "[]", "9" * 5000, "2024-01-01 " * 500],
)
@each(
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
    """What a client says about itself neither keeps it from working nor gives it any right."""
    device = SupabaseDevice(**{name: value})
    assert device.try_sign_in().status_code == 200
    assert refused(device.try_sign_in(password="wrong")) == CREDENTIALS
    assert refused(device.user()) == BAD_JWT


@each("value", ["\0", "é", "\xff", "x" * 100_000, "[]", "authenticated, authenticated"])
def test_audience(laptop, value):
    assert refused(laptop.user(HTTP_X_JWT_AUD=value)) == NOT_VALID


@each(
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
)
def test_authorization(laptop, header, expected):
    header = header.replace("{access}", laptop.access)
    for method, path in SIGNED_IN:
        assert refused(laptop.send(method, path, {}, HTTP_AUTHORIZATION=header)) == expected
