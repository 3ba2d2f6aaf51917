"""With Django's ``LoginRequiredMiddleware`` every endpoint answers itself: none is redirected to a login page."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.support.device import PASSWORD, Device
from tests.support.host import has_people, has_supabase

MIDDLEWARE = "django.contrib.auth.middleware.LoginRequiredMiddleware"


@pytest.fixture(autouse=True)
def _login_required(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, MIDDLEWARE]


def patterns(resolver, namespace=""):
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from patterns(each, each.namespace or namespace)
        elif isinstance(each, URLPattern):
            yield namespace, each


OF_PAGES = {"signed-out", "signed-out-everywhere"}


def test_every_endpoint_of_the_apis_says_that_it_needs_no_login():
    views = [
        (namespace, pattern)
        for namespace, pattern in patterns(get_resolver())
        if namespace in {"auth_sessions", "auth_sessions_supabase"}
        or (namespace == "auth_sessions_pages" and pattern.name in OF_PAGES)
    ]
    assert len(views) >= 10
    assert [pattern.name for _, pattern in views if getattr(pattern.callback, "login_required", True)] == []


@has_people
def test_a_device_signs_in_refreshes_and_signs_out(ada):
    device = Device().sign_in(ada)
    assert device.refresh().status_code == 200
    assert len(device.sessions()) == 1
    assert device.sign_out().status_code == 204
    assert device.get("sessions/").status_code == 401


@has_people
@has_supabase
def test_supabase_s_clients_do(ada, client):
    pytest.importorskip("auth_sessions.supabase")
    type(ada).objects.filter(pk=ada.pk).update(**{ada.get_email_field_name(): "ada@example.org"})
    body = {"email": "ada@example.org", "password": PASSWORD}
    answer = client.post("/auth/v1/token?grant_type=password", body, content_type="application/json")
    assert answer.status_code == 200
    for path in ("token?grant_type=refresh_token", "signup", "logout", "health", "settings", "nothing"):
        assert client.post(f"/auth/v1/{path}", {}, content_type="application/json").status_code != 302
