"""Devices of a project's tests: what they send, and what they keep."""

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client

from auth_sessions import testing
from auth_sessions.models import Session
from auth_sessions.testing import assert_signed_in, assert_signed_out
from tests.support.device import PASSWORD
from tests.support.host import has_browsers, has_people


def test_a_sign_in_without_a_password(ada):
    device = testing.Device(user_agent=testing.CHROME_ON_IPHONE)
    device.client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    device.sign_in(ada, name="Phone", amr=["otp"], tag="app")
    row = Session.objects.get(pk=device.session_id)
    assert (row.name, row.tag, row.ip_address, row.kind) == ("Phone", "app", "192.0.2.7", "token")
    assert (row.device.label, [*row.amr]) == ("Chrome on iOS", ["otp"])
    assert device.get("/api/me/").status_code == 200


def test_a_sign_in_with_a_password(ada):
    device = testing.Device().sign_in_with_password(ada, PASSWORD, device_name="Desk")
    assert Session.objects.get(pk=device.session_id).name == "Desk"
    with pytest.raises(AssertionError, match="no tokens: 401"):
        testing.Device().sign_in_with_password(ada, "wrong")


def test_a_refresh_and_a_lost_one(ada):
    device = testing.Device().sign_in(ada)
    first = device.refresh_token
    assert device.lose_next_response().refresh().status_code == 200
    assert device.refresh_token == first
    second = device.refresh().json()["refresh"]
    assert device.refresh_token == second != first
    device.access = "long.gone.token"
    assert device.refresh().status_code == 200
    assert device.refresh_token == second
    assert_signed_in(device)


def test_a_lost_sign_in_is_kept_by_nobody(ada):
    device = testing.Device().lose_next_response().sign_in_with_password(ada, PASSWORD)
    assert (device.access, device.refresh_token, device.session_id) == (None, None, None)
    assert Session.objects.count() == 1
    assert device.sign_in_with_password(ada, PASSWORD).access is not None


def test_a_new_access_token_alone(ada):
    device = testing.Device().sign_in(ada)
    refresh = device.refresh_token
    device.keep(device.post("/api/auth/reauthenticate/", {"password": PASSWORD}))
    assert device.refresh_token == refresh
    with pytest.raises(AssertionError, match="no tokens: 401"):
        device.keep(testing.Device().get("/api/auth/sessions/"))


def test_a_thief_holds_a_copy(ada):
    device = testing.Device().sign_in(ada)
    thief = device.steal(user_agent=testing.CHROME_ON_IPHONE)
    assert (thief.access, thief.refresh_token) == (device.access, device.refresh_token)
    thief.lose_next_response()
    assert device.refresh().status_code == 200
    assert device.refresh_token != thief.refresh_token
    assert thief.client.defaults["HTTP_USER_AGENT"] != device.client.defaults["HTTP_USER_AGENT"]
    assert thief.get("/api/me/").status_code == 200


def test_a_thief_is_asked_by_the_middleware_as_it_is_now(ada, settings):
    device = testing.Device().sign_in(ada)
    assert device.get("/api/me/").status_code == 200
    settings.MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", *settings.MIDDLEWARE]
    assert device.steal().get("/api/me/")["X-Content-Type-Options"] == "nosniff"


class TestBodies:
    """What arrives in the server, by a live server and by Django's test client."""

    @pytest.fixture
    def device(self, ada):
        return testing.Device().sign_in(ada)

    def test_json(self, device):
        path = f"/api/auth/sessions/{device.session_id}/"
        assert device.patch(path, {"name": "Desk"}).json()["name"] == "Desk"
        assert device.patch(path, '{"name": "Text"}').json()["name"] == "Text"
        assert device.put(path, {"name": "Desk"}).status_code == 405
        assert device.delete(path).status_code == 204
        assert_signed_out(device)

    @has_people
    def test_forms(self, device, db):
        for content_type in ("application/x-www-form-urlencoded", testing.Browser.content_type):
            response = device.post("/login/", {"username": "nobody", "password": "ö"}, content_type=content_type)
            assert "nobody" in response.content.decode()


def test_paths_of_the_projects_own(ada, settings):
    settings.ROOT_URLCONF = "tests.host.own_path_urls"
    device = testing.Device().sign_in(ada)
    for call in (device.refresh, device.sign_out, lambda: device.sign_in_with_password(ada, PASSWORD)):
        with pytest.raises(ImproperlyConfigured, match="is not mounted"):
            call()

    class OwnDevice(testing.Device):
        paths = {"token": "/in/", "token-refresh": "/again/", "sign-out": "/out/"}

    own = OwnDevice().sign_in_with_password(ada, PASSWORD)
    assert own.refresh().status_code == 200
    assert own.sign_out("global").status_code == 204
    assert_signed_out(own)
    assert_signed_out(device)


def test_a_path_below_a_namespace(ada, settings):
    settings.ROOT_URLCONF = "tests.versioned_urls"
    with pytest.raises(ImproperlyConfigured, match=r"below a namespace or a parameter.*paths = {"):
        testing.Device().sign_in(ada).refresh()


def test_an_async_client(ada):
    for kind in (testing.Device, testing.Browser):
        with pytest.raises(TypeError, match="sync_to_async"):
            kind(client=AsyncClient()).get("/api/me/")


@has_browsers
class TestBrowsers:
    def test_a_sign_in(self, ada):
        browser = testing.Browser(user_agent=testing.CHROME_ON_IPHONE).sign_in(ada)
        row = Session.objects.get(pk=browser.session_id)
        assert (row.kind, row.device.label) == ("browser", "Chrome on iOS")
        assert row.authenticated_at is not None
        assert browser.get("/which/").json()["session"] == browser.session_id

    def test_a_lost_response(self, ada):
        browser = testing.Browser().sign_in(ada)
        cookie = browser.cookie
        assert browser.lose_next_response().post("/logout/").status_code == 302
        assert browser.client.cookies[settings.SESSION_COOKIE_NAME].value == cookie
        assert browser.get("/who/").status_code == 401

    def test_a_thief(self, ada):
        browser = testing.Browser().sign_in(ada)
        thief = browser.steal()
        assert thief.get("/who/").status_code == 200
        assert browser.post("/logout/").status_code == 302
        assert_signed_out(thief)
        assert_signed_out(browser)

    def test_a_thief_of_djangos_client(self, ada, bob):
        browser = testing.Browser().sign_in(ada)
        thief = browser.steal()
        browser.client.force_login(bob)
        assert browser.get("/who/").json()["user"] == str(bob.pk)
        assert thief.cookie != browser.cookie

    def test_a_backend_by_which_nobody_is_signed_in(self, ada):
        with pytest.raises(ValueError, match="AUTHENTICATION_BACKENDS"):
            testing.Browser().sign_in(ada, backend="project.backends.Forgotten")

    def test_another_person_afterwards(self, ada, bob):
        browser = testing.Browser().sign_in(ada)
        first = browser.session_id
        browser.sign_in(bob)
        assert browser.session_id != first
        assert browser.get("/who/").json()["user"] == str(bob.pk)
        assert not Session.objects.filter(pk=first).exists()


@has_browsers
def test_the_row_of_a_forced_login(ada):
    """As docs/testing.md says: the next request writes it, and nobody knows when the person has signed in."""
    client = Client()
    client.force_login(ada)
    assert not Session.objects.exists()
    assert client.get("/who/").status_code == 200
    assert Session.objects.get().authenticated_at is None


def test_a_project_without_cookies(ada, settings):
    settings.MIDDLEWARE = []
    with pytest.raises(ImproperlyConfigured, match="SessionMiddleware and AuthenticationMiddleware"):
        testing.Browser().sign_in(ada)
