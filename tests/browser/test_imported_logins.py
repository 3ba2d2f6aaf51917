"""``importdjangosessions``: logins older than the installation are in the list before their browsers come back."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as Entry
from django.core.management import CommandError, call_command
from django.utils import timezone

from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.core import stored_logins
from auth_sessions.models import Session
from auth_sessions.signals import session_started
from tests.support.browser import Browser, entry_is_left
from tests.support.device import PASSWORD


def old_browser(user):
    """It has signed in before the app was installed."""
    browser = Browser()
    browser.client.force_login(user)
    return browser


def imported():
    out = StringIO()
    call_command("importdjangosessions", stdout=out)
    return int(out.getvalue().split()[0])


@pytest.mark.parametrize("engine", ["db", "cached_db"])
def test_a_sign_out_reaches_it(settings, ada, phone, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    browser = old_browser(ada)
    assert imported() == 1
    assert [row["device"]["label"] for row in phone.sessions()] == ["Firefox on macOS", "Unknown device"]
    assert phone.sign_out().status_code == 204
    assert not entry_is_left(browser.cookie)
    assert not browser.is_signed_in()


def test_the_row_is_that_of_the_next_request(ada):
    browser = old_browser(ada)
    assert imported() == 1
    before = Session.objects.get()
    assert before.kind == SessionKind.BROWSER
    assert before.authenticated_at is None
    expires_at = Entry.objects.get(pk=browser.cookie).expire_date
    assert abs(before.expires_at - expires_at) < timedelta(seconds=1)
    assert browser.is_signed_in()
    assert browser.page("/which/").json()["session"] == str(before.pk)
    joined = Session.objects.get()
    assert joined.pk == before.pk
    assert joined.device.label == "Firefox on macOS"
    assert joined.auth_backend == "django.contrib.auth.backends.ModelBackend"
    assert joined.ip_address == "127.0.0.1"


def test_a_second_run_adds_nothing(ada):
    old_browser(ada)
    Browser().sign_in(ada)
    assert [imported(), imported()] == [1, 0]
    assert Session.objects.count() == 2


def test_a_logout_before_any_other_request(ada):
    browser = old_browser(ada)
    assert imported() == 1
    browser.submit("/logout/")
    assert not Session.objects.exists()


def test_an_entry_that_is_deleted_afterwards(clock, ada):
    old_browser(ada)
    assert imported() == 1
    Entry.objects.all().delete()
    clock.shift(timedelta(days=1))
    call_command("clearauthsessions")
    assert not Session.objects.exists()


def test_a_logout_during_the_import(ada, bob, monkeypatch):
    browsers = [old_browser(ada), old_browser(bob)]
    has_password_of = stored_logins.has_password_of

    def slowly(login, user):
        while browsers:
            browsers.pop().submit("/logout/")
        return has_password_of(login, user)

    monkeypatch.setattr(stored_logins, "has_password_of", slowly)
    assert imported() == 0
    assert not Session.objects.exists()


def test_nobody_is_told_of_a_sign_in(ada):
    started = []
    session_started.connect(lambda session, **kwargs: started.append(session), weak=False, dispatch_uid="t")
    old_browser(ada)
    assert imported() == 1
    session_started.disconnect(dispatch_uid="t")
    assert started == []


@pytest.mark.skipif(get_user_model()._meta.label != "auth.User", reason="the key is a number")
def test_a_number_that_the_database_cannot_hold(ada):
    session = old_browser(ada).client.session
    session["_auth_user_id"] = "9" * 20
    session.save()
    old_browser(ada)
    assert imported() == 1


def test_a_login_anew_before_any_other_request(ada):
    browser = old_browser(ada)
    assert imported() == 1
    row = Session.objects.get()
    browser.sign_in(ada)
    assert [session.pk for session in Session.objects.all()] == [row.pk]


def test_what_is_no_login(ada, bob, make_user):
    """Nobody's basket, an earlier password, an expired entry, people who are inactive or gone, another user model's."""
    Browser().page("/basket/")
    old_browser(ada)
    ada.set_password("another")
    ada.save()
    inactive, gone = make_user("eve"), make_user("zoe")
    old_browser(inactive)
    type(inactive).objects.filter(pk=inactive.pk).update(is_active=False)
    old_browser(gone)
    gone.delete()
    Entry.objects.filter(pk=old_browser(bob).cookie).update(expire_date=timezone.now())
    other = old_browser(bob).client.session
    other["_auth_user_id"] = "no key of this model"
    other.save()
    assert imported() == 0
    assert not Session.objects.exists()


def test_a_browser_that_comes_back_too_late(clock, settings, ada):
    settings.SESSION_COOKIE_AGE = 60 * 24 * 3600
    browser, other = old_browser(ada), old_browser(ada)
    assert imported() == 2
    clock.shift(timedelta(days=15))
    assert not browser.is_signed_in()
    assert imported() == 0  # the other is in the list, and idle
    Session.objects.all().end(reason=EndReason.REVOKED)
    assert not other.is_signed_in()


@pytest.mark.parametrize("engine", ["cache", "signed_cookies"])
def test_a_store_that_is_no_table(settings, db, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    with pytest.raises(CommandError, match="has no table"):
        call_command("importdjangosessions")


def test_many(ada, monkeypatch):
    monkeypatch.setattr("auth_sessions.core.stored_logins.BATCH", 2)
    browsers = [old_browser(ada) for _ in range(5)]
    assert imported() == 5
    assert all(browser.is_signed_in() for browser in browsers)
    assert Session.objects.count() == 5
    assert Browser().sign_in(ada, PASSWORD).is_signed_in()
