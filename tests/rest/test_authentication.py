"""Who is calling: checked against the session, side by side with simplejwt's own classes."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication
from rest_framework_simplejwt.tokens import AccessToken

from auth_sessions.authentication import SessionJWTAuthentication, get_session
from auth_sessions.models import Session
from auth_sessions.tokens import SessionAccessToken
from tests.support.device import Device, code

pytestmark = pytest.mark.any_database


def call(authentication, access):
    """Status and queries of a view with this authentication class."""

    class View(APIView):
        authentication_classes = (authentication,)

        def get(self, request):
            return Response({"user": str(request.user.pk), "token": request.auth["session_id"]})

    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {access}")
    with CaptureQueriesContext(connection) as queries:
        answer = View.as_view()(request)
    return answer, len(queries)


class TestSideBySide:
    """One token, three classes: the table of docs/explanation/at-once.md."""

    @pytest.mark.parametrize(
        ("authentication", "queries"),
        [(SessionJWTAuthentication, 1), (JWTAuthentication, 1), (JWTStatelessUserAuthentication, 0)],
    )
    def test_signed_in(self, ada, laptop, authentication, queries):
        answer, cost = call(authentication, laptop.access)
        assert (answer.data, cost) == ({"user": str(ada.pk), "token": laptop.session_id}, queries)

    def test_signed_out(self, clock, laptop):
        laptop.sign_out()
        assert call(SessionJWTAuthentication, laptop.access)[0].status_code == 401
        for authentication in (JWTAuthentication, JWTStatelessUserAuthentication):
            assert call(authentication, laptop.access)[0].status_code == 200
        clock.shift(timedelta(minutes=5))
        for authentication in (JWTAuthentication, JWTStatelessUserAuthentication):
            assert call(authentication, laptop.access)[0].status_code == 401

    def test_simplejwts_own_tokens_prove_no_session(self, ada):
        assert call(SessionJWTAuthentication, AccessToken.for_user(ada))[0].data["code"] == "token_not_valid"


class TestRefusals:
    def test_expired_is_worth_a_refresh(self, clock, laptop):
        clock.shift(timedelta(minutes=5))
        assert code(laptop.me()) == (401, "token_not_valid")
        assert laptop.refresh().status_code == 200
        assert laptop.me().status_code == 200

    def test_leeway(self, clock, laptop, settings):
        settings.SIMPLE_JWT = {"LEEWAY": 30}
        clock.shift(timedelta(minutes=5, seconds=29))
        assert laptop.me().status_code == 200
        clock.shift(1)
        assert code(laptop.me()) == (401, "token_not_valid")

    @pytest.mark.parametrize(
        ("change", "refused"),
        [
            ({"expires_at": "2026-11-24T12:00:01Z"}, "session_expired"),
            ({"password_fingerprint": "another"}, "password_changed"),
        ],
    )
    def test_a_session_that_is_over(self, clock, laptop, change, refused):
        Session.objects.update(**change)
        clock.shift(2)
        assert code(laptop.me()) == (401, refused)
        assert Session.objects.exists()

    def test_idle(self, clock, laptop, settings):
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=20)}
        laptop.refresh()
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = timedelta(days=1)
        clock.shift(timedelta(hours=23))
        assert laptop.me().status_code == 200
        clock.shift(timedelta(hours=23))
        assert laptop.me().status_code == 200
        clock.shift(timedelta(days=1))
        assert code(laptop.me()) == (401, "session_expired")

    def test_signed_out(self, laptop):
        laptop.sign_out()
        assert code(laptop.me()) == (401, "session_not_found")

    def test_inactive(self, ada, laptop):
        get_user_model().objects.update(is_active=False)
        assert code(laptop.me()) == (401, "user_inactive")

    def test_deactivated_and_ended(self, ada, laptop):
        ada.is_active = False
        ada.save()
        assert code(laptop.me()) == (401, "user_inactive")
        assert code(laptop.refresh()) == (401, "session_not_found")

    def test_deleted(self, ada, laptop):
        ada.delete()
        assert code(laptop.me()) == (401, "user_not_found")
        assert code(laptop.refresh()) == (401, "session_not_found")

    def test_a_session_of_another_person(self, laptop, bob):
        Session.objects.update(user=bob)
        assert code(laptop.me()) == (401, "token_not_valid")

    @pytest.mark.parametrize("header", ["Token abc", "bearer abc", "", "Basic YTpi"])
    def test_another_scheme_is_nobody(self, laptop, header):
        laptop.access = None
        laptop.client.credentials(HTTP_AUTHORIZATION=header)
        assert code(laptop.get("sessions/")) == (401, "not_authenticated")


class TestLastSeen:
    @pytest.fixture(autouse=True)
    def _long_lived(self, settings):
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=1)}

    def test_it_moves_at_most_once_per_interval(self, clock, laptop):
        seen = []
        for seconds in (0, 299, 1, 1, 298, 1):
            clock.shift(seconds)
            laptop.me()
            seen.append(Session.objects.get().last_seen_at.strftime("%M:%S"))
        assert seen == ["00:00", "00:00", "05:00", "05:00", "05:00", "10:00"]

    def test_many_requests_at_once_write_once(self, clock, laptop):
        clock.shift(400)
        costs = []
        for _ in range(3):
            with CaptureQueriesContext(connection) as queries:
                laptop.me()
            costs.append(len(queries))
        assert costs == [2, 1, 1]

    def test_use_is_confirmed_once_per_rotation(self, clock, laptop):
        laptop.refresh()
        costs = []
        for seconds in (11, 1, 1):
            clock.shift(seconds)
            with CaptureQueriesContext(connection) as queries:
                laptop.me()
            costs.append((len(queries), Session.objects.get().confirmed_generation))
        assert costs == [(1, 0), (2, 1), (1, 1)]

    def test_an_older_access_token_does_not_take_the_confirmation_back(self, clock, laptop):
        older = laptop.copy()
        laptop.refresh()
        clock.shift(11)
        laptop.refresh()
        clock.shift(60)
        laptop.me()
        clock.shift(600)
        older.me()
        assert Session.objects.get().confirmed_generation == 2

    def test_it_waits_for_the_end_of_the_transaction(self, clock, laptop, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        clock.shift(400)
        with CaptureQueriesContext(connection) as queries:
            laptop.me()
        statements = [query["sql"].split()[0] for query in queries]
        assert statements == ["BEGIN", "SELECT", "COMMIT", "UPDATE"]

    def test_a_failure_to_note_it_fails_no_request(self, clock, laptop, settings, caplog):
        settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(seconds=1)
        clock.shift(10)

        def refuse(execute, sql, *args):
            if sql.startswith("UPDATE"):
                raise RuntimeError("The disk is full.")
            return execute(sql, *args)

        with connection.execute_wrapper(refuse):
            assert laptop.me().status_code == 200
        assert "The disk is full." in caplog.text


class TestGetSession:
    def test_in_a_drf_view(self, laptop):
        assert laptop.me().json()["session"] == "Firefox on macOS"

    def test_of_a_plain_request(self, laptop):
        request = RequestFactory().get("/", headers=laptop_header(laptop))
        assert str(get_session(request).pk) == laptop.session_id

    def test_nobody(self, db):
        assert get_session(RequestFactory().get("/")) is None
        assert get_session(Request(RequestFactory().get("/"))) is None
        assert get_session(RequestFactory().get("/", headers={"Authorization": "Bearer junk"})) is None

    def test_signed_out(self, laptop):
        laptop.sign_out()
        assert get_session(RequestFactory().get("/", headers=laptop_header(laptop))) is None

    def test_of_another_way_to_sign_in(self, laptop, ada):
        from rest_framework.authentication import BasicAuthentication

        request = Request(RequestFactory().get("/"), authenticators=[BasicAuthentication()])
        assert get_session(request) is None


def laptop_header(laptop):
    return {"Authorization": f"Bearer {laptop.access}"}


def test_request_auth_is_a_simplejwt_token(ada, laptop):
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {laptop.access}")
    user, token = SessionJWTAuthentication().authenticate(request)
    assert isinstance(token, SessionAccessToken)
    assert (user, token.session.user, token["user_id"]) == (ada, ada, str(ada.pk))
    assert (token["token_type"], token["generation"], "exp" in token) == ("access", 0, True)


def test_two_devices_of_two_users(laptop, bob):
    other = Device().sign_in(bob)
    assert laptop.me().json()["user"] != other.me().json()["user"]
