"""What Django's own views cost with the app, in SQL statements: beside those that Django sends itself."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD
from tests.support.sessions import create_browser_row
from tests.support.statements import LOCKED, statements

NEW_PASSWORD = "analytical-1843"

DJANGO_LOGS_IN = ["SELECT", "SELECT", "INSERT", "UPDATE", "UPDATE"]  # user, key, entry; last_login; data
DJANGO_LOGS_OUT = ["SELECT", "SELECT"]  # entry, user
DJANGO_CHANGES = [*DJANGO_LOGS_OUT, "UPDATE", "SELECT", "INSERT", "SELECT", "DELETE", "UPDATE"]

OTHERS_END = {"sqlite": 36, "postgresql": 29, "mysql": 33}[connection.vendor]

VALIDATED = ["SELECT"]
"""The session, whenever a page asks for the user."""


def cost(act):
    with CaptureQueriesContext(connection) as queries:
        response = act()
    assert response.status_code in {200, 302}
    return Counter(statements(queries))


def change_password(browser):
    return browser.submit(
        "/password/", {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    )


def test_a_login(ada):
    browser = Browser()
    credentials = {"username": ada.get_username(), "password": PASSWORD}
    assert cost(lambda: browser.submit("/login/", credentials)) == Counter([*DJANGO_LOGS_IN, "INSERT"])


def test_a_logout(office_browser):
    ended = [*LOCKED, *["DELETE"] * 4]  # by a receiver of the tests; the entry, which Django then does not look for;
    # a related object; the row
    assert cost(lambda: office_browser.submit("/logout/")) == Counter([*DJANGO_LOGS_OUT, *VALIDATED, *ended])


def test_a_new_password_of_somebody_without_other_devices(office_browser):
    """Who is saved, whether anything ends; the new key, whether other browsers end, the fingerprint."""
    more = ["SELECT", "SELECT", "UPDATE", "SELECT", "UPDATE"]
    assert cost(lambda: change_password(office_browser)) == Counter([*DJANGO_CHANGES, *VALIDATED, *more])
    assert cost(office_browser.me) == Counter([*DJANGO_LOGS_OUT, *VALIDATED])


@pytest.mark.parametrize("number", [1, 5])
def test_a_new_password_of_somebody_with_other_devices(ada, office_browser, number):
    """They end in two transactions, one for each kind."""
    for position in range(number):
        create_session(ada)
        create_browser_row(ada, key=f"key-{position}")
    assert cost(lambda: change_password(office_browser)).total() == OTHERS_END
    assert set(Session.objects.all()) == {Session.objects.get(pk=office_browser.session_id)}
