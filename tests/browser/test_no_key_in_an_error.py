"""No statement fails of which the text holds a session key: PostgreSQL writes it, and the values, to its log."""

from functools import partial

import pytest
from django.db import connection

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD
from tests.support.races import statuses, together

ENGINES = ["db", "cached_db", "cache", "signed_cookies"]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("any_transaction_mode")]


def watched(call, failed):
    """Call it, and note each statement that fails."""

    def watch(execute, sql, params, many, context):
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            failed.append(f"{error} {error.__cause__}")
            raise

    with connection.execute_wrapper(watch):
        return call()


@pytest.mark.parametrize("engine", ENGINES)
def test_tabs_of_an_older_login(make_user, settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    failed = []
    for number in range(4):
        user, browser = make_user(f"ada{number}"), Browser()
        browser.client.force_login(user)  # before the app was installed
        tabs = [browser.copy() for _ in range(6)]
        assert set(statuses(together(*[partial(watched, tab.me, failed) for tab in tabs]))) == {200}
        assert Session.objects.filter(user=user).count() == 1
    assert not failed


@pytest.mark.parametrize("engine", ENGINES)
def test_tabs_that_log_in_again(ada, settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    browser, failed = Browser().sign_in(ada), []
    data = {"username": ada.get_username(), "password": PASSWORD}
    tabs = [browser.copy() for _ in range(6)]
    together(*[partial(watched, partial(tab.submit, "/login/", data), failed) for tab in tabs])
    assert not [error for error in failed if "django_session_key" in error]
