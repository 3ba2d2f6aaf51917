"""The lines of refusals: each refusal worth a line has one, on every entry; and which have none."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.signals import user_login_failed
from django.test import Client
from rest_framework.request import Request

from auth_sessions import api, exceptions
from auth_sessions.authentication import get_session
from auth_sessions.models import Session
from auth_sessions.tokens import SessionRefreshToken
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.hand_over import Website, ask
from tests.support.host import has_browsers, has_supabase
from tests.support.inputs import NOT_A_TOKEN
from tests.support.supabase import SupabaseDevice, add_user, needs_email

pytestmark = pytest.mark.any_database

NAME = get_user_model().USERNAME_FIELD


def signature_replaced(token):
    return token[:-8] + "AAAAAAAA"


def refused(security_log):
    return [(line["event"].removeprefix("auth_sessions."), line.get("reason")) for line in security_log.of()]


class TestSignIns:
    def attempt(self, ada, **changes):
        data = {NAME: ada.get_username(), "password": "wrong", **changes}
        return Device().post("token/", data)

    def test_a_wrong_password(self, ada, security_log):
        assert self.attempt(ada).status_code == 401
        [line] = security_log.of()
        assert (line["event"], line["reason"]) == ("auth_sessions.sign_in_refused", "no_active_account")
        assert line["owasp"] == "authn_login_fail"
        assert "user" not in line
        assert line["address"] == "127.0.0.1"

    def test_the_name_is_a_hash_of_what_was_typed(self, ada, settings, security_log):
        typed = "my secret password"
        for name in (typed, typed.upper(), f" {typed}", "another"):
            self.attempt(ada, **{NAME: name})
        hashes = [line["login_hash"] for line in security_log.of()]
        assert len(set(hashes[:3])) == 1
        assert len(set(hashes)) == 2
        assert "secret" not in str([record.getMessage() for record in security_log.records]).lower()
        settings.SECRET_KEY = "another key, which is as long as all keys of this kind have to be"
        self.attempt(ada, **{NAME: typed})
        assert security_log.of()[-1]["login_hash"] not in hashes

    def test_a_form_of_django(self, ada, security_log):
        assert authenticate(None, **{NAME: ada.get_username(), "password": "wrong"}) is None
        assert refused(security_log) == [("sign_in_refused", "no_active_account")]

    def test_the_signal_of_another_package(self, security_log, rf):
        user_login_failed.send(sender="x")
        user_login_failed.send(sender="x", credentials={"token": "***"}, request=object())
        user_login_failed.send(sender="x", credentials={"username": "a\nb"}, request=Request(rf.post("/")))
        assert refused(security_log) == [("sign_in_refused", "no_active_account")] * 3
        assert [line.get("address") for line in security_log.of()] == [None, None, "127.0.0.1"]

    @has_supabase
    @needs_email
    def test_supabase(self, make_user, security_log):
        add_user(make_user)
        SupabaseDevice().try_sign_in(password="wrong")
        SupabaseDevice().try_sign_in("nobody@example.org")
        assert refused(security_log) == [("sign_in_refused", "no_active_account")] * 2

    @has_browsers
    def test_by_cookie(self, ada, security_log):
        client = Client()
        data = {NAME: ada.get_username(), "password": "wrong"}
        assert client.post("/api/auth/sign-in/", data, content_type="application/json").status_code == 401
        assert refused(security_log) == [("sign_in_refused", "no_active_account")]

    def test_the_right_password_of_who_may_not_sign_in(self, ada, settings, security_log):
        settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.OnlyAuthenticates"]
        get_user_model().objects.filter(pk=ada.pk).update(is_active=False)
        assert self.attempt(ada, password=PASSWORD).status_code == 401
        [line] = security_log.of()
        assert (line["reason"], line["user"]) == ("user_inactive", str(ada.pk))

    def test_the_limit(self, ada, laptop, settings, security_log):
        settings.AUTH_SESSIONS_MAX_PER_USER, settings.AUTH_SESSIONS_LIMIT_POLICY = 1, "refuse"
        security_log.clear()
        assert self.attempt(ada, password=PASSWORD).status_code == 403
        with pytest.raises(exceptions.SessionLimitReached):
            api.sign_in_user(ada)
        assert refused(security_log) == [("sign_in_refused", "session_limit_reached")] * 2
        assert {line["user"] for line in security_log.of()} == {str(ada.pk)}

    def test_a_user_who_was_deleted_meanwhile(self, ada, security_log):
        get_user_model().objects.filter(pk=ada.pk).delete()
        with pytest.raises(exceptions.UserNotFound):
            api.sign_in_user(ada)
        assert refused(security_log) == [("sign_in_refused", "user_not_found")]

    def test_a_second_factor(self, ada, security_log, rf):
        def ask(error):
            def second_factor(user):
                raise error

            return second_factor

        credentials = {NAME: ada.get_username(), "password": PASSWORD}
        for error in (exceptions.SecondFactorRequired, exceptions.SecondFactorInvalid):
            with pytest.raises(error):
                api.sign_in(rf.post("/"), credentials, second_factor=ask(error))
        assert refused(security_log) == [("sign_in_refused", "second_factor_invalid")]

    @has_browsers
    def test_a_code_of_an_app_that_was_used_meanwhile(self, iphone, security_log):
        handed_over, website, other = ask(iphone), Website(), Website()
        page = other.opens(handed_over)
        security_log.clear()
        website.continues(handed_over)
        assert other.presses(page).status_code == 410
        assert refused(security_log) == [("sign_in", None), ("sign_in_refused", "hand_over_not_valid")]
        assert handed_over not in str([record.getMessage() for record in security_log.records])

    def test_too_often(self, ada, settings, security_log):
        rates = {"auth_sessions_token": "1/min"}
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
        self.attempt(ada)
        assert self.attempt(ada).status_code == 429
        assert security_log.events == ["sign_in_refused", "rate_limited"]
        assert security_log.of()[1]["rate"] == "auth_sessions_token"


class TestAccessTokens:
    def test_of_an_ended_session(self, ada, laptop, phone, security_log):
        phone.sign_out("others")
        security_log.clear()
        assert laptop.me().status_code == 401
        assert laptop.get("sessions/").status_code == 401
        assert refused(security_log) == [("session_refused", "session_not_found")] * 2
        line = security_log.of()[0]
        assert line["owasp"] == "session_use_after_expire"
        assert (line["session"], line["user"]) == (laptop.session_id, str(ada.pk))

    def test_by_the_cached_check(self, shared_cache, laptop, phone, security_log):
        assert laptop.fast().status_code == 200
        phone.sign_out("others")
        security_log.clear()
        assert laptop.fast().status_code == 401
        assert refused(security_log) == [("session_refused", "session_not_found")]

    def test_by_a_plain_view(self, laptop, rf, security_log):
        laptop.sign_out()
        security_log.clear()
        assert get_session(rf.get("/", **laptop.headers)) is None
        assert refused(security_log) == [("session_refused", "session_not_found")]

    def test_of_a_session_that_is_not_live(self, ada, laptop, phone, security_log):
        Session.objects.filter(pk=laptop.session_id).update(password_fingerprint="x")
        get_user_model().objects.filter(pk=ada.pk).update(is_active=False)
        security_log.clear()
        laptop.me()
        assert refused(security_log) == [("session_refused", "user_inactive")]
        assert security_log.of()[0]["session"] == laptop.session_id

    def test_a_forged_one(self, laptop, security_log):
        security_log.clear()
        genuine, laptop.access = laptop.access, signature_replaced(laptop.access)
        assert laptop.me().status_code == 401
        assert laptop.get("sessions/").status_code == 401
        assert refused(security_log) == [("token_refused", "token_not_valid")] * 2
        text = str([record.getMessage() for record in security_log.records])
        assert laptop.access not in text
        assert genuine not in text

    def test_one_that_has_expired_has_no_line(self, clock, laptop, security_log):
        security_log.clear()
        clock.shift(timedelta(minutes=6))
        assert laptop.me().status_code == 401
        assert laptop.get("sessions/").status_code == 401
        assert security_log.of() == []

    def test_nothing_has_no_line(self, db, security_log):
        assert Device().get("sessions/").status_code == 401
        assert security_log.of() == []

    @has_supabase
    @needs_email
    def test_supabase(self, clock, make_user, security_log):
        add_user(make_user)
        laptop, phone = SupabaseDevice().sign_in(), SupabaseDevice().sign_in()
        phone.logout("others")
        security_log.clear()
        assert laptop.user().status_code == 403
        assert refused(security_log) == [("session_refused", "session_not_found")]
        security_log.clear()
        phone.access = signature_replaced(phone.access)
        assert phone.user().status_code == 403
        assert refused(security_log) == [("token_refused", "token_not_valid")]

    @has_supabase
    @needs_email
    def test_an_expired_one_of_supabase_has_no_line(self, clock, make_user, security_log):
        add_user(make_user)
        laptop = SupabaseDevice().sign_in()
        security_log.clear()
        clock.shift(timedelta(minutes=6))
        assert laptop.user().status_code == 403
        assert security_log.of() == []


class TestRefreshTokens:
    def test_of_an_ended_session(self, laptop, phone, security_log):
        phone.sign_out("others")
        security_log.clear()
        assert laptop.refresh().status_code == 401
        assert laptop.post("sign-out/", {"refresh": laptop.refresh_token}).status_code == 401
        assert refused(security_log) == [("session_refused", "session_not_found")] * 2
        assert security_log.of()[0]["session"] == laptop.session_id

    def test_what_is_no_token(self, db, security_log):
        device = Device()
        for text in NOT_A_TOKEN.values():
            device.refresh_token = text
            assert device.refresh().status_code == 401
        assert refused(security_log) == [("token_refused", "token_not_valid")] * len(NOT_A_TOKEN)

    def test_one_that_was_never_issued(self, ada, laptop, security_log):
        forged = SessionRefreshToken(laptop.refresh_token)
        forged.payload["generation"] = 7
        laptop.refresh_token = str(forged)
        security_log.clear()
        assert laptop.refresh().status_code == 401
        [line] = security_log.of()
        assert (line["event"], line["reason"]) == ("auth_sessions.token_refused", "refresh_token_forged")
        assert (line["user"], line["session"], line["generation"]) == (str(ada.pk), laptop.session_id, 7)

    def test_from_python(self, laptop, security_log, rf):
        laptop.sign_out()
        security_log.clear()
        with pytest.raises(exceptions.SessionNotFound):
            api.refresh(laptop.refresh_token, request=rf.post("/", HTTP_X_REQUEST_ID="r-1"))
        [line] = security_log.of()
        assert line["request_id"] == "r-1"

    def test_async(self, db, security_log):
        with pytest.raises(exceptions.TokenNotValid):
            async_to_sync(api.arefresh)("junk")
        assert refused(security_log) == [("token_refused", "token_not_valid")]

    @has_supabase
    @needs_email
    def test_supabase(self, make_user, security_log):
        add_user(make_user)
        laptop = SupabaseDevice().sign_in()
        laptop.logout()
        security_log.clear()
        assert laptop.try_refresh().status_code == 400
        assert refused(security_log) == [("session_refused", "session_not_found")]

    @pytest.mark.urls("tests.host.simplejwt_urls")
    def test_what_comes_from_simplejwt(self, db, security_log):
        client = Client()
        for path, name in (("refresh/", "refresh"), ("verify/", "token"), ("blacklist/", "refresh")):
            response = client.post(f"/api/token/{path}", {name: "junk"}, content_type="application/json")
            assert response.status_code == 401, response.content
        assert refused(security_log) == [("token_refused", "token_not_valid")] * 3


@has_browsers
class TestCookies:
    def test_of_an_ended_session(self, settings, ada, security_log):
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
        browser = Browser().sign_in(ada)
        copy = browser.copy()
        browser.submit("/logout/")
        security_log.clear()
        assert not copy.is_signed_in()
        [line] = security_log.of()
        assert (line["event"], line["reason"]) == ("auth_sessions.session_refused", "session_not_found")
        assert (line["session"], line["kind"], line["user"]) == (browser.session_id, "browser", str(ada.pk))
