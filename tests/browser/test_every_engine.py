"""Django's own logins, with every session engine, beside a user's token devices."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from auth_sessions.core.presented import SESSION_ID_KEY
from auth_sessions.models import Session
from tests.support.browser import Browser, entry_is_left
from tests.support.device import PASSWORD, Device, code, still_signed_in

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("any_engine")
class TestEveryEngine:
    def test_one_list(self, office_browser, phone):
        listed = office_browser.sessions()
        assert [(row["kind"], row["is_current"]) for row in listed] == [("browser", True), ("token", False)]
        assert {row["id"] for row in phone.sessions()} == {row["id"] for row in listed}
        assert listed[0]["device"]["label"] == "Firefox on macOS"

    @pytest.mark.parametrize(
        ("scope", "left"),
        [("local", {"library", "phone"}), ("others", {"office"}), ("global", set()), (None, set())],
    )
    def test_a_scope_from_a_browser(self, office_browser, library_browser, phone, scope, left):
        cookies = {"office": office_browser.cookie, "library": library_browser.cookie}
        assert office_browser.sign_out(scope).status_code == 204
        assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == left
        assert {name for name, cookie in cookies.items() if entry_is_left(cookie)} <= left

    @pytest.mark.parametrize(
        ("scope", "left"), [("local", {"office", "iphone"}), ("others", {"phone"}), ("global", set())]
    )
    def test_a_scope_from_a_token(self, office_browser, phone, iphone, scope, left):
        cookie = office_browser.cookie
        assert phone.sign_out(scope).status_code == 204
        assert still_signed_in(office=office_browser, phone=phone, iphone=iphone) == left
        assert not entry_is_left(cookie) or "office" in left

    def test_logout_is_local(self, office_browser, library_browser, phone):
        tab = office_browser.copy()
        office_browser.submit("/logout/")
        assert still_signed_in(office=office_browser, tab=tab, library=library_browser, phone=phone) == {
            "library",
            "phone",
        }
        assert Session.objects.count() == 2

    def test_local_again_is_fine(self, office_browser):
        tab = office_browser.copy()
        assert office_browser.sign_out("local").status_code == 204
        assert code(tab.copy().sign_out("others")) == (401, "session_not_found")
        assert tab.sign_out("local").status_code == 204

    def test_a_new_key_is_the_same_session(self, office_browser, phone):
        office_browser.page("/cycle/")
        assert office_browser.page("/which/").json()["session"] == office_browser.session_id
        cookie = office_browser.cookie
        phone.sign_out("others")
        assert not office_browser.is_signed_in()
        assert not entry_is_left(cookie)

    def test_a_new_password_in_one_browser(self, office_browser, library_browser, phone):
        fields = {"old_password": PASSWORD, "new_password1": "analytical-1843", "new_password2": "analytical-1843"}
        assert office_browser.submit("/password/", fields).status_code == 302
        assert [str(row.pk) for row in Session.objects.all()] == [office_browser.session_id]
        assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == {"office"}
        assert [row["is_current"] for row in office_browser.sessions()] == [True]
        assert phone.refresh().status_code == 401

    def test_a_new_password_from_elsewhere(self, office_browser, library_browser, phone, ada):
        """A browser that Django will refuse is in no list, and is nobody's other device."""
        ada.set_password("analytical-1843")
        ada.save()
        tablet = Device().sign_in(ada, password="analytical-1843")
        assert [row["id"] for row in tablet.sessions()] == [tablet.session_id]
        assert still_signed_in(office=office_browser, library=library_browser, phone=phone) == set()

    def test_django_s_own_expiry(self, clock_from_now, ada, settings):
        settings.SESSION_COOKIE_AGE = 3600
        office_browser = Browser().sign_in(ada)
        assert Session.objects.get().expires_at == timezone.now() + timedelta(hours=1)
        clock_from_now.shift(timedelta(minutes=61))
        assert not office_browser.copy().is_signed_in()
        assert not Session.objects.all().live(user=ada).exists()

    def test_the_lifetime_of_a_session_is_the_longest(self, clock_from_now, ada, settings):
        settings.AUTH_SESSIONS_LIFETIME = timedelta(hours=3)
        settings.SESSION_SAVE_EVERY_REQUEST = True
        office_browser = Browser().sign_in(ada)
        for _ in range(2):
            clock_from_now.shift(timedelta(hours=1))
            assert office_browser.is_signed_in()
        clock_from_now.shift(timedelta(hours=1))
        assert not office_browser.is_signed_in()

    @pytest.mark.parametrize("is_atomic", [False, True])
    def test_an_inactive_person_whose_session_is_saved(self, office_browser, ada, settings, monkeypatch, is_atomic):
        """Nothing was told of it: the request that finds it out is answered as any later one."""
        settings.SESSION_SAVE_EVERY_REQUEST = True
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", is_atomic)
        get_user_model().objects.filter(pk=ada.pk).update(is_active=False)
        assert [office_browser.page("/who/").status_code for _ in range(2)] == [401, 401]
        assert not Session.objects.exists()

    def test_unused_for_too_long(self, clock_from_now, office_browser):
        clock_from_now.shift(timedelta(days=14))
        assert not office_browser.is_signed_in()

    def test_use_is_noted(self, clock_from_now, office_browser):
        """It does not move the end, since Django's session is not saved."""
        ends_at = Session.objects.get().expires_at
        clock_from_now.shift(timedelta(minutes=6))
        office_browser.is_signed_in()
        row = Session.objects.get()
        assert row.last_seen_at == timezone.now()
        assert row.expires_at == ends_at

    def test_a_login_older_than_the_installation(self, ada, phone):
        office_browser = Browser()
        office_browser.client.force_login(ada)  # passes no middleware
        assert Session.objects.filter(kind="browser").count() == 0
        assert office_browser.is_signed_in()
        row = Session.objects.get(kind="browser")
        assert row.authenticated_at is None
        assert office_browser.page("/which/").json()["session"] == str(row.pk)
        assert Session.objects.filter(kind="browser").count() == 1
        phone.sign_out("others")
        assert not office_browser.is_signed_in()

    @pytest.mark.parametrize("path", ["/who/", "/who/async/"])
    def test_async(self, ada, phone, path):
        office_browser = Browser().sign_in(ada, path="/login/async/")
        assert office_browser.is_signed_in(path)
        assert Session.objects.filter(kind="browser").count() == 1
        phone.sign_out("others")
        assert not office_browser.is_signed_in(path)

    def test_ended_while_a_view_is_at_work(self, office_browser):
        """Neither revived by what the view wrote, nor a failure."""
        cookie = office_browser.cookie
        assert office_browser.page("/ended-meanwhile/").status_code < 500
        assert not office_browser.is_signed_in()
        assert not entry_is_left(cookie)
        assert not Session.objects.exists()

    def test_what_else_the_session_held_is_kept_until_then(self, ada, phone):
        office_browser = Browser()
        office_browser.page("/basket/")
        office_browser.sign_in(ada)
        assert office_browser.page("/basket/").json() == {"basket": 2}
        phone.sign_out("others")
        assert not office_browser.is_signed_in()
        assert office_browser.page("/basket/").json() == {"basket": 1}

    def test_another_person_signs_in_here(self, office_browser, bob):
        mine = office_browser.session_id
        office_browser.sign_in(bob)
        assert office_browser.session_id != mine
        assert Session.objects.get(pk=office_browser.session_id).user == bob

    def test_the_same_person_signs_in_again(self, clock_from_now, office_browser, ada):
        key, before = office_browser.session_id, Session.objects.get()
        clock_from_now.shift(60)
        office_browser.sign_in(ada)
        assert office_browser.session_id == key
        row = Session.objects.get()
        assert row.authenticated_at == before.authenticated_at + timedelta(seconds=60)
        assert row.created_at == before.created_at

    @pytest.mark.parametrize("atomic", [False, True])
    @pytest.mark.parametrize(
        ("order", "left"), [("io", 0), ("ii", 1), ("oi", 1), ("ioi", 1), ("oio", 0), ("ei", 1), ("pi", 1)]
    )
    def test_in_and_out_in_one_request(self, ada, monkeypatch, order, left, atomic):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
        browser = Browser()
        if not order.startswith("i"):
            browser.sign_in(ada)
        browser.submit(f"/in-and-out/{order}/", {"username": ada.get_username()})
        assert Session.objects.count() == left
        assert browser.is_signed_in() == bool(left)

    @pytest.mark.parametrize("atomic", [False, True])
    def test_a_new_password_and_a_login_in_one_request(self, office_browser, phone, monkeypatch, atomic):
        """Django empties the data in between: they name the session again, so that no copy of them outlives it."""
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
        office_browser.submit("/password/and-login/")
        copy = office_browser.copy()
        assert SESSION_ID_KEY in copy.client.session
        assert office_browser.is_signed_in()
        assert [str(row.pk) for row in Session.objects.all()] == [office_browser.session_id]
        Session.objects.all().end(reason="revoked")
        assert still_signed_in(office=office_browser, copy=copy, phone=phone) == set()

    def test_an_old_copy_of_a_cookie_ends_nothing(self, office_browser):
        copy = office_browser.copy()
        fields = {"old_password": PASSWORD, "new_password1": "analytical-1843", "new_password2": "analytical-1843"}
        office_browser.submit("/password/", fields)
        assert office_browser.is_signed_in()
        assert not copy.is_signed_in()
        assert office_browser.is_signed_in()

    @pytest.mark.parametrize("setting", ["AUTH_SESSIONS_LIFETIME", "AUTH_SESSIONS_IDLE_TIMEOUT"])
    def test_signing_in_again_where_the_session_was_over(self, clock_from_now, ada, settings, setting):
        setattr(settings, setting, timedelta(hours=3))
        office_browser = Browser().sign_in(ada)
        first = office_browser.session_id
        clock_from_now.shift(timedelta(hours=4))
        office_browser.sign_in(ada)
        assert office_browser.session_id != first
        assert [str(row.pk) for row in Session.objects.all()] == [office_browser.session_id]

    def test_a_login_that_is_to_be_remembered(self, clock_from_now, ada, settings):
        """The view lengthens the session's life after login()."""
        settings.SESSION_COOKIE_AGE = 3600
        office_browser = Browser()
        office_browser.submit("/login/remember/", {"username": ada.get_username()})
        clock_from_now.shift(timedelta(hours=5))
        # Django's signed cookies know no other age than the setting (its ticket #19201).
        assert office_browser.is_signed_in() == ("signed_cookies" not in settings.SESSION_ENGINE)

    def test_a_token_sign_in_beside_a_cookie(self, office_browser, ada):
        """It begins a session of its own, and ends nothing but that."""
        device = Device()
        device.client.cookies = office_browser.client.cookies
        device.sign_in(ada)
        assert Session.objects.count() == 2
        assert device.sign_out("local").status_code == 204
        assert office_browser.is_signed_in()


@pytest.mark.usefixtures("any_engine")
@pytest.mark.django_db
def test_in_a_transaction_that_never_commits(ada):
    """As Django's ``TestCase`` has it: what waits for the commit does not come."""
    office_browser, old, phone = Browser().sign_in(ada), Browser(), Device().sign_in(ada)
    old.client.force_login(ada)
    assert old.is_signed_in()
    assert {row["kind"] for row in phone.sessions()} == {"browser", "token"}
    assert phone.sign_out("others").status_code == 204
    assert still_signed_in(office=office_browser, old=old, phone=phone) == {"phone"}
