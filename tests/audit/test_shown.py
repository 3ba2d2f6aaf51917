"""What the audit says of the app, and no other test shows."""

from datetime import timedelta

import pytest
from django.conf import settings as project
from django.test import Client

from auth_sessions.models import RefreshToken, Session
from tests.support.audit import MIDDLEWARE
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device, code
from tests.support.host import has_browsers

ORIGIN = "https://shop.example.org"
HOST_COOKIES = {"SESSION_COOKIE_NAME": "__Host-sessionid", "CSRF_COOKIE_NAME": "__Host-csrftoken"}


class TestSecrets:
    def test_of_each_sign_in(self, ada):
        for _ in range(8):
            Device().sign_in(ada)
        secrets = {bytes(token.secret) for token in RefreshToken.objects.all()}
        assert len(secrets) == 8
        assert {len(secret) * 8 >= 128 for secret in secrets} == {True}
        zeros = [secret for secret in secrets if secret.count(0) > len(secret) / 2]
        assert zeros == []

    @has_browsers
    def test_the_key_of_a_browser(self, ada):
        keys = [Browser().sign_in(ada).cookie for _ in range(8)]
        assert len(set(keys)) == 8
        # 32 characters of 36: 165 bits.
        assert {len(key) for key in keys} == {32}
        assert all(key.isascii() and key.isalnum() and key == key.lower() for key in keys)


@has_browsers
class TestCookies:
    def test_under_a_name_that_binds_them_to_the_host(self, ada, settings):
        for name, value in HOST_COOKIES.items():
            setattr(settings, name, value)
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
        client = Client(enforce_csrf_checks=True)
        token = client.get("/api/auth/sign-in/", secure=True)["X-CSRFToken"]
        response = client.post(
            "/api/auth/sign-in/",
            {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD},
            secure=True,
            headers={"x-csrftoken": token, "referer": "https://testserver/"},
        )
        assert response.status_code == 200, response.content
        session, csrf = client.cookies["__Host-sessionid"], client.cookies["__Host-csrftoken"]
        for cookie in (session, csrf):
            assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["samesite"]) == (True, "/", "", "Lax")
        assert session["httponly"]
        assert session.value not in response.content.decode()
        assert client.get("/who/", secure=True).status_code == 200

    def test_that_end_with_the_browser(self, ada, settings):
        settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
        cookie = Browser().sign_in(ada).client.cookies[project.SESSION_COOKIE_NAME]
        assert (cookie["max-age"], cookie["expires"]) == ("", "")


class TestHeaders:
    def test_of_django(self, laptop, settings):
        settings.MIDDLEWARE = [*MIDDLEWARE, *settings.MIDDLEWARE]
        settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31536000, True
        settings.SECURE_SSL_REDIRECT = True
        client = laptop.copy().client  # which reads MIDDLEWARE anew
        plain = client.get("/api/me/", **laptop.headers)
        assert (plain.status_code, plain["Location"]) == (301, "https://testserver/api/me/")
        answer = client.get("/api/me/", secure=True, **laptop.headers)
        assert answer.status_code == 200
        assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"

    def test_origins(self, laptop, settings):
        pytest.importorskip("corsheaders")
        settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
        settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
        for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.example", None)):
            answer = laptop.copy().client.get("/api/me/", headers={"origin": origin}, **laptop.headers)
            assert answer.get("Access-Control-Allow-Origin") == allowed


def test_a_token_in_the_address_is_not_read(laptop):
    for name in ("access_token", "token", "access", "authorization", "bearer", "refresh"):
        for raw in (laptop.access, laptop.refresh_token):
            assert laptop.copy().client.get(f"/api/auth/sessions/?{name}={raw}").status_code == 401
            answer = laptop.copy().client.post(f"/api/auth/token/refresh/?{name}={raw}", {}, format="json")
            assert answer.status_code == 400
    assert laptop.is_signed_in()


def test_a_copied_access_token_is_accepted(laptop):
    """Until the session ends: the token is not bound to a client."""
    thief = Device(user_agent="another program")
    thief.access = laptop.access
    assert thief.is_signed_in()
    laptop.sign_out("local")
    assert code(thief.me()) == (401, "session_not_found")


@has_browsers
def test_a_later_proof_keeps_the_cookie(ada, clock_from_now, settings):
    """And the absolute end."""
    settings.AUTH_SESSIONS_LIFETIME = timedelta(hours=1)
    browser = Browser().sign_in(ada)
    before, row = browser.cookie, Session.objects.get()
    clock_from_now.shift(timedelta(minutes=20))
    assert browser.submit("/api/auth/reauthenticate/", {"password": PASSWORD}).status_code == 200
    after = Session.objects.get()
    assert after.authenticated_at > row.authenticated_at
    assert (browser.cookie, after.expires_at) == (before, row.expires_at)
