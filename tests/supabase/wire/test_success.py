"""What is answered where all is well: shapes, headers, and what need not be sent."""

import uuid
from datetime import timedelta

import jwt
import pytest
from django.conf import settings as project
from django.test import Client
from django.utils import timezone

from auth_sessions import __version__
from auth_sessions.supabase.models import Profile
from tests.support.device import PASSWORD
from tests.support.inputs import each
from tests.support.supabase import (
    EMAIL,
    SupabaseDevice,
    needs_email,
)

pytestmark = [needs_email, pytest.mark.any_database]


class TestSuccess:
    def user(self, identity_id, **data):
        key = str(Profile.objects.get().uuid)
        person = {"sub": key, "email": EMAIL, "email_verified": True, "phone_verified": False}
        shared = {
            "created_at": "2026-11-24T12:00:00.000000Z",
            "updated_at": "2026-11-24T12:00:00.000000Z",
            "last_sign_in_at": "2026-11-24T12:00:00.000000Z",
        }
        identity = {
            "identity_id": identity_id,
            "id": key,
            "user_id": key,
            "identity_data": person,
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
            "user_metadata": {**person, **data},
            "identities": [identity],
            "is_anonymous": False,
            "email_confirmed_at": "2026-11-24T12:00:00.000000Z",
            "confirmed_at": "2026-11-24T12:00:00.000000Z",
            **shared,
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
            "weak_password": None,
        }

    def test_only_a_sign_in_by_password_speaks_of_weakness(self, nobody, laptop, settings):
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        assert laptop.try_sign_in().json()["weak_password"] is None
        assert "weak_password" not in laptop.try_refresh().json()
        assert "weak_password" not in nobody.signup("eve@example.org").json()

    def test_refresh(self, clock, laptop):
        before = laptop.refresh_token
        shape = laptop.try_sign_in().json()
        clock.shift(60)
        answer = laptop.try_refresh()
        body, now = answer.json(), int(timezone.now().timestamp())
        assert (answer.status_code, set(body) | {"weak_password"}) == (200, set(shape))
        assert (body["token_type"], body["expires_in"], body["expires_at"]) == ("bearer", 300, now + 300)
        assert body["refresh_token"] != before
        assert body["user"] == shape["user"]

    def test_user(self, clock, ada, laptop):
        body = laptop.user().json()
        assert body == self.user(body["identities"][0]["identity_id"])

    def test_update(self, clock, ada, laptop):
        body = laptop.update(data={"name": "Ada"}).json()
        expected = self.user(body["identities"][0]["identity_id"], name="Ada")
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

    @each("signup", [False, True])
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
        assert {answer["Cache-Control"] for answer in answers[:-1]} == {"no-store, private"}
        assert laptop.logout()["Cache-Control"] == "no-store, private"

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

    @each("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "junk"])
    def test_the_content_type_is_not_looked_at(self, ada, content_type):
        body = b'{"email": "ada@example.org", "password": "%s"}' % PASSWORD.encode()
        answer = SupabaseDevice().send("POST", "token?grant_type=password", body, content_type=content_type)
        assert answer.status_code == 200

    @each("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
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
