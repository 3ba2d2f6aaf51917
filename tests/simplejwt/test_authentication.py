"""Old access tokens: refused, unless the project accepts them until they expire."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import AccessToken

from auth_sessions.authentication import get_session
from auth_sessions.contrib.simplejwt.authentication import SessionOrSimpleJWTAuthentication
from auth_sessions.contrib.simplejwt.exchange import refuse_old_tokens
from auth_sessions.models import Session
from tests.support.device import code
from tests.support.guides import run_block
from tests.support.simplejwt import Client, old_refresh_token, old_sliding_token, timed


class WhoView(APIView):
    authentication_classes = (SessionOrSimpleJWTAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        session = get_session(request)
        return Response(
            {"user": str(request.user.pk), "session": session and str(session.pk), "plan": request.auth["plan"]}
        )


class TheirView(WhoView):
    authentication_classes = (JWTAuthentication,)


class OnlyPkView(WhoView):
    def get(self, request):
        return Response(str(request.user.pk))


def ask(token, view=WhoView, **options):
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {token}")
    response = view.as_view(**options)(request)
    response.render()
    response.json = lambda: response.data
    return response


def old_access_token(user, **claims):
    return timed(AccessToken.for_user(user), timedelta(minutes=5), {"plan": "free", **claims})


def test_refused_by_default(ada):
    client = Client()
    client.access = str(old_access_token(ada))
    assert code(client.me()) == (401, "token_not_valid")


def test_accepted_until_it_expires(clock, ada):
    token = old_access_token(ada)
    assert ask(token).data == {"user": str(ada.pk), "session": None, "plan": "free"}
    clock.shift(299)
    assert ask(token).status_code == 200
    clock.shift(2)
    assert code(ask(token)) == (401, "token_not_valid")


def test_the_tokens_of_sessions_as_ever(ada, laptop):
    assert ask(laptop.access, OnlyPkView).status_code == 200
    Session.objects.all().delete()
    assert code(ask(laptop.access, OnlyPkView)) == (401, "token_not_valid"), "its client knows no other"


class TestRefusals:
    """Word for word as simplejwt's own class."""

    def same(self, token, old=None):
        theirs, ours = ask(old or token, TheirView), ask(token)
        assert ours.data == theirs.data
        assert (ours.status_code, ours["WWW-Authenticate"]) == (401, theirs["WWW-Authenticate"])
        return theirs.data

    def test_what_is_no_access_token(self, ada):
        for token in ("x", "a.b.c", "e30.e30.e30", old_refresh_token(ada)):
            assert self.same(token)["code"] == "token_not_valid"

    def test_one_that_has_expired(self, clock, ada, laptop):
        old = AccessToken.for_user(ada)
        old.set_exp(lifetime=-timedelta(days=1))
        clock.shift(timedelta(days=1))
        for token in (old, laptop.access):
            assert self.same(token, old)["messages"][0]["message"] == "Token is expired"

    def test_no_token(self, ada):
        for header in ("x y", "a b c"):
            assert self.same(header)["code"] == "bad_authorization_header"

    def test_who_may_not_be_signed_in(self, ada, laptop):
        old = AccessToken.for_user(ada)
        get_user_model().objects.update(is_active=False)
        for token in (old, laptop.access):
            assert self.same(token, old)["code"] == "user_inactive"
        ada.delete()
        for token in (old, laptop.access):
            assert self.same(token, old)["code"] == "user_not_found"

    def test_a_project_with_sliding_tokens(self, ada, settings):
        settings.SIMPLE_JWT = {"AUTH_TOKEN_CLASSES": ["rest_framework_simplejwt.tokens.SlidingToken"]}
        [message] = ask("x").data["messages"]
        assert message == {"token_class": "SlidingToken", "token_type": "sliding", "message": "Token is invalid"}


def test_no_other_token_passes_as_an_old_one(ada, laptop):
    of_no_session = old_access_token(ada, session_id=laptop.session_id)
    for token in (of_no_session, old_refresh_token(ada), laptop.refresh_token, "x"):
        assert code(ask(token)) == (401, "token_not_valid")


def test_with_the_cached_check(ada, laptop, shared_cache, django_assert_num_queries):
    """As the guide derives it."""
    cached = run_block("from-simplejwt.md", "CachedOrSimpleJWTAuthentication", {})["CachedOrSimpleJWTAuthentication"]
    options = {"authentication_classes": [cached]}
    assert ask(old_access_token(ada), **options).status_code == 200
    view = OnlyPkView.as_view(**options)
    for queries in (1, 0):
        with django_assert_num_queries(queries):
            request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {laptop.access}")
            assert view(request).data == str(ada.pk)


def test_who_may_not_be_signed_in(ada):
    token = old_access_token(ada)
    get_user_model().objects.update(is_active=False)
    assert code(ask(token)) == (401, "user_inactive")
    ada.delete()
    assert code(ask(token)) == (401, "user_not_found")


@pytest.mark.parametrize("claim", ["x", "", "\ud800", 0, [], {"a": 1}])
def test_the_password_that_the_token_names(ada, claim):
    assert code(ask(old_access_token(ada, hash_password=claim))) == (401, "token_not_valid")


def test_whoever_was_signed_out_everywhere(ada):
    token = old_access_token(ada)
    refuse_old_tokens([ada.pk])
    assert code(ask(token)) == (401, "token_not_valid")


def test_after_the_day_that_the_project_names(ada, settings):
    settings.AUTH_SESSIONS_SIMPLEJWT_UNTIL = timezone.now()
    assert code(ask(old_access_token(ada))) == (401, "token_not_valid")


def test_a_sliding_token_ends_with_its_session(ada):
    token = old_sliding_token(ada, plan="free")
    assert ask(token).status_code == 200
    assert Client("/api/sliding/token").post("/refresh", {"token": str(token)}).status_code == 200
    assert ask(token).status_code == 200
    Session.objects.all().delete()
    assert code(ask(token)) == (401, "token_not_valid")
