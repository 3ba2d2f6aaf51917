"""Real requests, and their responses against docs/openapi.yaml: each operation with each status that it describes."""

import pytest
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from auth_sessions.views import AuthSessionsView
from tests.support.acting import act
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.nested_runs import usual_host
from tests.support.openapi import described, document, is_request, operations
from tests.support.rest import USERNAME, send
from tests.support.single_page_app import SinglePageApp

pytestmark = [pytest.mark.any_database, usual_host]

UNKNOWN = "sessions/00000000-0000-4000-8000-000000000000/"


class NoMore(BaseThrottle):
    def allow_request(self, request, view):
        return False


@pytest.fixture
def throttled(monkeypatch):
    """A project whose own throttle lets nothing pass."""
    return lambda: monkeypatch.setattr(APIView, "throttle_classes", [NoMore])


@pytest.fixture
def locked_out(ada, settings):
    """The person may not sign in on another device."""
    settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
    Device().sign_in(ada)
    yield
    settings.AUTH_SESSIONS_MAX_PER_USER = None


def bad_bodies(device, method, path):
    yield send(device, method, path, b"junk")
    yield send(device, method, path, [])
    yield send(device, method, path, b"x", "text/plain")
    yield send(device, method, path, b"{}", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")


def with_tokens(user):
    body = {USERNAME: user.get_username(), "password": PASSWORD, "device_name": "Laptop", "otp": None}
    assert is_request("auth_sign_in", body)
    yield Device().post("token/", body)
    yield Device().post("token/", {**body, "password": "wrong"})
    yield Device().post("token/", {})
    yield from bad_bodies(Device(), "POST", "token/")
    device = Device().sign_in(user)
    assert is_request("auth_refresh", {"refresh": device.refresh_token})
    yield device.try_refresh()
    yield device.post("token/refresh/", {"refresh": device.access})
    yield device.post("token/refresh/", {})
    yield from bad_bodies(device, "POST", "token/refresh/")
    yield from renewals(device)
    assert is_request("auth_sign_out", {"scope": "local", "refresh": device.refresh_token})
    yield device.sign_out("nowhere")
    yield from bad_bodies(device, "POST", "sign-out/")
    yield device.sign_out("local")
    yield device.sign_out("others")
    yield device.refresh()
    yield Device().sign_out()


def renewals(device):
    assert is_request("auth_reauthenticate", {"password": PASSWORD, "otp": None})
    yield device.post("reauthenticate/", {"password": PASSWORD})
    yield device.post("reauthenticate/", {"password": "wrong"})
    yield device.post("reauthenticate/", {})
    yield from bad_bodies(device, "POST", "reauthenticate/")


def with_a_cookie(user, settings):
    page = SinglePageApp()
    yield page.get("sign-in/")
    body = {USERNAME: user.get_username(), "password": PASSWORD, "device_name": "Laptop", "otp": None}
    assert is_request("auth_browser_sign_in", body)
    yield page.post("sign-in/", body, **{"X-CSRFToken": None})
    yield page.post("sign-in/", {**body, "password": "wrong"})
    yield page.post("sign-in/", {})
    yield page.post("sign-in/", body)
    yield from bad_bodies(Device(), "POST", "sign-in/")
    middleware = settings.MIDDLEWARE
    settings.MIDDLEWARE = [name for name in middleware if "auth_sessions" not in name]
    yield Device().post("sign-in/", body)
    settings.MIDDLEWARE = middleware


def from_an_app(user, helping, settings):
    assert is_request("auth_hand_over", {"next": "/account/"})
    app = Device().sign_in(user)
    yield app.post("hand-over/", {"next": "/account/"})
    settings.ROOT_URLCONF = "tests.host.openapi_urls"  # without the page
    yield app.post("hand-over/", {})
    settings.ROOT_URLCONF = "tests.urls"
    yield app.post("hand-over/", {"next": "//elsewhere.example"})
    yield from bad_bodies(app, "POST", "hand-over/")
    yield Device().post("hand-over/")
    yield helping.post("hand-over/")
    middleware = settings.MIDDLEWARE
    settings.MIDDLEWARE = [name for name in middleware if "auth_sessions" not in name]
    yield Device().sign_in(user).post("hand-over/")
    settings.MIDDLEWARE = middleware


def list_of(device, path):
    yield device.get(path)
    yield device.get(f"{path}?limit=2")
    yield device.get(f"{path}?limit=0")
    yield Device().get(path)


def one_of(device, path):
    assert is_request("auth_sessions_rename", {"name": "Phone"})
    yield device.get(path)
    yield device.patch(path, {"name": "Phone"})
    yield device.patch(path, {"name": []})
    yield from bad_bodies(device, "PATCH", path)
    for each, at in ((device, UNKNOWN), (Device(), path)):
        yield each.get(at)
        yield each.patch(at, {"name": "Phone"})
        yield each.delete(at)
    yield device.delete(path)


def by_cookie(user):
    """With a cookie, but without the token against CSRF."""
    browser = Browser().sign_in(user)
    yield browser.get("sessions/")
    yield browser.get("sessions/current/")
    browser.client.handler.enforce_csrf_checks = True
    path = f"sessions/{browser.session_id}/"
    yield from (browser.post("sign-out/"), browser.patch(path, {"name": "Desk"}), browser.delete(path))


def by_staff(staff, user):
    sessions, sign_out = f"users/{user.pk}/sessions/", f"users/{user.pk}/sign-out/"
    yield from list_of(staff, sessions)
    for each, key in ((Device(), user.pk), (Device().sign_in(user), user.pk), (staff, 0)):
        yield each.get(f"users/{key}/sessions/")
        yield each.post(f"users/{key}/sign-out/")
    yield staff.post(sign_out)


def without_a_session(user):
    """Authenticated by a class of the project's that knows of no session."""
    device = Device()
    device.client.force_authenticate(user)
    yield device.get("sessions/current/")


def everything(device, key):
    """Each operation once."""
    for path in ("sign-in/", "sessions/", "sessions/current/", UNKNOWN, f"users/{key}/sessions/"):
        yield device.get(path)
    posted = ("token/", "sign-in/", "token/refresh/", "reauthenticate/", "sign-out/", "hand-over/")
    for path in (*posted, f"users/{key}/sign-out/"):
        yield device.post(path, {})
    yield from (device.patch(UNKNOWN, {}), device.delete(UNKNOWN))


def test_the_rest_api(ada, grace, locked_out, settings, throttled):
    responses = [Device().post("token/", {USERNAME: ada.get_username(), "password": PASSWORD})]
    settings.AUTH_SESSIONS_MAX_PER_USER = settings.AUTH_SESSIONS_LIFETIME = None
    responses += [*with_tokens(ada), *with_a_cookie(ada, settings)]
    laptop, staff = Device().sign_in(ada), Device().sign_in(grace)
    responses += [laptop.get("sessions/current/"), Device().get("sessions/current/")]
    responses += list_of(laptop, "sessions/")
    responses += one_of(laptop, f"sessions/{Device().sign_in(ada).session_id}/")
    responses += by_cookie(ada)
    help_device = act(grace, ada, from_device=staff)
    responses += [help_device.post("reauthenticate/", {"password": PASSWORD})]
    responses += [help_device.get("sessions/"), help_device.delete(f"sessions/{laptop.session_id}/")]
    responses += from_an_app(ada, help_device, settings)
    responses += by_staff(staff, ada)
    responses += without_a_session(ada)
    throttled()
    responses += everything(staff, ada.pk)
    assert {described(response) for response in responses} == operations("auth")


def test_a_wrong_second_factor(ada, settings):
    settings.ROOT_URLCONF = "tests.host.second_step_urls"
    body = {USERNAME: ada.get_username(), "password": PASSWORD}
    for otp in (None, "000000"):
        for path, operation in (("token/", "auth_sign_in"), ("sign-in/", "auth_browser_sign_in")):
            response = Device().post(path, {**body, "otp": otp})
            assert described(response) == (operation, 401)


def test_no_view_says_more():
    """Each view of the REST API that takes a body takes those that are described."""
    types = {
        media_type
        for item in document()["paths"].values()
        for operation in item.values()
        if "auth" in operation["tags"] and "requestBody" in operation
        for media_type in operation["requestBody"]["content"]
    }
    assert types == {parser.media_type for parser in AuthSessionsView().get_parsers()}
