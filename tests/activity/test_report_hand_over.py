"""A report of an event of the same sign-in: of an app, and of a browser that it has handed its sign-in over to."""

import pytest

from auth_sessions import api
from auth_sessions.activity.models import Activity
from auth_sessions.models import Session
from tests.support.activity_emails import copy_of
from tests.support.device import IPHONE, Device
from tests.support.hand_over import Website
from tests.support.pages import text


@pytest.fixture
def website(iphone):
    website = Website().takes_over(iphone)
    website.client.handler.enforce_csrf_checks = False
    return website


def test_a_copy_of_the_app_that_is_reported_in_its_browser(iphone, website):
    thief = copy_of(iphone)
    assert thief.refresh().status_code == 200
    activity = Activity.objects.get(session_id=iphone.session_id, kind="session_moved")
    page = f"/account/activity/{activity.pk}/report/"
    assert "this one too" in text(website.page(page))
    assert website.submit(page).status_code == 302
    assert not thief.is_signed_in()
    assert thief.refresh().status_code == 401


def test_a_browser_that_is_reported_in_its_app(iphone, website):
    activity = Activity.objects.get(session_id=website.session_id, kind="signed_in")
    assert iphone.post(f"activity/{activity.pk}/report/").status_code == 204
    assert not Session.objects.exists()


def test_a_browser_that_is_reported_in_another_one_of_its_app(iphone, website):
    other = Website().takes_over(iphone)
    activity = Activity.objects.get(session_id=other.session_id, kind="signed_in")
    assert website.submit(f"/account/activity/{activity.pk}/report/").status_code == 302
    assert not Session.objects.exists()


@pytest.mark.parametrize("own", [False, True], ids=["in the app", "in its browser"])
def test_a_browser_that_has_ended_is_reported(ada, iphone, own):
    """Whoever has had the app's token hand it over may have left that browser, and still have the token."""
    website, stranger = Website().takes_over(iphone), Website().takes_over(iphone)
    website.client.handler.enforce_csrf_checks = False
    activity = Activity.objects.get(session_id=stranger.session_id, kind="signed_in")
    api.sign_out(stranger.row, "local")
    if own:
        page = f"/account/activity/{activity.pk}/report/"
        assert "this one too" in text(website.page(page))
        assert website.submit(page).status_code == 302
    else:
        assert iphone.post(f"activity/{activity.pk}/report/").status_code == 204
    assert not Session.objects.exists()


@pytest.mark.parametrize("kind", ["signed_in", "signed_out"])
def test_a_device_of_its_own_that_has_ended_is_reported(ada, iphone, kind):
    """Nothing of the app was in its hands."""
    Website().takes_over(iphone)
    device = Device(IPHONE).sign_in(ada)
    device.sign_out("local")
    activity = Activity.objects.get(session_id=device.session_id, kind=kind)
    assert iphone.post(f"activity/{activity.pk}/report/").status_code == 204
    assert iphone.is_signed_in()
    assert Session.objects.count() == 2
