"""``AUTH_SESSIONS_CLEAR_SITE_DATA``: a browser that signs out is told what to delete, and no other client."""

import pytest

from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.host import has_admin
from tests.support.single_page_app import SinglePageApp

pytestmark = [pytest.mark.slow, pytest.mark.any_database]

HEADER = "Clear-Site-Data"
VALUE = '"cache", "cookies", "storage"'


@pytest.fixture(autouse=True)
def _directives(settings):
    settings.AUTH_SESSIONS_CLEAR_SITE_DATA = ["cache", "cookies", "storage"]


def by_rest(browser, scope):
    return browser.sign_out(scope)


def by_itself(browser, scope):
    return browser.delete(f"sessions/{browser.session_id}/")


def by_page(browser, scope):
    return browser.submit(f"/account/devices/{browser.session_id}/sign-out/")


def by_page_everywhere(browser, scope):
    return browser.submit("/account/devices/everywhere/sign-out/")


def by_logout(browser, scope):
    return browser.submit("/logout/")


@pytest.mark.usefixtures("any_engine", "any_transaction_mode")
@pytest.mark.parametrize(
    ("way", "scope"),
    [
        (by_rest, "local"),
        (by_rest, "global"),
        (by_itself, None),
        (by_page, None),
        (by_page_everywhere, None),
        (by_logout, None),
    ],
)
def test_signed_out_here(office_browser, way, scope):
    answer = way(office_browser, scope)
    assert answer.status_code in {204, 302}
    assert answer[HEADER] == VALUE
    assert not office_browser.is_signed_in()
    assert HEADER not in office_browser.page("/who/")


def test_others_stay(office_browser, library_browser, phone):
    """Only the browser that is signed out is told, and only by the response that signs it out."""
    assert HEADER not in office_browser.sign_out("others")
    assert HEADER not in library_browser.page("/who/")
    assert HEADER not in office_browser.delete("sessions/00000000-0000-0000-0000-000000000000/")
    other = Browser().sign_in(Session.objects.get(pk=office_browser.session_id).user)
    assert HEADER not in office_browser.delete(f"sessions/{other.session_id}/")


def test_a_token_device(phone):
    assert HEADER not in phone.sign_out("global")


def test_a_refusal(office_browser, phone):
    tab = office_browser.copy()
    office_browser.sign_out("local")
    assert HEADER not in tab.sign_out("others")
    assert HEADER not in Browser().submit("/logout/")


@has_admin
def test_nobody_is_signed_out_by_signing_in(office_browser, ada, bob):
    page = SinglePageApp().sign_in(ada)
    for user in (ada, bob):
        assert HEADER not in page.try_sign_in(user)
        assert HEADER not in office_browser.submit("/login/", {"username": user.get_username(), "password": "x"})
    assert HEADER not in office_browser.submit("/in-and-out/oi/", {"username": ada.get_username()})


def test_asgi(ada):
    page = SinglePageApp("asgi").sign_in(ada)
    assert page.sign_out("global")[HEADER] == VALUE


def test_off_by_default(office_browser, settings):
    del settings.AUTH_SESSIONS_CLEAR_SITE_DATA
    assert HEADER not in office_browser.sign_out("global")
