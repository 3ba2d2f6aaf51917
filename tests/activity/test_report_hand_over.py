"""A report of an event of the same sign-in: of an app, and of a browser that it has handed its sign-in over to."""

import pytest

from auth_sessions.activity.models import Activity
from auth_sessions.models import Session
from tests.support.activity_emails import copy_of
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
