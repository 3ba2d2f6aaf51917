"""``importdjangosessions``: logins older than the installation are in the list before their browsers come back."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session as Entry
from django.core.management import CommandError, call_command
from django.utils import timezone

from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.models import Session
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
