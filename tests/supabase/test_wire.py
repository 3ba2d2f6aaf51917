"""The Supabase face on the wire: shapes, statuses, codes and texts, as its clients read them."""

import re
import uuid
from datetime import timedelta

import jwt
import pytest
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import OperationalError, connection
from django.http import Http404
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.versioning import AcceptHeaderVersioning
from rest_framework.views import APIView

from auth_sessions import __version__
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import access_token_issuing, sessions_ending
from auth_sessions.supabase.models import Profile
from auth_sessions.supabase.views import UserView
from auth_sessions.tokens import SessionRefreshToken
from tests.support.device import PASSWORD, Device
from tests.support.supabase import (
    BANNED,
    CREDENTIALS,
    EMAIL,
    NO_SESSION,
    NO_TOKEN,
    NO_USER,
    VERSION,
    SupabaseDevice,
    add_person,
    code,
    emails_are_usernames,
    needs_email,
    refusal,
)

pytestmark = [needs_email, pytest.mark.any_database]

UNKNOWN_SESSION = "00000000-0000-4000-8000-000000000000"
VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 6},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

NO_BEARER = (401, "no_authorization", "This endpoint requires a valid Bearer token")
REUSED = (400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
NOT_SUPPORTED = "not_supported"
MALFORMED = "invalid JWT: unable to parse or verify signature, token is malformed"
EXPIRED = (
    403,
    "bad_jwt",
    "invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired",
)
UNEXPECTED = "Unexpected failure, please check server logs for more information"


@pytest.fixture(params=[None, VERSION], ids=["legacy", "versioned"])
def version(request):
    return request.param


@pytest.fixture
def ada(make_user):
    return add_person(make_user)


@pytest.fixture
def nobody(db, version):
    return SupabaseDevice(version)


@pytest.fixture
def laptop(ada, version):
    return SupabaseDevice(version).sign_in()


@pytest.fixture
def phone(ada, version):
    return SupabaseDevice(version).sign_in()


@pytest.fixture(params=[False, True], ids=["autocommit", "atomic requests"])
def _atomic_requests(request, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", request.param)


def own_view(view, device, method, body=b""):
    """The answer of a view that a project put before the include."""
    headers = {"HTTP_AUTHORIZATION": f"Bearer {device.access}", **device.headers}
    request = RequestFactory().generic(method, "/auth/v1/user", body, content_type="application/json", **headers)
    return view.as_view()(request)


# What is answered where all is well


class TestSuccess:
    def user(self, identity_id, **changes):
        key = str(Profile.objects.get().uuid)
        shared = {
            "created_at": "2026-11-24T12:00:00.000000Z",
            "updated_at": "2026-11-24T12:00:00.000000Z",
            "last_sign_in_at": "2026-11-24T12:00:00.000000Z",
        }
        identity = {
            "identity_id": identity_id,
            "id": key,
            "user_id": key,
            "identity_data": {"sub": key, "email": EMAIL},
            "provider": "email",
            "email": EMAIL,
            **shared,
        }
        return {
            "id": key,
            "aud": "authenticated",
            "role": "authenticated",
            "email": EMAIL,
            "phone": "",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {},
            "identities": [identity],
            "is_anonymous": False,
            **shared,
            **changes,
        }

    def test_sign_in(self, clock, ada, nobody):
        answer = nobody.try_sign_in()
        assert answer.status_code == 200
        body, now = answer.json(), int(timezone.now().timestamp())
        assert jwt.decode(body.pop("access_token"), project.SECRET_KEY, ["HS256"], audience="authenticated")
        assert len(body.pop("refresh_token")) >= 12
        identity_id = body["user"]["identities"][0]["identity_id"]
        assert str(uuid.UUID(identity_id)) == identity_id != body["user"]["id"]
        assert body == {
            "token_type": "bearer",
            "expires_in": 300,
            "expires_at": now + 300,
            "user": self.user(identity_id),
        }

    def test_refresh(self, clock, laptop):
        before = laptop.refresh_token
        shape = laptop.try_sign_in().json()
        clock.shift(60)
        answer = laptop.try_refresh()
        body, now = answer.json(), int(timezone.now().timestamp())
        assert (answer.status_code, set(body)) == (200, set(shape))
        assert (body["token_type"], body["expires_in"], body["expires_at"]) == ("bearer", 300, now + 300)
        assert body["refresh_token"] != before
        assert body["user"] == shape["user"]

    def test_user(self, clock, ada, laptop):
        body = laptop.user().json()
        assert body == self.user(body["identities"][0]["identity_id"])

    def test_update(self, clock, ada, laptop):
        body = laptop.update(data={"name": "Ada"}).json()
        expected = self.user(body["identities"][0]["identity_id"], user_metadata={"name": "Ada"})
        assert body == expected == laptop.user().json()

    def test_time_of_the_last_change(self, clock, laptop):
        clock.shift(90)
        laptop.update(data={"name": "Ada"})
        body = laptop.user().json()
        assert (body["created_at"], body["updated_at"]) == (
            "2026-11-24T12:00:00.000000Z",
            "2026-11-24T12:01:30.000000Z",
        )

    @pytest.mark.parametrize("scope", [None, "global", "local", "others"])
    def test_logout(self, laptop, scope):
        answer = laptop.logout(scope)
        assert (answer.status_code, answer.content) == (204, b"")
        assert not answer.has_header("Content-Type")

    def test_key_set(self, nobody):
        answer = nobody.send("GET", ".well-known/jwks.json")
        assert (answer.status_code, answer.json()) == (200, {"keys": []})
        assert answer["Cache-Control"] == "public, max-age=600"

    def test_health(self, nobody):
        answer = nobody.send("GET", "health")
        assert answer.status_code == 200
        assert (answer.json()["name"], answer.json()["version"]) == ("auth_sessions", __version__)

    @pytest.mark.parametrize("signup", [False, True])
    def test_settings(self, nobody, settings, signup):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = signup
        answer = nobody.send("GET", "settings")
        assert answer.status_code == 200
        body = answer.json()
        assert body["disable_signup"] is not signup
        assert (body["external"]["email"], body["external"]["phone"]) == (True, False)
        assert {
            "mailer_autoconfirm",
            "phone_autoconfirm",
            "sms_provider",
            "saml_enabled",
            "saml_private_key_next_configured",
            "passkeys_enabled",
        } < set(body)

    def test_headers(self, laptop, version):
        answers = [
            laptop.try_sign_in(),
            laptop.try_refresh(),
            laptop.user(),
            laptop.update(data={}),
            laptop.send("GET", "health"),
            laptop.send("GET", "settings"),
            laptop.send("GET", ".well-known/jwks.json"),
        ]
        for answer in answers:
            assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
            assert answer.get("X-Supabase-Api-Version") == version
            assert not answer.has_header("x-sb-error-code")
            assert not answer.cookies
        assert {answer["Cache-Control"] for answer in answers[:-1]} == {"no-store"}
        assert laptop.logout()["Cache-Control"] == "no-store"

    def test_the_expiry_is_the_tokens(self, clock, ada, settings):
        """A token never outlives its session."""
        settings.AUTH_SESSIONS_LIFETIME = timedelta(seconds=100)
        device = SupabaseDevice()
        body = device.try_sign_in().json()
        assert body["expires_in"] == 100
        assert body["expires_at"] == device.keep(device.try_sign_in()).claims["exp"]

    def test_no_csrf_token_is_asked_for(self, ada):
        device = SupabaseDevice()
        device.client = Client(enforce_csrf_checks=True)
        assert device.sign_in().refresh().status_code == 200
        assert device.update(data={}).status_code == 200
        assert device.logout().status_code == 204

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "junk"])
    def test_the_content_type_is_not_looked_at(self, ada, content_type):
        body = b'{"email": "ada@example.org", "password": "%s"}' % PASSWORD.encode()
        answer = SupabaseDevice().send("POST", "token?grant_type=password", body, content_type=content_type)
        assert answer.status_code == 200

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
    def test_the_scheme_is_matched_in_any_case(self, laptop, scheme):
        assert laptop.user(HTTP_AUTHORIZATION=f"{scheme} {laptop.access}").status_code == 200

    @pytest.mark.parametrize("header", [None, "Bearer junk", "Basic YTpi", "Bearer {access}"])
    def test_signing_in_and_refreshing_need_no_bearer(self, laptop, settings, header):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        header = header and header.format(access=laptop.access)
        body = {"email": EMAIL, "password": PASSWORD}
        answer = laptop.send("POST", "token?grant_type=password", body, HTTP_AUTHORIZATION=header)
        assert answer.status_code == 200
        body = {"refresh_token": laptop.refresh_token}
        answer = laptop.send("POST", "token?grant_type=refresh_token", body, HTTP_AUTHORIZATION=header)
        assert answer.status_code == 200
        body = {"email": "eve@example.org", "password": PASSWORD}
        assert laptop.send("POST", "signup", body, HTTP_AUTHORIZATION=header).status_code == 200


# The two shapes


@pytest.mark.parametrize(
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
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/json", "no-store")


# POST token?grant_type=password


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"email": EMAIL, "phone": "447700900000", "password": PASSWORD},
            (400, "validation_failed", "Only an email address or phone number should be provided on login."),
        ),
        (
            {"phone": "447700900000", "password": PASSWORD},
            (422, "phone_provider_disabled", "Phone logins are disabled"),
        ),
        ({"password": PASSWORD}, (400, "validation_failed", "missing email or phone")),
        ({"email": "", "password": PASSWORD}, (400, "validation_failed", "missing email or phone")),
        ({"email": None, "phone": None}, (400, "validation_failed", "missing email or phone")),
        ({"email": EMAIL, "password": "wrong"}, CREDENTIALS),
        ({"email": EMAIL, "password": PASSWORD.strip()}, CREDENTIALS),
        ({"email": EMAIL, "password": ""}, CREDENTIALS),
        ({"email": EMAIL, "password": None}, CREDENTIALS),
        ({"email": EMAIL}, CREDENTIALS),
        ({"email": "eve@example.org", "password": PASSWORD}, CREDENTIALS),
        ({"email": "ada", "password": PASSWORD}, CREDENTIALS),
        ({"email": "%", "password": PASSWORD}, CREDENTIALS),
        ({"email": "ada@example_org", "password": PASSWORD}, CREDENTIALS),
    ],
    ids=lambda value: str(value)[:50],
)
def test_refused_sign_ins(ada, nobody, body, expected):
    assert refusal(nobody.send("POST", "token?grant_type=password", body)) == expected
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "query", ["", "?grant_type=", "?grant_type=id_token", "?grant_type=PASSWORD", "?grant=password"]
)
def test_other_grants(ada, nobody, query):
    body = {"email": EMAIL, "password": PASSWORD}
    answer = nobody.send("POST", f"token{query}", body)
    assert refusal(answer) == (400, "invalid_credentials", "unsupported_grant_type")


@pytest.mark.parametrize("email", ["Ada@Example.Org", "ADA@EXAMPLE.ORG", " ada@example.org\n"])
def test_the_address_is_found_in_upper_and_lower_case(ada, nobody, email):
    assert nobody.try_sign_in(email).status_code == 200


def test_unknown_members_are_ignored(ada, nobody):
    more = {"data": {}, "code_challenge": None, "gotrue_meta_security": {"captcha_token": ["x"]}, "x": [1, {"y": None}]}
    assert nobody.try_sign_in(**more).status_code == 200


def test_an_inactive_user_is_told_what_an_unknown_one_is(ada, nobody):
    ada.is_active = False
    ada.save()
    assert refusal(nobody.try_sign_in()) == CREDENTIALS


# Bodies


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

    @pytest.mark.parametrize("body", [b"", b"junk", b"{", b"[]", b'"text"', b"null", b"\xff", b"email=a&password=b"])
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


# POST token?grant_type=refresh_token


@pytest.mark.parametrize("body", [{}, {"refresh_token": ""}, {"refresh_token": None}])
def test_no_refresh_token(laptop, body):
    answer = laptop.send("POST", "token?grant_type=refresh_token", body)
    assert refusal(answer) == (400, "validation_failed", "Refresh token is not valid")


@pytest.mark.parametrize(
    "raw", ["invalid-refresh-token", "abcdefghijkl", "a.b.c", "e30.e30.e30", "{access}", "{refresh}x", "x{refresh}"]
)
def test_a_refresh_token_that_is_none(laptop, raw):
    raw = raw.format(access=laptop.access, refresh=laptop.refresh_token)
    answer = laptop.send("POST", "token?grant_type=refresh_token", {"refresh_token": raw})
    assert refusal(answer) == NO_TOKEN
    assert laptop.refresh().status_code == 200


class TestRefreshRefused:
    def expired(self, **other):
        Session.objects.update(expires_at=timezone.now())
        return 400, "session_expired", "Invalid Refresh Token: Session Expired"

    def idle(self, clock, **other):
        clock.shift(timedelta(days=14))
        return 400, "session_expired", "Invalid Refresh Token: Session Expired (Inactivity)"

    def signed_out(self, phone, **other):
        phone.logout("global")
        return NO_TOKEN

    def inactive(self, **other):
        get_user_model().objects.update(is_active=False)
        return 400, "user_banned", "Invalid Refresh Token: User Banned"

    def deleted(self, ada, **other):
        ada.delete()
        return NO_TOKEN

    def password_changed(self, **other):
        get_user_model().objects.update(password=make_password("changed"))
        return NO_TOKEN

    def twice_removed(self, laptop, **other):
        first = laptop.refresh_token
        laptop.refresh()
        laptop.refresh()
        laptop.refresh_token = first
        return REUSED

    def ahead(self, laptop, **other):
        forged = SessionRefreshToken()
        forged.payload = jwt.decode(laptop.refresh_token, options={"verify_signature": False}) | {"generation": 1}
        laptop.refresh_token = str(forged)
        return 400, "validation_failed", "Invalid Refresh Token: Not Issued By This Server"

    @pytest.mark.parametrize(
        "prepare",
        [expired, idle, signed_out, inactive, deleted, password_changed, twice_removed, ahead],
        ids=lambda prepare: prepare.__name__,
    )
    def test_refused(self, clock, ada, laptop, phone, prepare):
        expected = prepare(self, clock=clock, ada=ada, laptop=laptop, phone=phone)
        assert refusal(laptop.refresh()) == expected


@pytest.mark.usefixtures("_atomic_requests")
class TestTheft:
    def test_the_session_is_destroyed_and_stays_destroyed(self, clock, laptop, phone):
        thief = laptop.copy()
        assert laptop.refresh().status_code == 200
        clock.shift(11)
        assert laptop.user().status_code == 200
        assert refusal(thief.refresh()) == REUSED
        assert not Session.objects.filter(pk=laptop.session_id).exists()
        assert not RefreshToken.objects.filter(pk=laptop.session_id).exists()
        assert refusal(laptop.user()) == NO_SESSION
        assert refusal(laptop.refresh()) == refusal(thief.refresh()) == NO_TOKEN
        assert phone.user().status_code == 200

    def test_a_session_that_is_over_goes_at_its_refresh(self, clock, settings, laptop):
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(hours=1)
        settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(minutes=1)
        clock.shift(3600)
        assert code(laptop.refresh()) == (400, "session_expired")
        assert not Session.objects.exists()
        assert refusal(laptop.refresh()) == NO_TOKEN

    def test_a_lost_answer_is_given_again(self, clock, laptop):
        lost = laptop.try_refresh().json()["refresh_token"]
        clock.shift(timedelta(hours=1))
        again = laptop.try_refresh()
        assert (again.status_code, again.json()["refresh_token"]) == (200, lost)

    def test_two_tabs(self, clock, laptop):
        """Within ten seconds the second tab gets what the first one got, even though that is in use already."""
        tab = laptop.copy()
        laptop.refresh()
        clock.shift(10)
        assert laptop.user().status_code == 200
        assert tab.refresh().status_code == 200
        assert tab.refresh_token == laptop.refresh_token


# Bearer


SIGNED_IN = [("GET", "user"), ("PUT", "user"), ("POST", "logout"), ("POST", "logout?scope=others")]


@pytest.mark.parametrize(("method", "path"), SIGNED_IN)
class TestBearer:
    """In the order of the checks: header, signature and expiry, sub, user, session, ban."""

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer  {access}",
            "Bearer {access} ",
            "Bearer {access} x",
            "{access}",
            "Token {access}",
            "Basic YTpi",
            "Bearer\t{access}",
            "XBearer {access}",
        ],
    )
    def test_header(self, laptop, method, path, header):
        header = header and header.format(access=laptop.access)
        assert refusal(laptop.send(method, path, {}, HTTP_AUTHORIZATION=header)) == NO_BEARER
        assert laptop.user().status_code == 200

    @pytest.mark.parametrize(
        "raw", ["junk", "a.b.c", "{access}x", "x{access}", "{refresh}", "sb_publishable_x", "\xff"]
    )
    def test_no_token(self, laptop, method, path, raw):
        raw = raw.format(access=laptop.access, refresh=laptop.refresh_token)
        answer = laptop.send(method, path, {}, HTTP_AUTHORIZATION=f"Bearer {raw}")
        assert refusal(answer) == (403, "bad_jwt", MALFORMED)

    @pytest.mark.parametrize(("key", "algorithm"), [("x" * 64, "HS256"), (None, "HS512"), ("", "none")])
    def test_signature(self, laptop, method, path, key, algorithm):
        key = project.SECRET_KEY if key is None else key
        laptop.access = jwt.encode(laptop.claims, key, algorithm=algorithm)
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", MALFORMED)

    def test_expired(self, clock, laptop, method, path):
        clock.shift(300)
        assert refusal(laptop.send(method, path, {})) == EXPIRED

    def test_no_sub(self, laptop, method, path):
        laptop.bend("sub")
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", "invalid claim: missing sub claim")

    def test_an_empty_sub(self, laptop, method, path):
        laptop.bend(sub="")
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", "invalid claim: missing sub claim")

    @pytest.mark.parametrize("sub", ["1", "ada", "00000000-0000-0000-0000-00000000000", "\ud800"])
    def test_a_sub_that_is_no_uuid(self, laptop, method, path, sub):
        laptop.bend(sub=sub)
        expected = (400, "bad_jwt", "invalid claim: sub claim must be a UUID")
        assert refusal(laptop.send(method, path, {})) == expected

    def test_an_api_key_that_is_a_token(self, laptop, method, path):
        """An anon or service_role key of the older kind, signed with the project's secret."""
        now = int(timezone.now().timestamp())
        claims = {"iss": "supabase", "role": "service_role", "iat": now, "exp": now + 600}
        laptop.access = jwt.encode(claims, project.SECRET_KEY, algorithm="HS256")
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", "invalid claim: missing sub claim")

    def test_user_gone(self, ada, laptop, method, path):
        ada.delete()
        assert refusal(laptop.send(method, path, {})) == NO_USER

    def test_a_session_id_that_is_no_uuid(self, laptop, method, path):
        laptop.bend(session_id="junk")
        expected = (403, "bad_jwt", "invalid claim: session_id claim must be a UUID")
        assert refusal(laptop.send(method, path, {})) == expected

    def test_without_a_session_id(self, laptop, method, path):
        """Stricter than Supabase: no sign-out bites a token without a session."""
        laptop.bend("session_id")
        assert code(laptop.send(method, path, {})) == (403, "bad_jwt")

    def test_session_gone(self, laptop, phone, method, path):
        phone.logout("others")
        assert refusal(laptop.send(method, path, {})) == NO_SESSION
        laptop.bend(session_id=UNKNOWN_SESSION)
        assert refusal(laptop.send(method, path, {})) == NO_SESSION

    def test_banned(self, laptop, method, path):
        get_user_model().objects.update(is_active=False)
        assert refusal(laptop.send(method, path, {})) == BANNED

    def test_expired_comes_before_sub(self, laptop, method, path):
        laptop.bend("sub", exp=1)
        assert refusal(laptop.send(method, path, {})) == EXPIRED

    def test_sub_comes_before_the_session(self, laptop, method, path):
        laptop.bend("sub", session_id=UNKNOWN_SESSION)
        assert refusal(laptop.send(method, path, {})) == (403, "bad_jwt", "invalid claim: missing sub claim")

    def test_the_user_comes_before_the_session(self, ada, laptop, method, path):
        ada.delete()
        laptop.bend(session_id=UNKNOWN_SESSION)
        assert refusal(laptop.send(method, path, {})) == NO_USER

    def test_nothing_was_done(self, laptop, phone, method, path):
        laptop.bend(session_id=UNKNOWN_SESSION)
        laptop.send(method, path, {"password": "quite-new-1906", "data": {"name": "Eve"}})
        assert phone.user().json()["user_metadata"] == {}
        assert Session.objects.count() == 2
        assert phone.try_sign_in().status_code == 200


# POST logout


class TestLogout:
    @pytest.fixture
    def other(self, make_user):
        add_person(make_user, "bob")
        return SupabaseDevice().sign_in("bob@example.org")

    @pytest.mark.parametrize(
        ("query", "left"),
        [
            ("", set()),
            ("?scope=", set()),
            ("?scope=global", set()),
            ("?scope=local", {"phone"}),
            ("?scope=others", {"laptop"}),
            ("?scope=local&scope=global", {"phone"}),
        ],
    )
    @pytest.mark.usefixtures("_atomic_requests")
    def test_who_is_left(self, laptop, phone, other, query, left):
        assert laptop.send("POST", f"logout{query}").status_code == 204
        for name, device in {"laptop": laptop, "phone": phone}.items():
            if name in left:
                assert device.user().status_code == device.me().status_code == device.refresh().status_code == 200
            else:
                assert refusal(device.user()) == NO_SESSION
                assert device.me().status_code == 401
                assert refusal(device.refresh()) == NO_TOKEN
        assert other.user().status_code == 200
        assert RefreshToken.objects.count() == Session.objects.count() == len(left) + 1

    @pytest.mark.parametrize("scope", ["everyone", "GLOBAL", "local,others", "every%20device", "%FF", "local%00"])
    def test_another_scope(self, laptop, scope):
        status, error_code, message = refusal(laptop.logout(scope))
        assert (status, error_code) == (400, "validation_failed")
        assert re.fullmatch(r'Unsupported logout scope ".*"', message, re.DOTALL)
        assert laptop.user().status_code == 200

    def test_another_scope_is_told_by_name(self, laptop):
        assert refusal(laptop.logout("everyone")) == (400, "validation_failed", 'Unsupported logout scope "everyone"')

    def test_another_scope_comes_after_the_bearer(self, laptop, nobody):
        assert refusal(nobody.send("POST", "logout?scope=x", HTTP_AUTHORIZATION=None)) == NO_BEARER
        assert code(nobody.logout("x")) == (403, "bad_jwt")
        laptop.logout("local")
        assert refusal(laptop.logout("x")) == NO_SESSION

    def test_the_body_is_not_looked_at(self, laptop, phone):
        assert laptop.send("POST", "logout?scope=local", b'{"scope": "global"').status_code == 204
        assert phone.user().status_code == 200

    def test_again(self, laptop, phone):
        """Retried, ``local`` is done already. The others cannot do what they promise."""
        assert [laptop.logout("local").status_code for _ in range(3)] == [204] * 3
        for scope in (None, "", "global", "others"):
            assert refusal(laptop.logout(scope)) == NO_SESSION
        assert phone.user().status_code == 200

    @pytest.mark.parametrize("end", ["expired", "password_changed", "inactive"])
    def test_local_where_the_session_is_over(self, clock, laptop, settings, end):
        """What is left of it goes."""
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=99)}
        laptop.sign_in()
        Session.objects.exclude(pk=laptop.session_id).delete()
        if end == "expired":
            Session.objects.update(expires_at=timezone.now())
        elif end == "password_changed":
            get_user_model().objects.update(password=make_password("changed"))
        else:
            get_user_model().objects.update(is_active=False)
        assert laptop.logout("global").status_code == 403
        assert laptop.logout("local").status_code == 204
        assert not Session.objects.exists()

    def test_an_expired_token_signs_nobody_out(self, clock, laptop):
        clock.shift(300)
        for scope in (None, "local"):
            assert refusal(laptop.logout(scope)) == EXPIRED
        assert Session.objects.count() == 1


# GET user


class TestAudience:
    def test_the_tokens_own(self, laptop):
        assert laptop.user(HTTP_X_JWT_AUD="authenticated").status_code == 200
        assert laptop.user(HTTP_X_JWT_AUD="").status_code == 200

    @pytest.mark.parametrize("audience", ["anon", "Authenticated", "authenticated ,x", "é"])
    def test_another(self, laptop, audience):
        expected = (400, "validation_failed", "Token audience doesn't match request audience")
        assert refusal(laptop.user(HTTP_X_JWT_AUD=audience)) == expected

    def test_the_projects(self, ada, settings):
        settings.SIMPLE_JWT = {"AUDIENCE": "shop"}
        device = SupabaseDevice().sign_in()
        assert device.claims["aud"] == "shop"
        assert device.user(HTTP_X_JWT_AUD="shop").status_code == 200
        assert code(device.user(HTTP_X_JWT_AUD="authenticated")) == (400, "validation_failed")

    def test_one_of_the_projects(self, ada, settings):
        settings.SIMPLE_JWT = {"AUDIENCE": ["shop", "desk"]}
        device = SupabaseDevice().sign_in()
        assert device.user().status_code == 200
        assert device.user(HTTP_X_JWT_AUD="desk").status_code == 200
        assert code(device.user(HTTP_X_JWT_AUD="shopdesk")) == (400, "validation_failed")


# PUT user


NEW = "quite-new-1906"


class TestPassword:
    @pytest.fixture(autouse=True)
    def _validators(self, settings):
        settings.AUTH_PASSWORD_VALIDATORS = VALIDATORS

    @pytest.mark.usefixtures("_atomic_requests")
    def test_the_others_end_and_this_one_stays(self, laptop, phone):
        answer = laptop.update(password=NEW)
        assert (answer.status_code, answer.json()["id"]) == (200, laptop.user_id)
        assert refusal(phone.user()) == NO_SESSION
        assert refusal(phone.refresh()) == NO_TOKEN
        assert laptop.user().status_code == laptop.me().status_code == 200
        for _ in range(2):
            assert laptop.refresh().status_code == 200
            assert laptop.user().status_code == 200
        assert refusal(phone.try_sign_in()) == CREDENTIALS
        assert phone.try_sign_in(password=NEW).status_code == 200

    @pytest.mark.parametrize(
        ("password", "reasons"),
        [
            ("", ["length"]),
            ("tiny", ["length"]),
            ("password123", ["pwned"]),
            ("918273645546", ["characters"]),
            ("12345", ["characters", "length", "pwned"]),
        ],
    )
    def test_weak(self, laptop, phone, password, reasons):
        answer = laptop.update(password=password)
        assert refusal(answer)[:2] == (422, "weak_password")
        assert answer.json()["weak_password"] == {"reasons": reasons}
        assert not answer.has_header("x-sb-error-code")
        assert phone.user().status_code == phone.try_sign_in().status_code == 200

    def test_the_same(self, laptop, phone):
        expected = (422, "same_password", "New password should be different from the old password.")
        assert refusal(laptop.update(password=PASSWORD)) == expected
        assert phone.user().status_code == 200

    @pytest.mark.parametrize("current", ["wrong", "", PASSWORD.strip()])
    def test_a_wrong_current_one(self, laptop, phone, current):
        assert code(laptop.update(password=NEW, current_password=current)) == (400, "current_password_invalid")
        assert phone.user().status_code == phone.try_sign_in().status_code == 200

    @pytest.mark.parametrize("current", [PASSWORD, None])
    def test_the_current_one(self, laptop, current):
        assert laptop.update(password=NEW, current_password=current).status_code == 200

    def test_null_is_none(self, laptop, phone):
        assert laptop.update(password=None, nonce="", channel="sms").status_code == 200
        assert phone.user().status_code == 200

    def test_spaces_belong_to_it(self, laptop, phone):
        assert laptop.update(password=f" {NEW} ").status_code == 200
        assert code(phone.try_sign_in(password=NEW)) == (400, "invalid_credentials")
        assert phone.try_sign_in(password=f" {NEW} ").status_code == 200

    def test_all_or_nothing(self, laptop, phone):
        """Data that cannot be stored keeps the password as it was."""
        assert code(laptop.update(password=NEW, data={"a": "x" * 5000})) == (400, "validation_failed")
        assert phone.user().status_code == phone.try_sign_in().status_code == 200
        assert laptop.user().json()["user_metadata"] == {}

    def test_all_or_nothing_where_an_end_fails(self, laptop, phone):
        def fail(**event):
            raise RuntimeError

        sessions_ending.connect(fail)
        assert code(laptop.update(password=NEW, data={"a": 1})) == (500, "unexpected_failure")
        sessions_ending.disconnect(fail)
        assert phone.user().json()["user_metadata"] == {}
        assert phone.try_sign_in().status_code == 200


def nested(depth, value=1):
    for _ in range(depth):
        value = {"a": value}
    return value


class TestData:
    def test_merged_key_by_key(self, laptop):
        laptop.update(data={"name": "Ada", "theme": {"dark": True, "size": 2}, "born": 1815})
        laptop.update(data={"theme": {"dark": False}, "née": "Byron"})
        expected = {"name": "Ada", "theme": {"dark": False}, "born": 1815, "née": "Byron"}
        assert laptop.user().json()["user_metadata"] == expected
        laptop.refresh()
        assert laptop.claims["user_metadata"] == expected

    def test_null_deletes_a_key(self, laptop):
        laptop.update(data={"name": "Ada", "born": 1815, "keep": {"inner": None}})
        answer = laptop.update(data={"name": None, "never": None, "died": 1852})
        assert answer.json()["user_metadata"] == {"born": 1815, "keep": {"inner": None}, "died": 1852}
        assert laptop.user().json()["user_metadata"] == answer.json()["user_metadata"]

    @pytest.mark.parametrize("data", [None, {}])
    def test_nothing(self, laptop, data):
        laptop.update(data={"name": "Ada"})
        assert laptop.update(data=data).json()["user_metadata"] == {"name": "Ada"}

    @pytest.mark.parametrize("data", [[], [1], "text", 7, True, False, 0, ""])
    def test_no_object(self, laptop, data):
        assert code(laptop.update(data=data)) == (400, "bad_json")

    @pytest.mark.parametrize(
        "data",
        [
            {"a": "\0"},
            {"a": ["x\0y"]},
            {"\0": 1},
            {"a": {"\0": 1}},
            {"a": "\ud800"},
            {"\udfff": 1},
            {"a": "x" * 4100},
            {"x" * 4100: 1},
            {"a": "é" * 1000},
            nested(25),
            nested(500),
            nested(20, [[[[[]]]]]),
        ],
        ids=lambda data: ascii(data)[:40],
    )
    def test_what_cannot_be_kept(self, laptop, data):
        laptop.update(data={"name": "Ada"})
        assert code(laptop.update(data=data)) == (400, "validation_failed")
        assert laptop.user().json()["user_metadata"] == {"name": "Ada"}

    def test_a_number_beyond_all_numbers(self, laptop):
        assert code(laptop.send("PUT", "user", b'{"data": {"a": 1e999}}')) == (400, "validation_failed")

    def test_too_much_bit_by_bit(self, laptop):
        """The sum is limited, not each step."""
        assert laptop.update(data={"a": "x" * 2500}).status_code == 200
        assert code(laptop.update(data={"b": "x" * 2500})) == (400, "validation_failed")
        assert laptop.update(data={"a": None, "b": "x" * 2500}).status_code == 200

    @pytest.mark.parametrize("data", [nested(10), {"": ""}, {"a": 10**300, "b": -1.5e-300, "c": "\U0001f600\u202e"}])
    def test_what_can(self, laptop, data):
        assert laptop.update(data=data).status_code == 200
        assert laptop.user().json()["user_metadata"] == data
        assert laptop.refresh().status_code == 200

    @pytest.mark.parametrize("value", [{}, {"role": "admin"}, [], "x", 0])
    def test_app_metadata_is_the_projects(self, laptop, value):
        answer = laptop.update(app_metadata=value, data={"name": "Eve"})
        assert refusal(answer) == (403, "not_admin", "Updating app_metadata requires admin privileges")
        assert laptop.user().json()["user_metadata"] == {}

    def test_app_metadata_null_is_none(self, laptop):
        assert laptop.update(app_metadata=None).status_code == 200

    def test_what_the_project_writes_is_shown(self, laptop):
        Profile.objects.update(app_metadata={"provider": "email", "providers": ["email"], "role": "editor"})
        assert laptop.user().json()["app_metadata"]["role"] == "editor"
        laptop.refresh()
        assert laptop.claims["app_metadata"]["role"] == "editor"


class TakingAddresses(UserView):
    def change_email(self, user, email):
        user.email = email
        user.save(update_fields=["email"])


class Raising(UserView):
    error = None

    def change_email(self, user, email):
        raise self.error


class TestEmail:
    def test_another_is_refused(self, ada, laptop):
        answer = laptop.update(email="new@example.org", data={"name": "Eve"})
        assert refusal(answer)[:2] == (400, "validation_failed")
        ada.refresh_from_db()
        assert ada.email == EMAIL
        assert laptop.user().json()["user_metadata"] == {}

    @pytest.mark.parametrize("email", [EMAIL, EMAIL.upper(), f" {EMAIL} ", "", None])
    def test_the_same_is_none(self, ada, laptop, email):
        answer = laptop.update(email=email, data={"name": "Ada"})
        assert (answer.status_code, answer.json()["user_metadata"]) == (200, {"name": "Ada"})
        ada.refresh_from_db()
        assert ada.email == EMAIL

    def test_refused_with_a_new_password_keeps_the_old_one(self, laptop, phone):
        assert code(laptop.update(email="new@example.org", password=NEW)) == (400, "validation_failed")
        assert phone.user().status_code == phone.try_sign_in().status_code == 200

    def test_a_project_takes_it(self, laptop):
        answer = own_view(TakingAddresses, laptop, "PUT", b'{"email": "new@example.org"}')
        assert (answer.status_code, answer.data["email"]) == (200, "new@example.org")
        assert laptop.user().json()["email"] == "new@example.org"
        assert SupabaseDevice().try_sign_in("NEW@example.org").status_code == 200

    @pytest.mark.parametrize(
        ("error", "status"),
        [(PermissionDenied("Ask us."), 403), (Http404("Ask us."), 404), (APIException("Ask us."), 500)],
    )
    def test_a_refusal_without_a_code(self, laptop, monkeypatch, error, status):
        """``unknown`` and no ``x-sb-error-code``: there is nothing to act on."""
        monkeypatch.setattr(Raising, "error", error)
        answer = own_view(Raising, laptop, "PUT", b'{"email": "new@example.org"}')
        body = answer.data
        assert answer.status_code == status
        assert (body["error_code"], body["msg"]) == ("unexpected_failure" if status == 500 else "unknown", "Ask us.")
        assert not answer.has_header("x-sb-error-code")

    @pytest.mark.parametrize("phone_number", ["447700900000", "x"])
    def test_phones_are_not_supported(self, laptop, phone_number):
        assert code(laptop.update(phone=phone_number)) == (400, "validation_failed")
        assert laptop.update(phone="").status_code == 200


# POST signup


def test_signup_is_off(nobody):
    expected = (422, "signup_disabled", "Signups not allowed for this instance")
    assert refusal(nobody.signup()) == refusal(nobody.send("POST", "signup", b"junk")) == expected
    assert not get_user_model().objects.exists()


class TestSignup:
    @pytest.fixture(autouse=True)
    def _signup(self, settings):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        settings.AUTH_PASSWORD_VALIDATORS = VALIDATORS

    @pytest.mark.usefixtures("_atomic_requests")
    def test_it_signs_in_at_once(self, nobody):
        answer = nobody.signup(data={"name": "Ada", "gone": None})
        assert answer.status_code == 200
        assert set(answer.json()) == {
            "access_token",
            "token_type",
            "expires_in",
            "expires_at",
            "refresh_token",
            "user",
        }
        nobody.keep(answer)
        assert nobody.user().json()["user_metadata"] == {"name": "Ada"}
        assert nobody.claims["user_metadata"] == {"name": "Ada"}
        assert nobody.me().status_code == nobody.refresh().status_code == 200
        user = get_user_model().objects.get()
        assert (user.email, user.check_password(PASSWORD)) == (EMAIL, True)
        assert user.last_login is not None
        assert SupabaseDevice().try_sign_in().status_code == 200

    @pytest.mark.parametrize(
        "email", ["o'brien@example.org", "a/b@example.org", f"{'x' * 60}@{'y' * 60}.{'z' * 60}.org"]
    )
    def test_an_address_that_is_no_user_name(self, nobody, email):
        """The name is made up: who signs in knows the address only."""
        assert nobody.signup(email).json()["user"]["email"] == email
        assert nobody.try_sign_in(email).status_code == 200
        assert refusal(nobody.signup(email)) == (422, "user_already_exists", "User already registered")

    def test_the_address_is_kept_in_lower_case(self, nobody):
        assert nobody.signup(" Ada@Example.ORG ").json()["user"]["email"] == EMAIL

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (
                {"password": PASSWORD},
                (422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled"),
            ),
            ({}, (422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")),
            ({"email": EMAIL}, (400, "validation_failed", "Signup requires a valid password")),
            ({"email": EMAIL, "password": ""}, (400, "validation_failed", "Signup requires a valid password")),
            (
                {"phone": "447700900000", "password": PASSWORD},
                (400, "phone_provider_disabled", "Phone signups are disabled"),
            ),
        ],
        ids=lambda value: str(value)[:50],
    )
    def test_incomplete(self, nobody, body, expected):
        assert refusal(nobody.send("POST", "signup", body)) == expected
        assert not get_user_model().objects.exists()

    @pytest.mark.parametrize(
        "email", ["ada", "ada@", "@example.org", "a b@example.org", "ada@example.org\r\nCc: x@y.z"]
    )
    def test_no_address(self, nobody, email):
        expected = (400, "validation_failed", "Unable to validate email address: invalid format")
        assert refusal(nobody.signup(email)) == expected
        assert not get_user_model().objects.exists()

    @pytest.mark.parametrize(
        ("password", "reasons"),
        [("tiny", ["length"]), ("12345", ["characters", "length", "pwned"])],
    )
    def test_weak(self, nobody, password, reasons):
        answer = nobody.signup(password=password)
        assert refusal(answer)[:2] == (422, "weak_password")
        assert answer.json()["weak_password"] == {"reasons": reasons}
        assert not get_user_model().objects.exists()

    @pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
    def test_taken(self, ada, nobody, email):
        for password in (PASSWORD, "another-password-7"):
            answer = nobody.signup(email, password)
            assert refusal(answer) == (422, "user_already_exists", "User already registered")
        assert get_user_model().objects.count() == 1
        assert nobody.try_sign_in().status_code == 200

    @pytest.mark.skipif(emails_are_usernames(), reason="Here the user name is the e-mail address.")
    def test_taken_as_a_user_name(self, make_user, nobody):
        make_user(EMAIL)
        assert refusal(nobody.signup()) == (422, "user_already_exists", "User already registered")

    @pytest.mark.parametrize("data", [{"a": "x" * 5000}, {"a": "\0"}])
    def test_data_that_cannot_be_kept(self, nobody, data):
        assert code(nobody.signup(data=data)) == (400, "validation_failed")
        assert not get_user_model().objects.exists()
        assert nobody.signup().status_code == 200

    def test_it_makes_nobody_more_than_a_user(self, nobody):
        nobody.signup(is_staff=True, is_superuser=True, app_metadata={"role": "admin"}, data={"is_staff": True})
        user = get_user_model().objects.get()
        assert (user.is_staff, user.is_superuser) == (False, False)
        assert nobody.try_sign_in().json()["user"]["app_metadata"] == {"provider": "email", "providers": ["email"]}

    def test_where_the_backends_do_not_let_the_user_in_yet(self, nobody, settings):
        """The user object alone: clients wait for a confirmation."""
        settings.AUTHENTICATION_BACKENDS = ["tests.supabase.test_wire.LetsNobodyIn"]
        answer = nobody.signup()
        assert (answer.status_code, answer.json()["email"]) == (200, EMAIL)
        assert "access_token" not in answer.json()
        assert not Session.objects.exists()


class LetsNobodyIn:
    def authenticate(self, request, **credentials):
        return None


# Whatever else there is


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize("path", ["user", "health", "settings", ".well-known/jwks.json"])
def test_head(laptop, path):
    answer = laptop.send("HEAD", path)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "audio/ogg", "", "junk"])
@pytest.mark.parametrize("query", ["", "format=xml", "format=api", "format=json"])
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


class TestAProjectWithDefaultsOfItsOwn:
    """DRF reads them once, into attributes of ``APIView``: as if they stood in ``REST_FRAMEWORK``."""

    def walk(self, device):
        device.sign_in()
        assert device.refresh().status_code == 200
        assert device.user().status_code == device.update(data={"a": 1}).status_code == 200
        assert device.send("GET", "health").status_code == 200
        assert device.send("GET", ".well-known/jwks.json").json() == {"keys": []}
        assert code(device.send("GET", "nothing")) == (404, NOT_SUPPORTED)
        assert code(device.send("PUT", "user", b"junk")) == (400, "bad_json")
        assert device.logout().status_code == 204
        assert refusal(device.user()) == NO_SESSION

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("permission_classes", ["rest_framework.permissions.IsAdminUser"]),
            ("authentication_classes", ["rest_framework.authentication.SessionAuthentication"]),
            ("authentication_classes", []),
            ("renderer_classes", ["rest_framework.renderers.BrowsableAPIRenderer"]),
            ("renderer_classes", ["rest_framework.renderers.TemplateHTMLRenderer"]),
            ("parser_classes", []),
            ("parser_classes", ["rest_framework.parsers.FormParser"]),
            ("metadata_class", "rest_framework.metadata.SimpleMetadata"),
            ("content_negotiation_class", "rest_framework.negotiation.DefaultContentNegotiation"),
        ],
    )
    def test_classes(self, ada, nobody, monkeypatch, name, value):
        from django.utils.module_loading import import_string

        value = [import_string(path) for path in value] if isinstance(value, list) else import_string(value)
        monkeypatch.setattr(APIView, name, value)
        self.walk(nobody)

    def test_versioning(self, ada, nobody, monkeypatch):
        class Versioning(AcceptHeaderVersioning):
            allowed_versions = ("1.0",)

        monkeypatch.setattr(APIView, "versioning_class", Versioning)
        nobody.headers["HTTP_ACCEPT"] = "application/json; version=7"
        self.walk(nobody)

    @pytest.mark.parametrize(
        "defaults",
        [
            {"EXCEPTION_HANDLER": "tests.supabase.test_wire.no_handler"},
            {"UNAUTHENTICATED_USER": None, "UNAUTHENTICATED_TOKEN": None},
            {"URL_FORMAT_OVERRIDE": None, "FORMAT_SUFFIX_KWARG": None},
        ],
    )
    def test_settings(self, ada, nobody, settings, defaults):
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, **defaults}
        self.walk(nobody)

    def test_a_throttle_of_the_project_holds_here_too(self, ada, nobody, monkeypatch):
        from rest_framework.throttling import UserRateThrottle

        class Throttle(UserRateThrottle):
            rate = "2/hour"

        monkeypatch.setattr(APIView, "throttle_classes", [Throttle])
        answers = [nobody.try_sign_in() for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert code(answers[-1]) == (429, "over_request_rate_limit")


def no_handler(exception, context):
    """A project's ``EXCEPTION_HANDLER`` that lets everything through as an error page."""
    raise AssertionError("The Supabase face answers by itself.")


class TestThrottle:
    LIMITED = (429, "over_request_rate_limit", "Request rate limit reached")

    @pytest.fixture
    def _rates(self, settings):
        scopes = ("auth_sessions_token", "auth_sessions_refresh", "auth_sessions_sign_out")
        rates = dict.fromkeys(scopes, "3/min")
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True

    def test_off_until_a_rate_is_set(self, ada, nobody):
        assert {nobody.try_sign_in(password="wrong").status_code for _ in range(30)} == {400}

    @pytest.mark.usefixtures("_rates")
    def test_sign_ins(self, ada, nobody):
        answers = [nobody.try_sign_in(password="wrong") for _ in range(3)]
        assert {answer.status_code for answer in answers} == {400}
        assert refusal(nobody.try_sign_in()) == refusal(nobody.signup("eve@example.org")) == self.LIMITED
        assert nobody.send("GET", "health").status_code == 200

    @pytest.mark.usefixtures("_rates")
    def test_refreshes(self, laptop):
        assert [laptop.refresh().status_code for _ in range(3)] == [200] * 3
        assert refusal(laptop.refresh()) == self.LIMITED
        assert laptop.user().status_code == laptop.try_sign_in().status_code == 200

    @pytest.mark.usefixtures("_rates")
    def test_sign_outs(self, laptop):
        assert [laptop.logout("others").status_code for _ in range(3)] == [204] * 3
        assert refusal(laptop.logout("local")) == self.LIMITED
        assert laptop.user().status_code == 200

    @pytest.mark.usefixtures("_rates")
    def test_the_rest_face_counts_with_it(self, ada, nobody):
        for _ in range(3):
            data = {ada.USERNAME_FIELD: ada.get_username(), "password": "wrong"}
            assert Device().post("token/", data).status_code == 401
        assert refusal(nobody.try_sign_in()) == self.LIMITED

    @pytest.mark.usefixtures("_rates")
    def test_a_spoofed_header_does_not_get_around_it(self, ada, nobody):
        statuses = []
        for number in range(4):
            nobody.headers["HTTP_X_FORWARDED_FOR"] = f"203.0.113.{number}"
            statuses.append(nobody.try_sign_in().status_code)
        assert statuses == [200, 200, 200, 429]


# What nobody foresaw


def fail_with(error):
    """A receiver that fails, or a database that takes up a transaction and then fails."""

    def fail(execute=None, sql="", *args, **kwargs):
        if sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            return execute(sql, *args)
        raise error

    return fail


@pytest.mark.usefixtures("_atomic_requests")
class TestUnexpected:
    @pytest.mark.parametrize(
        ("error", "status"),
        [(RuntimeError("swordfish"), 500), (ValueError("swordfish"), 500), (OperationalError("swordfish"), 503)],
    )
    def test_an_error_of_the_database(self, laptop, error, status):
        calls = [laptop.try_sign_in, laptop.try_refresh, laptop.user, lambda: laptop.update(data={}), laptop.logout]
        for call in calls:
            with connection.execute_wrapper(fail_with(error)):
                answer = call()
            assert refusal(answer) == (status, "unexpected_failure", UNEXPECTED)
            assert b"swordfish" not in answer.content
        assert laptop.user().status_code == 200

    def test_it_is_told_and_logged(self, laptop, version, caplog):
        heard = []

        def listen(request, **kwargs):
            heard.append(request.path)

        got_request_exception.connect(listen)
        with connection.execute_wrapper(fail_with(RuntimeError("swordfish"))):
            answer = laptop.user()
        got_request_exception.disconnect(listen)
        assert heard == ["/auth/v1/user"]
        [record] = [record for record in caplog.records if record.name == "django.request"]
        assert "swordfish" in str(record.exc_info[1])
        if version is None:
            assert answer.json()["error_id"] in record.getMessage()
        else:
            assert "error_id" not in answer.json()

    def test_a_client_for_tests_raises_it(self, laptop):
        laptop.client = Client()
        with connection.execute_wrapper(fail_with(RuntimeError("swordfish"))), pytest.raises(RuntimeError):
            laptop.user()

    def test_what_was_done_is_undone(self, ada, nobody):
        fail = fail_with(RuntimeError("no mail server"))
        user_logged_in.connect(fail, dispatch_uid="fail")
        answer = nobody.try_sign_in()
        user_logged_in.disconnect(dispatch_uid="fail")
        assert refusal(answer) == (500, "unexpected_failure", UNEXPECTED)
        assert not Session.objects.exists()
        assert nobody.try_sign_in().status_code == 200

    def test_a_failing_receiver_of_claims(self, laptop):
        """The refresh token stays good."""
        fail = fail_with(RuntimeError("no directory"))
        access_token_issuing.connect(fail, dispatch_uid="fail")
        answer = laptop.refresh()
        access_token_issuing.disconnect(dispatch_uid="fail")
        assert refusal(answer) == (500, "unexpected_failure", UNEXPECTED)
        assert laptop.refresh().status_code == 200

    def test_a_refusal_is_not_one(self, laptop, caplog):
        heard = []

        def listen(**kwargs):
            heard.append(kwargs)

        got_request_exception.connect(listen)
        assert code(laptop.send("PUT", "user", b"junk")) == (400, "bad_json")
        got_request_exception.disconnect(listen)
        assert heard == []
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []
