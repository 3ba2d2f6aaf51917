"""Each request to simplejwt's own view and to ours: the same status, members and header, and the same refusals."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import override_settings
from django.urls import path, reverse
from rest_framework_simplejwt.tokens import AccessToken

from auth_sessions.contrib.simplejwt import urls
from auth_sessions.models import Session
from tests.support.device import PASSWORD
from tests.support.guides import run_block
from tests.support.simplejwt import Client, old_refresh_token, old_sliding_token

NAME = get_user_model().USERNAME_FIELD

pytestmark = pytest.mark.any_database


@pytest.fixture
def simplejwt(settings):
    """Simplejwt's own views, beside ours, which rotate as ours do."""
    from rest_framework_simplejwt.serializers import api_settings  # a change of the settings makes other objects

    before, api_settings.ROTATE_REFRESH_TOKENS = api_settings.ROTATE_REFRESH_TOKENS, True
    yield Client("/old/token")
    api_settings.ROTATE_REFRESH_TOKENS = before


@pytest.fixture
def ours():
    return Client()


def shape(value):
    """The members, and what kind of value each has."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def same(theirs, ours, **instead):
    assert ours.status_code == theirs.status_code
    assert shape(ours.json()) == shape(theirs.json())
    assert ours.headers.get("WWW-Authenticate") == theirs.headers.get("WWW-Authenticate")
    assert ours.json().get("code") == theirs.json().get("code")
    assert ours["Content-Type"] == theirs["Content-Type"]
    if theirs.status_code == 401:
        assert ours.json() == theirs.json() | instead
    return ours


BLACKLISTED = {"detail": "Token is blacklisted"}
"""What simplejwt says where its app is installed."""

BODIES = [{}, {"x": 1}, {"token": ""}, {"refresh": ""}, {"token": None, "refresh": None}, {"token": [], "refresh": {}}]
BAD_TOKENS = ["x", "a.b.c", "e30.e30.e30", 5]


@pytest.mark.parametrize("action", ["/refresh", "/verify", "/blacklist"])
def test_what_is_no_token(ada, simplejwt, ours, action):
    for body in [*BODIES, *({"token": token, "refresh": token} for token in BAD_TOKENS)]:
        same(simplejwt.post(action, body), ours.post(action, body))


@pytest.mark.parametrize("action", ["", "/refresh", "/verify", "/blacklist"])
def test_what_is_no_json_or_no_post(ada, simplejwt, ours, action):
    for send in (
        lambda client: client.http.post(client.base + action + "/", b"{", content_type="application/json"),
        lambda client: client.http.post(client.base + action + "/", b"[]", content_type="application/json"),
        lambda client: client.http.post(client.base + action + "/", b"x", content_type="text/x"),
        lambda client: client.http.get(client.base + action + "/"),
        lambda client: client.http.put(client.base + action + "/", {}),
    ):
        same(send(simplejwt), send(ours))


class TestObtain:
    def test_it(self, ada, simplejwt, ours):
        same(simplejwt.sign_in(ada), ours.sign_in(ada))
        assert ours.me().status_code == 200

    def test_a_form(self, ada, simplejwt, ours):
        data = {NAME: ada.get_username(), "password": PASSWORD}
        same(simplejwt.http.post("/old/token/", data), ours.http.post("/api/token/", data))

    def test_nobody(self, ada, simplejwt, ours):
        for name, password in [(ada.get_username(), "wrong"), ("nobody", PASSWORD), ("", ""), ("a\0b", "x")]:
            data = {NAME: name, "password": password}
            same(simplejwt.post("", data), ours.post("", data))
        get_user_model().objects.update(is_active=False)
        same(simplejwt.sign_in(ada), ours.sign_in(ada))

    def test_what_is_missing(self, ada, simplejwt, ours):
        for data in [{}, {NAME: "x"}, {"password": "x"}, {NAME: None, "password": None}, {NAME: [], "password": {}}]:
            same(simplejwt.post("", data), ours.post("", data))


class TestRefresh:
    def test_an_old_token_and_one_of_ours(self, ada, simplejwt, ours):
        simplejwt.sign_in(ada)
        ours.holding(old_refresh_token(ada))
        same(simplejwt.refresh(), ours.refresh())
        same(simplejwt.refresh(), ours.refresh())

    def test_of_an_inactive_user(self, ada, simplejwt, ours):
        simplejwt.sign_in(ada)
        old = Client().holding(old_refresh_token(ada))
        ours.sign_in(ada)
        get_user_model().objects.update(is_active=False)
        theirs = simplejwt.refresh()
        same(theirs, old.refresh())
        same(theirs, ours.refresh())

    def test_one_that_has_expired(self, ada, simplejwt, ours, clock):
        old = {"refresh": str(old_refresh_token(ada, lifetime=-timedelta(minutes=1)))}
        theirs = simplejwt.post("/refresh", old)
        assert theirs.json()["detail"] == "Token is expired"
        same(theirs, ours.post("/refresh", old))
        ours.sign_in(ada)
        clock.shift(timedelta(days=99))
        same(theirs, ours.refresh())

    def test_an_access_token(self, ada, simplejwt, ours):
        simplejwt.sign_in(ada)
        ours.sign_in(ada)
        data, own = {"refresh": simplejwt.access}, {"refresh": ours.access}
        same(simplejwt.post("/refresh", data), ours.post("/refresh", data))
        same(simplejwt.post("/refresh", data), ours.post("/refresh", own))


class TestVerify:
    def test_both_tokens_of_each(self, ada, simplejwt, ours):
        simplejwt.sign_in(ada)
        old = old_refresh_token(ada)
        ours.sign_in(ada)
        answer = simplejwt.verify(simplejwt.access)
        assert answer.json() == {}
        for token in (ours.access, ours.refresh_token, str(old)):
            same(answer, ours.verify(token))
            assert ours.verify(token).json() == {}

    def test_nothing_changes(self, ada, ours, clock):
        ours.sign_in(ada)
        before = ours.refresh_token
        clock.shift(20)
        ours.refresh()
        clock.shift(20)
        ours.refresh()
        clock.shift(20)
        assert ours.verify(before).status_code == 401
        assert ours.verify(ours.refresh_token).status_code == 200
        assert ours.verify(str(old_refresh_token(ada))).status_code == 200
        assert Session.objects.count() == 1

    def test_after_a_sign_out(self, ada, simplejwt, ours):
        theirs = simplejwt.verify("x")
        old = old_refresh_token(ada)
        assert ours.post("/blacklist", {"refresh": str(old)}).status_code == 200
        same(theirs, ours.verify(str(old)), **BLACKLISTED)
        ours.sign_in(ada)
        Session.objects.all().delete()
        for token in (ours.access, ours.refresh_token):
            same(theirs, ours.verify(token), **BLACKLISTED)

    def test_an_old_token_that_was_exchanged(self, ada, ours, clock):
        old = old_refresh_token(ada)
        assert ours.holding(old).refresh().status_code == 200
        assert ours.verify(str(old)).status_code == 200
        clock.shift(11)
        ours.refresh()
        assert ours.verify(str(old)).status_code == 401
        assert Session.objects.exists()

    def test_an_old_access_token_as_the_project_accepts_it(self, ada, ours, settings):
        token = str(AccessToken.for_user(ada))
        assert ours.verify(token).status_code == 401
        name = "auth_sessions.contrib.simplejwt.authentication.SessionOrSimpleJWTAuthentication"
        settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [name]}
        assert ours.verify(token).status_code == 200


class TestBlacklist:
    """simplejwt's own view blacklists where its app is installed, which is tried in another project."""

    def test_old_and_new(self, ada, simplejwt, ours):
        simplejwt.sign_in(ada)
        theirs = simplejwt.blacklist()
        assert theirs.json() == {}
        ours.sign_in(ada)
        same(theirs, ours.blacklist())
        exchanged = Client().holding(old_refresh_token(ada))
        exchanged.refresh()
        same(theirs, exchanged.blacklist())
        unused = Client().holding(old_refresh_token(ada))
        same(theirs, unused.blacklist())
        assert not Session.objects.exists()

    def test_this_device_only(self, ada, laptop, ours):
        ours.sign_in(ada)
        ours.blacklist()
        assert laptop.is_signed_in()
        assert ours.me().status_code == 401

    def test_again(self, ada, simplejwt, ours):
        """With its app, simplejwt answers 401 ``token_not_valid``, as to any token that is not good any more."""
        theirs = simplejwt.post("/refresh", {"refresh": "x"})
        for client in (Client().holding(old_refresh_token(ada)), Client()):
            if client.refresh_token is None:
                client.sign_in(ada)
            client.blacklist()
            same(theirs, client.blacklist(), **BLACKLISTED)
            same(theirs, client.refresh(), **BLACKLISTED)

    def test_an_old_token_whose_child_is_in_use(self, ada, ours):
        """A client that did not keep the new token signs out by the old one."""
        old = old_refresh_token(ada)
        ours.holding(old).present()
        assert ours.blacklist().status_code == 200
        assert not Session.objects.exists()


class TestSliding:
    def test_the_same_as_simplejwts(self, ada):
        theirs, ours = Client("/old/sliding/token"), Client("/api/sliding/token")
        data = {NAME: ada.get_username(), "password": PASSWORD}
        first = theirs.post("", data)
        token = same(first, ours.post("", data)).json()["token"]
        for _ in range(2):
            answer = same(theirs.post("/refresh", first.json()), ours.post("/refresh", {"token": token}))
            token = answer.json()["token"]
        for body in [*BODIES, *({"token": token} for token in BAD_TOKENS)]:
            same(theirs.post("/refresh", body), ours.post("/refresh", body))
        old = old_sliding_token(ada)
        same(theirs.post("/refresh", {"token": str(old)}), ours.post("/refresh", {"token": str(old)}))


def test_paths_and_names():
    for name, action in {
        "token_obtain_pair": "",
        "token_refresh": "refresh/",
        "token_verify": "verify/",
        "token_blacklist": "blacklist/",
    }.items():
        assert reverse(name) == f"/api/token/{action}"


def test_names_of_sliding_tokens():
    """As simplejwt's documents have them."""
    with override_settings(ROOT_URLCONF="auth_sessions.contrib.simplejwt.sliding_urls"):
        for name, action in {"token_obtain": "", "token_refresh": "refresh/", "token_verify": "verify/"}.items():
            assert reverse(name) == f"/token/{action}"


def test_paths_of_the_projects_own():
    routes = run_block("from-simplejwt.md", "api/v2/token", {"urlpatterns": [], "path": path})["urlpatterns"]
    assert {route.name: route.callback.cls for route in routes} == {
        route.name: route.callback.cls for route in urls.urlpatterns
    }


def test_paths_without_a_slash(ada):
    client = Client(slash="")
    assert client.sign_in(ada).status_code == 200
    assert client.refresh().status_code == 200
    assert client.verify(client.access).status_code == 200
    assert client.blacklist().status_code == 200
