"""The claim ``iss``: who has issued an access token, which nobody is signed out for."""

import pytest
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.test.utils import override_script_prefix
from django.urls import include, path, re_path

from auth_sessions import api
from tests.support.device import PASSWORD, Device
from tests.support.keys import read_claims
from tests.support.supabase import EMAIL, SupabaseDevice, needs_email, share_tokens
from tests.urls import urlpatterns as usual

pytestmark = [needs_email, pytest.mark.any_database]

ISSUER = "http://testserver/auth/v1"


@pytest.fixture
def mounted(settings):
    """The API at another place of the project."""

    def mount(*patterns):
        module = type("urlconf", (), {"urlpatterns": list(patterns)})
        settings.ROOT_URLCONF = module

    return mount


def test_every_token_names_its_issuer(laptop, ada, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    assert laptop.claims["iss"] == ISSUER
    laptop.refresh()
    assert laptop.claims["iss"] == ISSUER
    signed_up = SupabaseDevice()
    assert signed_up.keep(signed_up.signup("eve@example.org")).claims["iss"] == ISSUER
    rest = Device().sign_in(ada)
    assert share_tokens(rest).claims["iss"] == ISSUER
    rest.refresh()
    assert share_tokens(rest).claims["iss"] == ISSUER


def test_it_is_the_address_that_the_client_reaches(ada, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    device = SupabaseDevice(HTTP_HOST="auth.example.org:8443", HTTP_X_FORWARDED_PROTO="https").sign_in()
    assert device.claims["iss"] == "https://auth.example.org:8443/auth/v1"


@override_script_prefix("/site/")
def test_a_script_prefix_is_part_of_it(ada):
    device = SupabaseDevice().sign_in()
    assert device.claims["iss"] == "http://testserver/site/auth/v1"


def test_a_changing_host_signs_nobody_out(laptop):
    for host in ("one.example.org", "two.example.org"):
        laptop.headers["HTTP_HOST"] = host
        assert laptop.user().status_code == laptop.me().status_code == laptop.edge().status_code == 200
        assert laptop.refresh().status_code == 200
        assert laptop.claims["iss"] == f"http://{host}/auth/v1"
    assert laptop.logout("local").status_code == 204


def test_a_token_issued_without_a_request(ada):
    """By a task, or a shell."""
    pair = api.sign_in_user(ada)
    assert "iss" not in read_claims(pair.access)
    device = SupabaseDevice()
    device.access, device.refresh_token = pair.access, pair.refresh
    assert device.user().status_code == device.me().status_code == 200
    device.refresh()
    assert device.claims["iss"] == ISSUER


def test_a_request_made_by_hand(ada):
    assert "iss" not in read_claims(api.sign_in_user(ada, request=HttpRequest()).access)


def test_a_host_that_is_not_allowed(ada, settings, rf):
    settings.ALLOWED_HOSTS = ["example.org"]
    request = rf.get("/", HTTP_HOST="evil.example")
    with pytest.raises(DisallowedHost):
        request.get_host()
    assert "iss" not in read_claims(api.sign_in_user(ada, request=request).access)


def test_the_projects_own_name(laptop, settings):
    """Set later, it is required, as simplejwt does: clients refresh, and stay signed in. Taken away, likewise."""
    settings.SIMPLE_JWT = {"ISSUER": "https://id.example.org"}
    assert laptop.user().status_code == 403
    assert laptop.refresh().status_code == 200
    assert laptop.claims["iss"] == "https://id.example.org"
    assert laptop.user().status_code == laptop.me().status_code == 200
    settings.SIMPLE_JWT = {}
    assert laptop.user().status_code == 200
    laptop.refresh()
    assert laptop.claims["iss"] == ISSUER


def test_tokens_from_before(laptop):
    """Those of an installation that named no issuer are as good."""
    laptop.bend("iss")
    assert laptop.user().status_code == laptop.me().status_code == laptop.edge().status_code == 200


class TestMounted:
    def test_nowhere(self, ada, mounted):
        mounted(path("api/auth/", include("auth_sessions.urls")))
        assert "iss" not in share_tokens(Device().sign_in(ada)).claims

    @pytest.mark.parametrize(
        ("at", "prefix"),
        [
            ("/", ""),
            ("/id/auth/v1/", "id/auth/v1/"),
            ("/acme/auth/v1/", "<slug:tenant>/auth/v1/"),
            ("/acme%20&%20sons/auth/v1/", "<str:tenant>/auth/v1/"),
        ],
    )
    def test_elsewhere(self, ada, mounted, at, prefix):
        mounted(path(prefix, include("auth_sessions.supabase.urls")))
        device = SupabaseDevice()
        answer = device.send("POST", "token?grant_type=password", {"email": EMAIL, "password": PASSWORD}, at=at)
        assert device.keep(answer).claims["iss"] == f"http://testserver{at.rstrip('/')}"

    def test_in_a_namespace_of_the_project(self, ada, mounted):
        inner = ([path("v1/", include("auth_sessions.supabase.urls"))], "project")
        mounted(path("auth/", include(inner)), *[each for each in usual if "auth/v1" not in str(each.pattern)])
        device = SupabaseDevice().sign_in()
        assert device.claims["iss"] == ISSUER
        assert device.user().status_code == 200


@pytest.mark.parametrize(
    ("pattern", "place", "issuer"),
    [
        (path("<int:shop>/auth/v1/", include("auth_sessions.supabase.urls")), "/007/auth/v1/", "/7/auth/v1"),
        (re_path("^[aA]uth/v1/", include("auth_sessions.supabase.urls")), "/Auth/v1/", "/auth/v1"),
    ],
)
def test_another_spelling_of_the_address(ada, mounted, pattern, place, issuer):
    """All tokens of one place name the same issuer, however the client has written it."""
    mounted(pattern)
    device = SupabaseDevice()
    body = {"email": EMAIL, "password": PASSWORD}
    device.keep(device.send("POST", "token?grant_type=password", body, at=place))
    assert device.claims["iss"] == f"http://testserver{issuer}"
