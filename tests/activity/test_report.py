"""The button "This wasn't me", on the page that an e-mail leads to, and the same over REST."""

import uuid

import pytest
from django.urls import include, path

from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.models import Activity
from auth_sessions.activity.signals import activity_reported
from auth_sessions.choices import EndReason
from auth_sessions.models import Session
from auth_sessions.signals import credentials_revoked, sessions_ended
from tests.support.browser import Browser, HelpDesk
from tests.support.device import IPHONE, MACBOOK, PASSWORD, Device, code, still_signed_in
from tests.support.pages import make_sign_in_old, text
from tests.urls import urlpatterns as host

REPORTED = "/account/activity/reported/"


@pytest.fixture
def told_of_it():
    """What the signals said: ``told_of_it(signal)`` has the events of one."""
    heard = (activity_reported, credentials_revoked, sessions_ended)
    events = []

    def receive(signal, **event):
        events.append((signal, event))

    for each in heard:
        each.connect(receive)
    yield lambda signal: [event for sent, event in events if sent is signal]
    for each in heard:
        each.disconnect(receive)


def activity_of(device, kind="signed_in"):
    return Activity.objects.get(session_id=device.session_id, kind=kind)


def event_path(activity, action=""):
    return f"/account/activity/{activity.pk}/{action}"


def report_path(activity):
    return event_path(activity, "report/")


def test_the_page_says_what_happened(office_browser, iphone, ada, rest_only):
    thief = Device(MACBOOK)
    thief.refresh_token = iphone.refresh_token
    assert thief.refresh().status_code == 200
    page = office_browser.page(event_path(activity_of(iphone, "session_moved")))
    assert "A sign-in that began on “Chrome on iOS” is now used on another device." in text(page)
    assert "Firefox on macOS" in text(page)
    assert report_path(activity_of(iphone, "session_moved")) in page.content.decode()


def test_a_get_changes_nothing(office_browser, iphone):
    for action in ("", "report/"):
        before = list(Activity.objects.values().order_by("pk"))
        assert office_browser.page(event_path(activity_of(iphone), action)).status_code == 200
        assert list(Activity.objects.values().order_by("pk")) == before
    assert still_signed_in(iphone=iphone, office=office_browser) == {"iphone", "office"}


def test_it_ends_everything_else(office_browser, library_browser, iphone, told_of_it, ada):
    activity = activity_of(iphone)
    question = office_browser.page(report_path(activity))
    assert "All other devices will be signed out. You stay signed in on this device." in text(question)
    response = office_browser.submit(report_path(activity))
    assert (response.status_code, response.url) == (302, REPORTED)
    assert still_signed_in(office=office_browser, library=library_browser, iphone=iphone) == {"office"}
    (ending,), (revoking,), (event,) = (
        told_of_it(each) for each in (sessions_ended, credentials_revoked, activity_reported)
    )
    assert (ending["scope"], revoking["user_ids"]) == ("others", {ada.pk})
    assert event["activity"] == activity
    assert str(event["session"].pk) == office_browser.session_id
    activity.refresh_from_db()
    assert activity.reported_at is not None
    page = text(office_browser.page(REPORTED))
    assert "Choose a new password All your other devices are signed out." in page
    page = text(office_browser.page(event_path(activity)))
    assert "You said on" in page
    assert "Every device that somebody else could have used was signed out." in page


def test_the_list_leads_to_it(office_browser, ada, iphone):
    """For what needs a second look, until the person has said that it was not them."""
    noticed = activity_of(iphone, "new_device")
    for page in ("/account/activity/", "/account/devices/"):
        shown = office_browser.page(page).content.decode()
        assert report_path(noticed) in shown
        assert report_path(activity_of(iphone)) not in shown
    office_browser.submit(report_path(noticed))
    assert report_path(noticed) not in office_browser.page("/account/activity/").content.decode()


def test_this_very_device(office_browser, iphone):
    activity = activity_of(office_browser)
    assert "this one too" in text(office_browser.page(report_path(activity)))
    assert office_browser.submit(report_path(activity)).url == REPORTED
    assert still_signed_in(iphone=iphone, office=office_browser) == set()
    assert "All your devices are signed out." in text(office_browser.page(REPORTED))


def test_an_old_sign_in_is_asked_for_the_password(office_browser, iphone):
    make_sign_in_old(office_browser)
    question = report_path(activity_of(iphone))
    assert "Enter your password to show that it is you." in text(office_browser.page(question))
    for data in ({}, {"password": "wrong"}):
        assert "password" in text(office_browser.submit(question, data))
        assert iphone.is_signed_in()
    assert office_browser.submit(question, {"password": PASSWORD}).url == REPORTED
    assert still_signed_in(iphone=iphone, office=office_browser) == {"office"}


def test_an_old_sign_in_is_asked_also_where_there_is_no_other_device(office_browser):
    make_sign_in_old(office_browser)
    activity = activity_of(office_browser)
    assert office_browser.submit(report_path(activity)).status_code == 200
    assert office_browser.is_signed_in()


def test_a_form_of_another_site_ends_nothing(office_browser, iphone):
    office_browser.client.handler.enforce_csrf_checks = True
    assert office_browser.submit(report_path(activity_of(iphone))).status_code == 403
    assert iphone.is_signed_in()


def test_whoever_is_not_signed_in_is_asked_to(iphone):
    activity = activity_of(iphone)
    for action in ("", "report/"):
        response = Browser().page(event_path(activity, action))
        assert response.status_code == 302
        assert response.url.endswith(f"?next={event_path(activity, action)}")
    assert Browser().submit(report_path(activity)).status_code == 302
    assert iphone.is_signed_in()


def test_an_activity_of_another_person_is_none(office_browser, bob):
    theirs = Device(IPHONE).sign_in(bob)
    for page in (event_path(activity_of(theirs)), report_path(activity_of(theirs))):
        assert office_browser.page(page).status_code == 404
        assert office_browser.submit(page).status_code in {404, 405}
    assert office_browser.page(event_path(Activity(pk=uuid.UUID(int=1)))).status_code == 404
    assert theirs.is_signed_in()


def test_staff_who_act_in_a_persons_name_report_nothing(grace, ada, iphone, use_middleware):
    use_middleware("NotedActor")
    desk = HelpDesk().sign_in(grace).act_as(ada)
    for activity in (activity_of(iphone), activity_of(desk)):
        assert desk.page(report_path(activity)).status_code == 403
        assert desk.submit(report_path(activity)).status_code == 403
    assert not Activity.objects.exclude(reported_at=None).exists()
    assert iphone.is_signed_in()


@pytest.mark.parametrize("kind", ActivityKind)
def test_every_kind_has_a_page(office_browser, ada, kind):
    activity = Activity.objects.create(user=ada, kind=kind, reason=EndReason.REVOKED, has_full_address=False)
    page = text(office_browser.page(event_path(activity)))
    assert str(activity.created_at.year) in page
    assert "This wasn’t me" in page


class Urls:
    """The project mounts Django's own pages for passwords."""

    urlpatterns = [path("accounts/", include("django.contrib.auth.urls")), *host]


def test_the_way_to_a_new_password(office_browser, ada, settings):
    settings.ROOT_URLCONF = Urls
    assert 'href="/accounts/password_change/"' in office_browser.page(REPORTED).content.decode()
    assert 'href="/accounts/password_reset/"' in Browser().page(REPORTED).content.decode()
    ada.set_unusable_password()
    ada.save()
    social = Browser()
    social.client.force_login(ada)
    page = social.page(REPORTED)
    assert "change the password of the account that you sign in with" in text(page)
    assert "href" not in page.content.decode().partition("<main>")[2]


def report(device, activity):
    return device.post(f"activity/{activity.pk}/report/")


def test_over_rest(iphone, laptop, office_browser, ada, told_of_it):
    activity = activity_of(iphone)
    for _ in range(2):
        response = report(laptop, activity)
        assert (response.status_code, response.content) == (204, b"")
    assert still_signed_in(iphone=iphone, laptop=laptop, office=office_browser) == {"laptop"}
    assert [event["user_ids"] for event in told_of_it(credentials_revoked)] == [{ada.pk}] * 2
    assert [event["activity"] for event in told_of_it(activity_reported)] == [activity] * 2
    first = Activity.objects.get(pk=activity.pk).reported_at
    report(laptop, activity)
    assert Activity.objects.get(pk=activity.pk).reported_at == first


def test_over_rest_of_the_session_that_reports(iphone, laptop):
    assert report(iphone, activity_of(iphone)).status_code == 204
    assert still_signed_in(iphone=iphone, laptop=laptop) == set()
    assert code(report(iphone, activity_of(iphone))) == (401, "session_not_found")


def test_what_rest_refuses(iphone, laptop, bob, help_device):
    theirs = activity_of(Device(IPHONE).sign_in(bob))
    for pk in (theirs.pk, uuid.UUID(int=1), "nothing", "\0", "1" * 400):
        assert laptop.post(f"activity/{pk}/report/".replace("\0", "%00")).status_code == 404
    assert Device().post(f"activity/{theirs.pk}/report/").status_code == 401
    assert laptop.get(f"activity/{theirs.pk}/report/").status_code == 405
    assert report(help_device, activity_of(iphone)).status_code == 403
    assert still_signed_in(iphone=iphone, laptop=laptop) == {"iphone", "laptop"}
    assert not Activity.objects.exclude(reported_at=None).exists()


def test_whoever_was_signed_out_meanwhile_reports_nothing(iphone, laptop, office_browser):
    office_browser.page("/who/")
    Session.objects.filter(pk=laptop.session_id).delete()
    assert report(laptop, activity_of(iphone)).status_code == 401
    assert iphone.is_signed_in()
