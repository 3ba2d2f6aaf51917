"""Views and receivers of docs/from-simplejwt.md, as they are written there."""

import re
from datetime import timedelta

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from auth_sessions.contrib.simplejwt.authentication import SessionOrSimpleJWTAuthentication
from auth_sessions.contrib.simplejwt.views import TokenRefreshView
from auth_sessions.models import Session
from auth_sessions.signals import access_token_issuing
from tests.support.device import Device
from tests.support.guides import run_block
from tests.support.paths import ROOT
from tests.support.simplejwt import STRIPPED, Client, old_refresh_token

GUIDE = "from-simplejwt.md"
NAME = get_user_model().USERNAME_FIELD

pytestmark = pytest.mark.any_database


def post(view, data, **headers):
    return view.as_view()(APIRequestFactory().post("/", data, format="json", headers=headers))


def claims(answer):
    assert answer.status_code == 200, answer.data
    return jwt.decode(answer.data["access"], options={"verify_signature": False})


class TestWhatWasChosenAtTheSignIn:
    @pytest.fixture
    def views(self):
        names = run_block(GUIDE, "class WorkspaceSignInView", {})
        yield names["WorkspaceSignInView"], names["WorkspaceRefreshView"]
        access_token_issuing.disconnect(names["add_workspace"])

    def test_a_sign_in(self, ada, views):
        sign_in, refresh = views
        answer = post(sign_in, {NAME: ada.get_username(), "password": STRIPPED, "workspace": "blue"})
        assert claims(answer)["workspace"] == "blue"
        assert claims(post(refresh, {"refresh": answer.data["refresh"]}))["workspace"] == "blue"

    def test_an_old_token_brings_it_along(self, ada, views, clock):
        refresh = views[1]
        answer = post(refresh, {"refresh": str(old_refresh_token(ada, workspace="blue"))})
        clock.shift(20)
        assert claims(post(refresh, {"refresh": answer.data["refresh"]}))["workspace"] == "blue"
        assert claims(post(refresh, {"refresh": str(old_refresh_token(ada))}))["workspace"] == ""


def test_a_session_that_lasts_as_long_as_the_old_token(ada, clock):
    class View(TokenRefreshView):
        def get_lifetime(self):
            return self.old_token.expires_at - timezone.now()

    assert post(View, {"refresh": str(old_refresh_token(ada, lifetime=timedelta(days=3)))}).status_code == 200
    session = Session.objects.get()
    assert abs(session.expires_at - session.created_at - timedelta(days=3)) < timedelta(seconds=2)


class TestANewPassword:
    @pytest.fixture
    def view(self):
        base = run_block(GUIDE, "class ChangePasswordView", {})["ChangePasswordView"]
        return type("View", (base,), {"authentication_classes": [SessionOrSimpleJWTAuthentication]})

    def test_the_client_that_sets_it_stays(self, ada, laptop, view):
        other = Device().sign_in(ada, STRIPPED)
        answer = post(view, {"new_password": "lovelace-1852"}, authorization=f"Bearer {laptop.access}")
        assert answer.status_code == 204
        assert laptop.is_signed_in()
        assert not other.is_signed_in()

    def test_one_with_an_old_access_token_signs_in_again(self, ada, client_of_ada, view):
        post(view, {"new_password": "lovelace-1852"}, authorization=f"Bearer {client_of_ada.access}")
        assert client_of_ada.refresh().status_code == 401

    def test_who_was_inactive_signs_in_again(self, ada, client_of_ada):
        client_of_ada.refresh()
        for is_active in (False, True):
            ada.is_active = is_active
            ada.save()
        assert client_of_ada.refresh().status_code == 401


class TestTokensThatAreReadElsewhere:
    @pytest.fixture(params=["old", "new"])
    def client(self, ada, client_of_ada, request):
        if request.param == "new":
            client_of_ada.sign_in(ada, STRIPPED)
        return client_of_ada

    def test_a_sign_out(self, client):
        view = run_block(GUIDE, "class LogoutView", {})["LogoutView"]
        assert post(view, {"refresh_token": client.refresh_token}).status_code == 205
        assert client.refresh().status_code == 401
        assert post(view, {"refresh_token": client.refresh_token}).status_code == 401
        for wrong, status in (({"refresh_token": "x"}, 401), ({"refresh_token": ["x"]}, 400), ({}, 400)):
            assert post(view, wrong).status_code == status

    def test_a_refresh_by_cookie(self, client):
        view = run_block(GUIDE, "class CookieRefreshView", {})["CookieRefreshView"]
        answer = post(view, {}, cookie=f"refresh_token={client.refresh_token}")
        assert claims(answer)
        assert client.verify(answer.cookies["refresh_token"].value).status_code == 200
        assert post(view, {}).status_code == 401

    def test_an_access_token(self, ada, client):
        user_of = run_block(GUIDE, "def user_of", {})["user_of"]
        assert user_of(client.access) == ada
        Device().sign_in(ada, STRIPPED).sign_out("global")
        with pytest.raises(AuthenticationFailed):
            user_of(client.access)
        with pytest.raises(AuthenticationFailed):
            user_of("x")


def test_the_code_that_is_searched_for():
    [pattern] = re.findall(r'grep -rnE "(OutstandingToken.*?)" --include', (ROOT / "docs" / GUIDE).read_text())
    for line in (
        "RefreshToken(request.data['refresh']).blacklist()",
        "refresh = RefreshToken.for_user(user)",
        "UntypedToken(raw)",
        "user = AccessToken(raw)['user_id']",
        "OutstandingToken.objects.filter(user=user)",
        "JWTAuthentication().get_validated_token(raw)",
    ):
        assert re.search(pattern, line), line
    assert not re.search(pattern, "pair = TokenPair()")


def test_an_old_access_token_outlives_the_blacklisting(ada, client_of_ada):
    old = client_of_ada.access
    assert client_of_ada.blacklist().status_code == 200
    base = run_block(GUIDE, "class ChangePasswordView", {})["ChangePasswordView"]
    view = type("View", (base,), {"authentication_classes": [SessionOrSimpleJWTAuthentication]})
    assert post(view, {"new_password": "lovelace-1852"}, authorization=f"Bearer {old}").status_code == 204
    assert Client().sign_in(ada, "lovelace-1852").status_code == 200
