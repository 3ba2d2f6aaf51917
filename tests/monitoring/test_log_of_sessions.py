"""The lines of starts and ends, of theft, and of another proof of identity, on every entry."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction

from auth_sessions import api, exceptions
from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import IPHONE, MACBOOK, PASSWORD, Device
from tests.support.host import has_browsers, has_supabase
from tests.support.pages import OTHERS, make_sign_in_old
from tests.support.sessions import clear_expired
from tests.support.supabase import SupabaseDevice, add_user, needs_email

pytestmark = pytest.mark.any_database

ADDRESS = "127.0.0.1"


def of_request(user_agent=MACBOOK):
    return {"address": ADDRESS, "user_agent": user_agent}


class TestStarts:
    def test_rest(self, ada, security_log):
        device = Device().sign_in(ada, device_name="My laptop")
        assert security_log.of() == [
            {
                "event": "auth_sessions.sign_in",
                "owasp": "authn_login_success",
                "user": str(ada.pk),
                "session": device.session_id,
                "kind": "token",
                "methods": "pwd",
                "device_name": "My laptop",
                **of_request(),
            }
        ]

    @has_browsers
    def test_a_browser(self, ada, security_log):
        browser = Browser().sign_in(ada)
        [line] = security_log.of()
        assert line["event"] == "auth_sessions.sign_in"
        assert (line["user"], line["session"], line["kind"]) == (str(ada.pk), browser.session_id, "browser")

    @has_supabase
    @needs_email
    def test_supabase(self, make_user, security_log):
        user = add_user(make_user)
        SupabaseDevice().sign_in()
        [line] = security_log.of()
        assert (line["event"], line["user"]) == ("auth_sessions.sign_in", str(user.pk))

    def test_async(self, ada, security_log):
        pair = async_to_sync(api.asign_in_user)(ada, amr=["hwk", "user"])
        [line] = security_log.of()
        assert (line["session"], line["methods"]) == (str(pair.session.pk), "hwk user")
        assert not {"address", "user_agent", "request_id"} & line.keys()

    def test_somebody_acts_in_the_users_name(self, grace, ada, staff_device, security_log):
        security_log.clear()
        pair = api.sign_in_user(ada, actor=grace)
        [line] = security_log.of()
        assert (line["user"], line["actor"], line["session"]) == (str(ada.pk), str(grace.pk), str(pair.session.pk))

    @has_browsers
    def test_an_earlier_login_joins(self, ada, settings, security_log):
        """One that is older than the installation."""
        settings.MIDDLEWARE, installed = (
            [name for name in settings.MIDDLEWARE if not name.startswith("auth_sessions.")],
            settings.MIDDLEWARE,
        )
        browser = Browser()
        browser.client.force_login(ada)
        settings.MIDDLEWARE = installed
        assert browser.is_signed_in()
        [line] = security_log.of()
        assert (line["event"], line["owasp"]) == ("auth_sessions.session_joined", "session_created")

    def test_what_is_rolled_back_has_not_happened(self, ada, security_log):
        with transaction.atomic():
            pair = api.sign_in_user(ada)
            api.mark_reauthenticated(pair.session, amr=["otp"])
            transaction.set_rollback(True)
        assert security_log.of() == []


class TestEnds:
    def test_a_line_for_each_session(self, ada, laptop, phone, iphone, security_log):
        security_log.clear()
        laptop.sign_out("global")
        lines = security_log.of()
        assert {line["session"] for line in lines} == {each.session_id for each in (laptop, phone, iphone)}
        for line in lines:
            assert {name: line[name] for name in line if name != "session"} == {
                "event": "auth_sessions.session_ended",
                "owasp": "session_expired",
                "user": str(ada.pk),
                "actor": str(ada.pk),
                "kind": "token",
                "reason": "signed_out",
                "scope": "global",
                **of_request(),
            }

    @pytest.mark.usefixtures("laptop")
    def test_the_reasons(self, clock, ada, bob, settings, security_log):
        settings.AUTH_SESSIONS_MAX_PER_USER = 1
        Device().sign_in(ada)
        ada.set_password("another")
        ada.save()
        pair = api.sign_in_user(bob)
        pair.session.delete()
        api.sign_in_user(bob)
        clock.shift(timedelta(days=15))
        clear_expired()
        api.sign_in_user(bob)
        clock.shift(timedelta(days=15))
        settings.AUTH_SESSIONS_IDLE_TIMEOUT = None
        clock.shift(timedelta(days=20))
        clear_expired()
        api.sign_in_user(bob)
        bob.delete()
        ended = [line["reason"] for line in security_log.of("session_ended")]
        assert ended == ["limit", "password_changed", "deleted", "idle", "expired", "user_deleted"]

    @has_browsers
    def test_a_browser(self, office_browser, security_log):
        security_log.clear()
        office_browser.submit("/logout/")
        [line] = security_log.of()
        assert (line["session"], line["kind"], line["scope"]) == (office_browser.session_id, "browser", "local")

    def test_a_refusal_that_ends_the_session_is_one_line(self, clock, laptop, security_log):
        security_log.clear()
        clock.shift(timedelta(days=15))
        assert laptop.refresh().status_code == 401
        [line] = security_log.of()
        assert (line["event"], line["reason"]) == ("auth_sessions.session_ended", "idle")

    def test_a_receiver_that_changes_them(self, laptop, security_log):
        from auth_sessions.signals import sessions_ending

        def spoil(sessions, **kwargs):
            for session in sessions:
                session.pk = session.user_id = None

        security_log.clear()
        sessions_ending.connect(spoil)
        try:
            laptop.sign_out()
        finally:
            sessions_ending.disconnect(spoil)
        [line] = security_log.of()
        assert line["session"] == laptop.session_id


class TestReuse:
    @pytest.fixture
    def thief(self, clock, laptop, security_log):
        """With a token that was rotated, and whose child is in use."""
        thief = laptop.copy()
        for _ in range(2):
            laptop.refresh()
            clock.shift(60)
        security_log.clear()
        return thief

    def test_theft(self, ada, laptop, thief, security_log):
        assert thief.try_refresh().status_code == 401
        assert sorted(security_log.events) == ["refresh_token_reused", "session_ended"]
        [line] = security_log.of("refresh_token_reused")
        assert line["owasp"] == "authn_token_reuse"
        assert (line["user"], line["session"], line["generation"]) == (str(ada.pk), laptop.session_id, 0)
        [line] = security_log.of("session_ended")
        assert line["reason"] == "refresh_token_reused"

    def test_under_the_policy_that_ends_nothing(self, laptop, thief, settings, security_log):
        settings.AUTH_SESSIONS_REUSE_POLICY = "off"
        for _ in range(3):
            assert thief.try_refresh().status_code == 200
        [line] = security_log.of()
        assert line["event"] == "auth_sessions.refresh_token_reuse_answered"
        assert line["session"] == laptop.session_id

    def test_another_device(self, laptop, security_log):
        thief = Device(IPHONE)
        thief.refresh_token = laptop.refresh_token
        security_log.clear()
        thief.refresh()
        [line] = security_log.of()
        assert (line["event"], line["user_agent"]) == ("auth_sessions.session_moved", IPHONE)


class TestProofs:
    def test_from_python(self, ada, laptop, security_log, rf):
        security_log.clear()
        api.mark_reauthenticated(Session.objects.get(), amr=iter(["otp", "hwk"]), request=rf.get("/"))
        [line] = security_log.of()
        assert (line["event"], line["session"]) == ("auth_sessions.reauthenticated", laptop.session_id)
        assert (line["methods"], line["address"]) == ("otp hwk", ADDRESS)
        assert Session.objects.get().amr == ["pwd", "otp", "hwk"]

    @has_browsers
    def test_on_the_page(self, office_browser, phone, security_log):
        make_sign_in_old(office_browser)
        security_log.clear()
        office_browser.submit(OTHERS, {"password": "wrong"})
        office_browser.submit(OTHERS, {"password": PASSWORD})
        assert security_log.events == ["reauthentication_refused", "reauthenticated", "session_ended"]
        refused, proved, _ = security_log.of()
        assert refused["user"] == proved["user"]
        assert proved["session"] == office_browser.session_id
        assert PASSWORD not in str(security_log.of())

    def test_over_rest(self, ada, laptop, security_log):
        security_log.clear()
        assert laptop.post("reauthenticate/", {"password": "wrong"}).status_code == 401
        assert laptop.post("reauthenticate/", {"password": PASSWORD}).status_code == 200
        refused, proved = security_log.of()
        assert (refused["event"], refused["reason"]) == (
            "auth_sessions.reauthentication_refused",
            "reauthentication_failed",
        )
        assert (proved["event"], proved["methods"]) == ("auth_sessions.reauthenticated", "pwd")
        assert refused["user"] == proved["user"] == str(ada.pk)
        assert proved["session"] == laptop.session_id
        assert {refused["address"], proved["address"]} == {ADDRESS}

    def test_a_code_that_is_wrong(self, ada, rf, security_log):
        from auth_sessions.core.credentials import prove_again

        def second_factor(user):
            raise exceptions.SecondFactorInvalid

        security_log.clear()
        with pytest.raises(exceptions.SecondFactorInvalid):
            prove_again(ada, request=rf.post("/"), password=None, second_factor=second_factor)
        [line] = security_log.of()
        assert (line["event"], line["reason"]) == ("auth_sessions.reauthentication_refused", "second_factor_invalid")
        assert line["user"] == str(ada.pk)

    @has_browsers
    def test_a_login_in_the_same_browser(self, ada, office_browser, security_log):
        security_log.clear()
        office_browser.sign_in(ada)
        [line] = security_log.of()
        assert (line["event"], line["session"]) == ("auth_sessions.reauthenticated", office_browser.session_id)


class TestPasswords:
    def test_in_a_session(self, ada, laptop, security_log, rf):
        security_log.clear()
        api.change_password(ada, "quite-new-1906", keep=Session.objects.get(), request=rf.post("/"))
        [line] = security_log.of()
        assert (line["event"], line["owasp"]) == ("auth_sessions.password_changed", "authn_password_change")
        assert (line["user"], line["session"], line["address"]) == (str(ada.pk), laptop.session_id, ADDRESS)
        assert "1906" not in str(line)

    def test_by_a_save(self, ada, laptop, security_log):
        security_log.clear()
        ada.set_password("quite-new-1906")
        ada.save()
        changed, ended = security_log.of()
        assert (changed["event"], changed["user"]) == ("auth_sessions.password_changed", str(ada.pk))
        assert (ended["session"], ended["reason"]) == (laptop.session_id, "password_changed")


def test_in_bulk_what_lines_share_is_told_of_each(ada, bob, security_log, rf):
    for user in (ada, bob, ada):
        api.sign_in_user(user)
    security_log.clear()
    Session.objects.all().end(reason=EndReason.REVOKED, actor=bob, request=rf.get("/", HTTP_X_REQUEST_ID="r-1"))
    lines = security_log.of()
    assert sorted(line["user"] for line in lines) == sorted([str(ada.pk), str(ada.pk), str(bob.pk)])
    assert {(line["actor"], line["reason"], line["request_id"]) for line in lines} == {(str(bob.pk), "revoked", "r-1")}
