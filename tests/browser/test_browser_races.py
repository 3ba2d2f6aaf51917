"""Browsers in real threads, on real connections."""

from contextlib import suppress
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.races import LONG_AGO, ROUNDS, statuses, together
from tests.support.sessions import clear_expired

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("any_transaction_mode")]

ENGINES = ["db", pytest.param("cached_db", marks=pytest.mark.any_database), "signed_cookies"]


@pytest.fixture(params=ENGINES, autouse=True)
def _engine(request, settings):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"


def old_login(user):
    """A browser that signed in before the app was installed."""
    browser = Browser()
    browser.client.force_login(user)
    return browser


def test_tabs_of_an_old_login_are_adopted_once(make_user):
    for number in range(ROUNDS):
        user = make_user(f"ada{number}")
        browser = old_login(user)
        tabs = [browser.copy() for _ in range(8)]
        assert set(statuses(together(*[tab.me for tab in tabs]))) == {200}
        assert Session.objects.filter(user=user).count() == 1
        assert {tab.me().status_code for tab in [browser, *tabs]} == {200}
        assert Device().sign_in(user).sign_out("others").status_code == 204
        assert {tab.me().status_code for tab in tabs} == {401}


def test_requests_against_a_sign_out(make_user):
    for number in range(ROUNDS):
        user = make_user(f"ada{number}")
        browser, phone = Browser().sign_in(user), Device().sign_in(user)
        tabs = [browser.copy() for _ in range(4)]
        answers = together(
            partial(phone.sign_out, "others"),
            tabs[0].me,
            partial(tabs[1].page, "/basket/"),
            partial(tabs[2].page, "/cycle/"),
            partial(tabs[3].submit, "/logout/"),
            jitter=0.01,
        )
        assert max(statuses(answers)) < 500
        assert {tab.me().status_code for tab in [browser, *tabs]} == {401}
        assert [session.kind for session in Session.objects.filter(user=user)] == ["token"]


def test_a_login_against_the_deletion_of_the_user(make_user):
    for number in range(ROUNDS):
        user = make_user(f"ada{number}")

        def sign_in(user=user):
            browser = Browser()
            with suppress(DatabaseError):  # Django's own: last_login of a user who is gone
                browser.submit("/login/", {"username": user.get_username(), "password": PASSWORD})
            return browser

        def delete(user=user):
            get_user_model().objects.get(pk=user.pk).delete()

        browser, _ = together(sign_in, delete, jitter=0.01)
        assert browser.me().status_code == 401
        assert not Session.objects.exists()


def test_ten_logins_against_a_limit_of_three(make_user, settings):
    settings.AUTH_SESSIONS_MAX_PER_USER = 3
    settings.AUTH_SESSIONS_LIMIT_POLICY = "refuse"
    user = make_user("ada")
    together(*[lambda: Browser().submit("/login/", {"username": user.get_username(), "password": PASSWORD})] * 10)
    assert Session.objects.filter(user=user).count() == 3


def test_two_clean_ups_against_browsers(make_user):
    """Everybody has a browser in use and one that is over."""
    visitor = make_user("visitor")
    others = [create_session(visitor).pk for _ in range(100)]  # MariaDB reads a small table whole to delete from it
    for number in range(ROUNDS):
        users = [make_user(f"ada{number}.{each}") for each in range(6)]
        in_use, over_browsers = ([Browser().sign_in(user) for user in users] for _ in range(2))
        over = Session.objects.filter(pk__in=[browser.session_id for browser in over_browsers])
        over.update(last_seen_at=LONG_AGO)
        purges = [partial(clear_expired, batch_size=size) for size in (3, 100)]
        visits = together(*purges, *[browser.me for browser in (*in_use, *over_browsers)], jitter=0.02)[2:]
        assert statuses(visits) == [200] * 6 + [401] * 6
        clear_expired()
        assert not over.exists()
        assert statuses([browser.me() for browser in in_use]) == [200] * 6
        assert Session.objects.filter(pk__in=others).count() == len(others)
