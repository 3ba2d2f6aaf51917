"""A user's device that speaks the Supabase API: plain HTTP, the two tokens it keeps, and what refusals are."""

import json

import jwt
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.test import Client

from tests.support.device import MACBOOK, PASSWORD
from tests.support.host import has_supabase, require
from tests.support.keys import read_claims

VERSION = "2024-01-01"
EMAIL = "ada@example.org"
KEY = "sb_publishable_of_the_tests"
"""What ``createClient()`` sends as a Bearer token until somebody is signed in: an API key, no JWT."""

IDENTITY = {"sub", "email", "email_verified", "phone_verified"}
"""What ``user_metadata`` always holds."""

# Refusals, as `refusal()` reads them.
NO_SESSION = (403, "session_not_found", "Session from session_id claim in JWT does not exist")
BANNED = (403, "user_banned", "User is banned")
NO_USER = (403, "user_not_found", "User from sub claim in JWT does not exist")
CREDENTIALS = (400, "invalid_credentials", "Invalid login credentials")
NO_TOKEN = (400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
REUSED = (400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
NO_BEARER = (401, "no_authorization", "This endpoint requires a valid Bearer token")
MALFORMED = "invalid JWT: unable to parse or verify signature, token is malformed"
EXPIRED = (
    403,
    "bad_jwt",
    "invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired",
)
UNEXPECTED = "Unexpected failure, please check server logs for more information"
NOT_SUPPORTED = "not_supported"

SIGNED_IN = [("GET", "user"), ("PUT", "user"), ("POST", "logout"), ("POST", "logout?scope=others")]
"""The endpoints that need a Bearer token."""

UNKNOWN_SESSION = "00000000-0000-4000-8000-000000000000"
NEW_PASSWORD = "quite-new-1906"
VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 6},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]


def has_email_field():
    user_model = get_user_model()
    try:
        return bool(user_model._meta.get_field(user_model.get_email_field_name()))
    except FieldDoesNotExist:
        return False


def emails_are_usernames():
    return get_user_model().get_email_field_name() == get_user_model().USERNAME_FIELD


needs_email = pytest.mark.skipif(
    not has_email_field(), reason="The user model has no e-mail field, which auth_sessions.E012 reports."
)


def add_user(make_user, name="ada", **fields):
    """A user with the e-mail address ``<name>@example.org``, which may be the user name already."""
    return (
        make_user(name, **fields) if emails_are_usernames() else make_user(name, email=f"{name}@example.org", **fields)
    )


def written(described):
    """What a client has written of the ``user_metadata`` of a user object or a token, which also holds who it is."""
    assert described["user_metadata"].keys() >= IDENTITY
    return {name: value for name, value in described["user_metadata"].items() if name not in IDENTITY}


def share_tokens(rest):
    """The same device, speaking the Supabase API with the tokens that the REST API gave it."""
    device = SupabaseDevice()
    device.access, device.refresh_token = rest.access, rest.refresh_token
    return device


class SupabaseDevice:
    def __init__(self, version=None, **headers):
        require(has_supabase)
        if version is not None:
            headers["HTTP_X_SUPABASE_API_VERSION"] = version
        self.headers = {"HTTP_USER_AGENT": MACBOOK, "HTTP_APIKEY": KEY, **headers}
        self.client = Client(raise_request_exception=False)
        self.access = self.refresh_token = self.user_id = None

    def send(self, method, path, body=b"", *, at="/auth/v1/", content_type="application/json;charset=UTF-8", **headers):
        """A request as it is on the wire; the body as bytes, or to be written as JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {self.access or KEY}"}
        headers = {name: value for name, value in {**self.headers, **bearer, **headers}.items() if value is not None}
        return self.client.generic(method, f"{at}{path}", body, content_type=content_type, **headers)

    def try_sign_in(self, email=EMAIL, password=PASSWORD, **more):
        body = {"email": email, "password": password, "gotrue_meta_security": {"captcha_token": None}, **more}
        return self.send("POST", "token?grant_type=password", body, HTTP_AUTHORIZATION=f"Bearer {KEY}")

    def sign_in(self, email=EMAIL, password=PASSWORD):
        return self.keep(self.try_sign_in(email, password))

    def keep(self, answer):
        assert answer.status_code == 200, answer.content
        body = answer.json()
        self.access, self.refresh_token, self.user_id = body["access_token"], body["refresh_token"], body["user"]["id"]
        return self

    def copy(self):
        """Another tab, or a thief, with this device's storage."""
        other = SupabaseDevice()
        other.headers = self.headers
        other.access, other.refresh_token, other.user_id = self.access, self.refresh_token, self.user_id
        return other

    def try_refresh(self):
        """Refresh, but lose the answer on the way."""
        body = {"refresh_token": self.refresh_token}
        return self.send("POST", "token?grant_type=refresh_token", body, HTTP_AUTHORIZATION=f"Bearer {KEY}")

    def refresh(self):
        answer = self.try_refresh()
        if answer.status_code == 200:
            self.keep(answer)
        return answer

    def user(self, **headers):
        return self.send("GET", "user", **headers)

    def update(self, **members):
        members = {"code_challenge": None, "code_challenge_method": None, **members}
        return self.send("PUT", "user", members)

    def logout(self, scope=None):
        return self.send("POST", "logout" if scope is None else f"logout?scope={scope}")

    def signup(self, email=EMAIL, password=PASSWORD, **members):
        members = {"email": email, "password": password, "data": {}, "gotrue_meta_security": {}, **members}
        return self.send("POST", "signup", members, HTTP_AUTHORIZATION=f"Bearer {KEY}")

    def me(self):
        return self.send("GET", "me/", at="/api/")

    def edge(self):
        return self.send("GET", "edge/", at="/api/")

    @property
    def claims(self):
        return read_claims(self.access)

    @property
    def session_id(self):
        return self.claims["session_id"]

    def bend(self, *without, **changes):
        """Show an access token with other claims, signed by the project (HS256)."""
        claims = {name: value for name, value in {**self.claims, **changes}.items() if name not in without}
        self.access = jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")
        return self


def shaped(answer):
    """The body of a refusal, once it is known to have the shape that its client asked for."""
    assert answer.status_code >= 400, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store, private"
    assert not answer.cookies
    body = answer.json()
    more = {"weak_password"} & set(body)
    if answer.wsgi_request.headers.get("X-Supabase-Api-Version") == VERSION:
        assert answer["X-Supabase-Api-Version"] == VERSION
        assert set(body) - more == {"code", "error_code", "message", "msg"}
        assert (body["code"], body["message"]) == (body["error_code"], body["msg"])
    else:
        assert not answer.has_header("X-Supabase-Api-Version")
        more |= {"error_id"} if answer.status_code >= 500 else set()
        assert set(body) - more == {"code", "error_code", "msg"}
        assert body["code"] == answer.status_code
    named = body["error_code"] != "unknown"
    assert answer.get("x-sb-error-code") == (body["error_code"] if named else None)
    assert all(isinstance(body[name], str) and body[name] for name in ("error_code", "msg"))
    return body


def refusal(answer):
    """Status, code and message."""
    body = shaped(answer)
    return answer.status_code, body["error_code"], body["msg"]


def code(answer):
    """Status and code."""
    return refusal(answer)[:2]


def refused(answer):
    """Status and code of a refusal that is the client's fault, is short, and has the right shape."""
    shaped(answer)
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.content[:300])
    assert len(answer.content) < 1000, "what was sent comes back"
    return code(answer)
