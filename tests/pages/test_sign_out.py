"""What is asked before a sign-out, and what is done."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import Device, still_signed_in
from tests.support.pages import (
    EVERYWHERE,
    LIST,
    OTHERS,
    SIGNATURES_ONLY,
    SIGNED_OUT,
    message_after,
    name_path,
    sign_out_path,
    text,
)
from tests.support.sessions import end_when_authenticated
from tests.support.statements import ENDED, statements


class TestQuestions:
    def test_one(self, office_browser, iphone):
        page = text(office_browser.page(sign_out_path(iphone)))
        assert "Sign out of “Chrome on iOS”?" in page
        assert "The device will be signed out and has to sign in again. Nothing changes on your other devices." in page

    def test_this_one(self, office_browser, iphone):
        page = text(office_browser.page(sign_out_path(office_browser)))
        assert "You will have to sign in here again. Other devices stay as they are." in page
        assert "Firefox on macOS · Active now · Signed in " in page

    def test_this_one_alone(self, office_browser):
        page = text(office_browser.page(sign_out_path(office_browser)))
        assert "You will have to sign in here again." in page
        assert "Other devices" not in page

    def test_others(self, ada, office_browser, iphone):
        stay = "You stay signed in on this device."
        it_will = "It will be signed out and has to sign in again."
        page = text(office_browser.page(OTHERS))
        assert "Sign out of 1 other device? Chrome on iOS · Active now · " in page
        assert f"{it_will} {stay}" in page
        Device().sign_in(ada)
        they_will = "They will be signed out and have to sign in again."
        assert f"Sign out of 2 other devices? {they_will} {stay}" in text(office_browser.page(OTHERS))

    def test_everywhere(self, office_browser, iphone):
        page = text(office_browser.page(EVERYWHERE))
        assert "Sign out everywhere? All 2 devices will be signed out, including this one." in page
        assert "You will have to sign in here again." in page

    def test_everywhere_with_one_device(self, office_browser):
        assert "You are signed in on this device only; it will be signed out." in text(office_browser.page(EVERYWHERE))

    @pytest.mark.parametrize("page", [OTHERS, EVERYWHERE, sign_out_path])
    def test_the_true_delay_where_signatures_are_all_that_is_checked(self, office_browser, iphone, settings, page):
        path = page(iphone) if callable(page) else page
        assert "An app" not in text(office_browser.page(path))
        settings.REST_FRAMEWORK = SIGNATURES_ONLY
        assert "An app may still have access for up to 5 minutes." in text(office_browser.page(path))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=30)}
        assert "An app may still have access for up to 1 minute." in text(office_browser.page(path))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=2)}
        assert "An app may still have access for up to 2 hours." in text(office_browser.page(path))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=48)}
        assert "An app may still have access for up to 48 hours." in text(office_browser.page(path))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=48), "LEEWAY": 1}
        assert "An app may still have access for up to 3 days." in text(office_browser.page(path))
        settings.SIMPLE_JWT = {"LEEWAY": timedelta(minutes=1)}
        assert "An app may still have access for up to 6 minutes." in text(office_browser.page(path))

    def test_the_delay_is_said_with_the_result(self, office_browser, iphone, settings):
        settings.REST_FRAMEWORK = SIGNATURES_ONLY
        assert "Signed out of “Chrome on iOS”. An app may still have access for up to 5 minutes." in message_after(
            office_browser, office_browser.submit(sign_out_path(iphone))
        )

    def test_a_browser_is_out_at_once(self, ada, office_browser, settings):
        settings.REST_FRAMEWORK = SIGNATURES_ONLY
        Browser().sign_in(ada)
        assert "An app" not in text(office_browser.page(OTHERS))

    def test_classes_that_know_no_bearer_token_say_nothing_of_the_rest(self, office_browser, iphone, settings):
        settings.REST_FRAMEWORK = {}
        assert "up to 5 minutes" in text(office_browser.page(OTHERS))


class TestSignOut:
    def test_one(self, ada, office_browser, iphone):
        tablet = Device().sign_in(ada)
        assert "Signed out of “Chrome on iOS”." in message_after(
            office_browser, office_browser.submit(sign_out_path(iphone))
        )
        assert still_signed_in(office=office_browser, phone=iphone, tablet=tablet) == {"office", "tablet"}
        assert "Signed out" not in text(office_browser.page(LIST))

    def test_others(self, ada, office_browser, iphone):
        tablet = Browser().sign_in(ada)
        assert "Signed out of 2 other devices." in message_after(office_browser, office_browser.submit(OTHERS))
        assert still_signed_in(office=office_browser, phone=iphone, tablet=tablet) == {"office"}

    def test_everywhere(self, office_browser, iphone, ended):
        response = office_browser.submit(EVERYWHERE)
        assert response.url == f"{SIGNED_OUT}everywhere/"
        assert "You are signed out On every device, this one too." in text(office_browser.page(response.url))
        assert still_signed_in(office=office_browser, phone=iphone) == set()
        assert [(event["reason"], event["scope"]) for event in ended] == [("signed_out", "global")]

    def test_this_one(self, office_browser, iphone):
        response = office_browser.submit(sign_out_path(office_browser))
        assert response.url == SIGNED_OUT
        assert "You are signed out On this device." in text(office_browser.page(response.url))
        assert still_signed_in(office=office_browser, phone=iphone) == {"phone"}

    @pytest.mark.parametrize("page", [sign_out_path, lambda device: EVERYWHERE])
    def test_the_project_says_where_to_go(self, office_browser, settings, page):
        settings.LOGOUT_REDIRECT_URL = "/public/"
        assert office_browser.submit(page(office_browser)).url == "/public/"

    def test_it_is_said_where_a_sign_in_is_required_everywhere(self, office_browser, settings):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
        assert "You are signed out" in text(Browser().page(office_browser.submit(sign_out_path(office_browser)).url))

    def test_whoever_is_signed_in_is_sent_to_the_list(self, office_browser):
        assert office_browser.page(SIGNED_OUT).url == LIST

    def test_already_gone_is_success(self, office_browser, iphone):
        iphone.sign_out("local")
        for ask in (office_browser.page, office_browser.submit):
            assert "That device is signed out already." in message_after(office_browser, ask(sign_out_path(iphone)))
            assert "That device is signed out already." in message_after(office_browser, ask(name_path(iphone)))
            assert "You are not signed in on any other device." in message_after(office_browser, ask(OTHERS))
        assert still_signed_in(office=office_browser) == {"office"}

    @pytest.mark.parametrize("path", [sign_out_path, name_path, lambda device: OTHERS, lambda device: EVERYWHERE])
    @pytest.mark.usefixtures("any_transaction_mode")
    def test_whoever_has_been_signed_out_meanwhile_signs_in_first(self, office_browser, iphone, settings, path):
        with end_when_authenticated(office_browser.session_id):
            response = office_browser.submit(path(iphone), {"name": "mine"})
        assert response.url == path(iphone)
        assert office_browser.page(response.url).url.startswith(f"{settings.LOGIN_URL}?next=")
        assert still_signed_in(phone=iphone) == {"phone"}
        assert Session.objects.get(pk=iphone.session_id).name == ""

    def test_anothers_device_is_not_found(self, office_browser, bob):
        theirs = Device().sign_in(bob)
        for path in (sign_out_path(theirs), name_path(theirs)):
            assert (
                office_browser.page(path).status_code
                == office_browser.submit(path, {"name": "mine"}).status_code
                == 404
            )
        assert still_signed_in(theirs=theirs) == {"theirs"}
        assert Session.objects.get(pk=theirs.session_id).name == ""

    def test_everywhere_is_not_everybody(self, office_browser, bob):
        theirs = Device().sign_in(bob)
        office_browser.submit(OTHERS)
        office_browser.submit(EVERYWHERE)
        assert still_signed_in(theirs=theirs, office=office_browser) == {"theirs"}


@pytest.mark.parametrize("others", [1, 99])
def test_cost_of_signing_out_of_the_others(ada, office_browser, others):
    for _ in range(others):
        create_session(ada)
    with CaptureQueriesContext(connection) as queries:
        office_browser.submit(OTHERS)
    assert statements(queries) == [*["SELECT"] * 4, *ENDED]
