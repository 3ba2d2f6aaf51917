"""Whatever is asked: bodies, paths, methods, and in which shape and format it is answered."""

import pytest

from auth_sessions.models import Session
from tests.support.device import PASSWORD
from tests.support.inputs import each
from tests.support.supabase import (
    EMAIL,
    MALFORMED,
    NOT_SUPPORTED,
    UNKNOWN_SESSION,
    SupabaseDevice,
    code,
    needs_email,
    refusal,
)

pytestmark = [needs_email, pytest.mark.any_database]


@each(
    ("asked", "versioned"),
    [
        ("2024-01-01", True),
        ("2024-01-02", True),
        ("2026-11-24", True),
        ("9999-12-31", True),
        ("2023-12-31", False),
        ("0001-01-01", False),
        ("0000-01-01", False),
        ("", False),
        ("junk", False),
        ("2024-13-01", False),
        ("2024-02-30", False),
        ("2024-1-1", False),
        ("20240101", False),
        ("2024-W01-1", False),
        ("2024-01-01T00:00:00Z", False),
        ("2024-01-01\n", False),
        ("v2024-01-01", False),
        ("2024-01-01, 2024-01-01", False),
        ("\u0662\u0660\u0662\u0664-01-01", False),
    ],
)
def test_the_shape_follows_the_version(db, asked, versioned):
    answer = SupabaseDevice(asked).user()
    if versioned:
        assert answer.json() == {"code": "bad_jwt", "error_code": "bad_jwt", "message": MALFORMED, "msg": MALFORMED}
        assert answer["X-Supabase-Api-Version"] == "2024-01-01"
    else:
        assert answer.json() == {"code": 403, "error_code": "bad_jwt", "msg": MALFORMED}
        assert not answer.has_header("X-Supabase-Api-Version")
    assert answer["x-sb-error-code"] == "bad_jwt"
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/json", "no-store, private")


BODIES = [
    ("POST", "token?grant_type=password"),
    ("POST", "token?grant_type=refresh_token"),
    ("POST", "signup"),
    ("PUT", "user"),
]


@pytest.mark.parametrize(("method", "path"), BODIES)
class TestBodies:
    @pytest.fixture(autouse=True)
    def _signup(self, settings):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True

    @each("body", [b"", b"junk", b"{", b"[]", b'"text"', b"null", b"\xff", b"email=a&password=b"])
    def test_no_object(self, laptop, method, path, body):
        status, error_code, message = refusal(laptop.send(method, path, body))
        assert (status, error_code) == (400, "bad_json")
        assert message.startswith("Could not parse request body as JSON: ")

    def test_more_than_a_mebibyte(self, laptop, method, path):
        limit = 1024 * 1024
        padded = b'{"email": 7' + b" " * (limit - 12) + b"}"
        assert len(padded) == limit
        assert code(laptop.send(method, path, padded))[0] == 400
        assert code(laptop.send(method, path, padded + b" ")) == (413, "request_entity_too_large")

    def test_a_lower_limit_of_the_project(self, laptop, settings, method, path):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
        assert code(laptop.send(method, path, b" " * 1001)) == (413, "request_entity_too_large")


@each(
    ("method", "path"),
    [
        ("POST", "otp"),
        ("POST", "verify"),
        ("POST", "recover"),
        ("POST", "resend"),
        ("GET", "reauthenticate"),
        ("GET", "authorize?provider=github"),
        ("GET", "callback"),
        ("POST", "magiclink"),
        ("POST", "invite"),
        ("POST", "factors"),
        ("POST", "factors/7/verify"),
        ("DELETE", "user/identities/7"),
        ("GET", "admin/users"),
        ("DELETE", f"admin/users/{UNKNOWN_SESSION}"),
        ("GET", "sessions"),
        ("GET", ""),
        ("GET", "user/"),
        ("POST", "token/"),
        ("POST", "token/?grant_type=password"),
        ("POST", "logout/"),
        ("PUT", "user/"),
        ("GET", "User"),
        ("GET", "users"),
        ("GET", ".well-known/openid-configuration"),
        ("GET", "../admin"),
        ("GET", "%00"),
        ("GET", "%FF"),
        ("OPTIONS", "nothing"),
        ("BREW", "coffee"),
    ],
)
def test_an_unknown_path(laptop, nobody, method, path):
    for device in (laptop, nobody):
        assert code(device.send(method, path, {})) == (404, NOT_SUPPORTED)


@each(
    ("path", "allowed"),
    [
        ("token?grant_type=password", {"POST"}),
        ("token?grant_type=refresh_token", {"POST"}),
        ("token", {"POST"}),
        ("logout", {"POST"}),
        ("user", {"GET", "HEAD", "PUT"}),
        ("signup", {"POST"}),
        (".well-known/jwks.json", {"GET", "HEAD"}),
        ("health", {"GET", "HEAD"}),
        ("settings", {"GET", "HEAD"}),
    ],
)
def test_another_method(laptop, path, allowed):
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} - allowed:
        assert code(laptop.send(method, path, {})) == (405, NOT_SUPPORTED)
    assert laptop.user().status_code == 200
    assert Session.objects.count() == 1


@each("path", ["user", "health", "settings", ".well-known/jwks.json"])
def test_head(laptop, path):
    answer = laptop.send("HEAD", path)
    assert (answer.status_code, answer.content) == (200, b"")


@each("accept", ["text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "audio/ogg", "", "junk"])
@each("query", ["", "format=xml", "format=api", "format=json"])
def test_json_whatever_is_asked_for(laptop, accept, query):
    headers = {"HTTP_ACCEPT": accept}
    answer = laptop.send("GET", f"user?{query}", **headers)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    answer = laptop.send(
        "POST", f"token?grant_type=password&{query}", {"email": EMAIL, "password": PASSWORD}, **headers
    )
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert code(laptop.send("GET", f"nothing?{query}", **headers)) == (404, NOT_SUPPORTED)
    assert code(laptop.send("POST", f"token?{query}", {}, **headers)) == (400, "invalid_credentials")
    assert code(laptop.send("GET", f"user?{query}", HTTP_AUTHORIZATION="Bearer x", **headers)) == (403, "bad_jwt")
