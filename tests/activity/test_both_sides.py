"""A copied sign-in: whoever is told of it reads of both devices, also where the copy was used before the own device."""

import pytest

from auth_sessions.activity.models import Activity
from tests.support.activity_emails import REUSED, UBUNTU, copy_of, parts, sent, steal
from tests.support.browser import Browser
from tests.support.device import IPHONE, Device
from tests.support.host import has_browsers
from tests.support.pages import text

pytestmark = [pytest.mark.usefixtures("emails"), pytest.mark.any_database]

COPY = "Firefox on Ubuntu"


def told_of_reuse():
    (message,) = sent(REUSED)
    return parts(message)[1:]


def test_a_copy_that_was_refreshed_first(clock, ada, rest_only):
    """The own device presents the old token: without the copy's, both sides of the message would be that device."""
    iphone = Device(IPHONE).sign_in(ada)
    steal(clock, iphone)
    for part in told_of_reuse():
        assert "Also used on" in part
        assert part.count(COPY) == 1
        assert "Used again on" in part


def test_a_copy_that_was_refreshed_last(clock, ada, rest_only):
    iphone = Device(IPHONE).sign_in(ada)
    thief = copy_of(iphone)
    assert iphone.refresh().status_code == 200
    clock.shift(12)
    assert iphone.me().status_code == 200
    assert thief.refresh().status_code == 401
    for part in told_of_reuse():
        assert "Also used on" not in part
        assert part.count(COPY) == 1


def test_a_copy_that_is_refreshed_first_and_last(clock, ada, rest_only):
    """Its device is named once."""
    iphone = Device(IPHONE).sign_in(ada)
    first, second = copy_of(iphone), copy_of(iphone)
    assert first.refresh().status_code == 200
    clock.shift(12)
    assert first.me().status_code == 200
    assert second.refresh().status_code == 401
    for part in told_of_reuse():
        assert "Also used on" not in part
        assert part.count(COPY) == 1


@has_browsers
def test_another_session_has_nothing_to_do_with_it(clock, ada, rest_only):
    moved = Device(IPHONE).sign_in(ada)
    assert copy_of(moved, UBUNTU).refresh().status_code == 200
    iphone = Device(IPHONE).sign_in(ada)
    steal(clock, iphone)
    browser = Browser().sign_in(ada)
    for kind in ("refresh_token_reused", "session_moved"):
        activity = Activity.objects.filter(kind=kind, session_id=iphone.session_id).get()
        page = text(browser.page(f"/account/activity/{activity.pk}/"))
        assert ("Also used on" in page) == (kind == "refresh_token_reused")
