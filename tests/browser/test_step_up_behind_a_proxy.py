"""``recently_authenticated`` where a proxy logs people in, and their first request has no row yet."""

import pytest
from django.http import JsonResponse
from django.test import Client
from django.urls import include, path, re_path

from auth_sessions.decorators import recently_authenticated
from auth_sessions.models import Session
from tests.support.device import Device
from tests.support.inputs import each

pytestmark = pytest.mark.any_database

HTML = "text/html,*/*;q=0.8"


@recently_authenticated(minutes=10)
def guarded(request, *args):
    return JsonResponse({"user": str(request.user.pk)})


urlpatterns = [path("", include("tests.urls")), re_path(r"^(.*)$", guarded)]


@pytest.fixture(params=["before", "after"], autouse=True)
def _proxy(request, settings):
    settings.ROOT_URLCONF = __name__
    backends = settings.AUTHENTICATION_BACKENDS
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend", *backends]
    at = settings.MIDDLEWARE.index("auth_sessions.middleware.BrowserSessionMiddleware") + (request.param == "after")
    middleware = settings.MIDDLEWARE
    settings.MIDDLEWARE = [*middleware[:at], "tests.host.middleware.ProxyUserMiddleware", *middleware[at:]]


def test_a_token_of_another_person_at_the_first_request_of_a_proxy_login(ada, bob):
    """Bob is logged in by a proxy, at this request; the fresh proof is Ada's. The view would see Bob."""
    own = Device().sign_in(ada)
    for accept in (HTML, "*/*"):
        response = Client().get("/x/", HTTP_X_USER=bob.get_username(), HTTP_ACCEPT=accept, **own.headers)
        assert response.status_code == 403, response.content
    bobs = Device().sign_in(bob)
    response = Client().get("/x/", HTTP_X_USER=bob.get_username(), **bobs.headers)
    assert response.status_code == 200


PAGES = ["/x/?a=1&a=2&b=%2F", "/account/devices/", "/account/sign-out/others/", "/account/reauthenticate/?next=/x/"]


def visit(client, url, *, method="get", keeps_cookies):
    """Follow the redirects as a browser does; the addresses, and the last response."""
    addresses = []
    for _ in range(6):
        addresses.append(url)
        response = getattr(client, method)(url, HTTP_ACCEPT=HTML)
        if not keeps_cookies:
            client.cookies.clear()
        if response.status_code != 302:
            return addresses, response
        url, method = response.url, "get"
    return pytest.fail(f"redirected without end: {addresses}")


@pytest.mark.parametrize("method", ["get", "post"])
@each("url", PAGES)
def test_a_client_that_keeps_no_cookies_comes_to_an_end(bob, url, method):
    client = Client(headers={"x-user": bob.get_username()})
    addresses, response = visit(client, url, method=method, keeps_cookies=False)
    assert response.status_code == 403
    assert len(addresses) <= 3
    assert not Session.objects.exists()


@each("url", PAGES)
def test_a_browser_comes_back_to_the_same_address(bob, url):
    client = Client(headers={"x-user": bob.get_username()})
    addresses, response = visit(client, url, keeps_cookies=True)
    assert response.status_code == 200
    assert addresses[2] == url
    assert Session.objects.count() == 1
    client.cookies.clear()
    assert client.get(addresses[1], HTTP_ACCEPT=HTML).status_code == 403  # a bookmark; the response brings the cookie
    addresses, response = visit(client, addresses[1], keeps_cookies=True)
    assert (response.status_code, addresses[1]) == (200, url)
    Session.objects.all().delete()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_path_that_names_a_host(bob, method):
    """The first request of a proxy login is redirected to itself: to this site."""
    for raw in ("//evil.example/x", "///evil.example/x", "/\\evil.example/x"):
        ask = getattr(Client(), method)
        response = ask("/", PATH_INFO=raw, HTTP_X_USER=bob.get_username(), HTTP_ACCEPT=HTML)
        assert response.status_code == 302
        assert not response.url.startswith(("//", "/\\")), response.url
