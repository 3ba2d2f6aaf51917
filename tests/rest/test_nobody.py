"""DRF's ``UNAUTHENTICATED_USER`` may be None: whoever is not signed in is then no object at all."""

import pytest
from django.conf import settings as project
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.test import Client
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from auth_sessions.authentication import SessionJWTAuthentication, get_session
from auth_sessions.middleware import BrowserSessionMiddleware
from tests.support.browser import Browser
from tests.support.device import Device, code
from tests.support.host import has_browsers

NOBODY = (401, "not_authenticated")
ENDPOINTS = [
    ("post", "sign-out/"),
    ("post", "sign-out/?scope=others"),
    ("post", "sign-out/?scope=local"),
    ("get", "sessions/"),
    ("get", "sessions/current/"),
    ("get", "sessions/00000000-0000-4000-8000-000000000000/"),
    ("patch", "sessions/00000000-0000-4000-8000-000000000000/"),
    ("delete", "sessions/00000000-0000-4000-8000-000000000000/"),
    ("get", "users/1/sessions/"),
    ("post", "users/1/sign-out/"),
]
THROTTLES = ["rest_framework.throttling.AnonRateThrottle", "rest_framework.throttling.UserRateThrottle"]


class OnlyTokens(APIView):
    """A view of the project's that asks for the session, and lets anybody in."""

    authentication_classes = (SessionJWTAuthentication,)
    permission_classes = ()

    def get(self, request):
        return Response({"session": str(get_session(request)), "of_django": str(get_session(request._request))})


@pytest.fixture(autouse=True)
def _nobody_is_none(settings):
    settings.REST_FRAMEWORK = {
        **project.REST_FRAMEWORK,
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_THROTTLE_CLASSES": THROTTLES,
        "DEFAULT_THROTTLE_RATES": {"anon": "1000/s", "user": "1000/s", "auth_sessions_sign_out": "1000/s"},
    }


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("cookie", [None, "junk"])
@pytest.mark.django_db
def test_an_anonymous_request(method, path, cookie):
    device = Device()
    if cookie:
        device.client.cookies[project.SESSION_COOKIE_NAME] = cookie
    response = getattr(device.client, method)(f"/api/auth/{path}")
    may_have_ended = cookie and path.startswith("sign-out/")
    if may_have_ended and "auth_sessions.middleware.BrowserSessionMiddleware" in project.MIDDLEWARE:
        assert response.status_code == 204 if "local" in path else code(response) == (401, "session_not_found")
    else:
        assert code(response) == NOBODY


@has_browsers
@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_browser_whose_session_has_ended(ada, method, path):
    browser = Browser().sign_in(ada)
    tab = browser.copy()
    ada.auth_sessions.all().delete()
    assert getattr(tab.client, method)(f"/api/auth/{path}").status_code in {204, 401}


def test_tokens_work_as_ever(ada, laptop):
    assert laptop.me().status_code == laptop.refresh().status_code == 200
    assert len(laptop.sessions()) == 1
    assert laptop.sign_out("others").status_code == laptop.sign_out().status_code == 204


@has_browsers
def test_a_view_for_tokens_does_not_see_the_cookie(ada, office_browser):
    request = APIRequestFactory().get("/")
    assert OnlyTokens.as_view()(request).data == {"session": "None", "of_django": "None"}
    assert office_browser.page("/api/auth/sessions/").status_code == 200


@has_browsers
def test_get_session_of_a_request_that_passed_the_middleware(ada):
    def view(request):
        return OnlyTokens.as_view()(request)

    browser = Browser().sign_in(ada)
    request = APIRequestFactory().get("/", HTTP_COOKIE=f"{project.SESSION_COOKIE_NAME}={browser.cookie}")
    handler = SessionMiddleware(AuthenticationMiddleware(BrowserSessionMiddleware(view)))
    assert handler(request).data == {"session": "None", "of_django": "None"}


@pytest.mark.django_db
def test_get_session_of_a_drf_request():
    request = Request(APIRequestFactory().get("/"))
    assert get_session(request) is None
    force_authenticate(request._request, user=None)
    assert get_session(request) is None


@pytest.mark.django_db
def test_pages_lead_to_the_sign_in():
    assert Client().get("/account/devices/").status_code in {302, 404}
