"""The password is asked again when the sign-in is no longer fresh."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device, still_signed_in
from tests.support.pages import EVERYWHERE, OTHERS, SIGNED_OUT, make_sign_in_old, message_after, sign_out_path, text

pytestmark = pytest.mark.any_database


class TestProof:
    """After the choice, when the sign-in is no longer fresh; the choice is kept."""

    @pytest.fixture(params=[sign_out_path, lambda device: OTHERS], ids=["one", "others"])
    def path(self, request, iphone):
        return request.param(iphone)

    def test_a_fresh_sign_in_is_not_asked(self, office_browser, path):
        assert "password" not in text(office_browser.page(path))

    def test_an_old_one_is(self, office_browser, iphone, path):
        make_sign_in_old(office_browser)
        page = text(office_browser.page(path))
        assert "Enter your password to show that it is you." in page
        assert "Sign out of " in page
        assert "Enter your password." in text(office_browser.submit(path))
        assert still_signed_in(phone=iphone) == {"phone"}

    def test_a_wrong_password_keeps_the_choice(self, office_browser, iphone, path):
        make_sign_in_old(office_browser)
        for wrong in ("wrong", PASSWORD.strip(), "", "\0", "x" * 5000):
            page = text(office_browser.submit(path, {"password": wrong}))
            assert "Sign out of " in page
            assert "Try again." in page or "Enter your password." in page or "Null characters" in page
        assert still_signed_in(office=office_browser, phone=iphone) == {"office", "phone"}

    def test_the_right_one_does_it(self, ada, office_browser, iphone, path):
        make_sign_in_old(office_browser)
        assert "Signed out of " in message_after(office_browser, office_browser.submit(path, {"password": PASSWORD}))
        assert still_signed_in(office=office_browser, phone=iphone) == {"office"}
        Device().sign_in(ada)
        assert "Signed out of 1 other device." in message_after(
            office_browser, office_browser.submit(OTHERS)
        )  # fresh again

    def test_everywhere_is_asked_and_this_device_alone_is_not(self, office_browser, iphone):
        make_sign_in_old(office_browser)
        assert "Enter your password." in text(office_browser.submit(EVERYWHERE))
        assert office_browser.submit(sign_out_path(office_browser)).url == SIGNED_OUT

    def test_everywhere_with_the_password(self, office_browser, iphone):
        make_sign_in_old(office_browser)
        assert office_browser.submit(EVERYWHERE, {"password": PASSWORD}).url == f"{SIGNED_OUT}everywhere/"
        assert still_signed_in(office=office_browser, phone=iphone) == set()

    @pytest.mark.parametrize("age", [None, timedelta(hours=1)])
    def test_the_setting(self, office_browser, path, settings, age):
        settings.AUTH_SESSIONS_REAUTHENTICATION_AGE = age
        make_sign_in_old(office_browser)
        assert "Signed out of " in message_after(office_browser, office_browser.submit(path))

    def test_signing_in_again_is_proof(self, ada, office_browser, path):
        make_sign_in_old(office_browser)
        office_browser.sign_in(ada)
        assert "Signed out of " in message_after(office_browser, office_browser.submit(path))

    def test_attempts_are_counted(self, office_browser, iphone, path, axes):
        make_sign_in_old(office_browser)
        for _ in range(3):
            office_browser.submit(path, {"password": "wrong"})
        assert "This password was not accepted." in text(office_browser.submit(path, {"password": PASSWORD}))
        assert still_signed_in(phone=iphone) == {"phone"}

    def test_somebody_elses_password(self, office_browser, bob, iphone, path):
        bob.set_password("bobs")
        bob.save()
        make_sign_in_old(office_browser)
        assert "Try again." in text(office_browser.submit(path, {"password": "bobs", "username": bob.get_username()}))

    def test_a_password_hashed_anew_does_not_sign_out_here(self, office_browser, iphone, path, settings):
        make_sign_in_old(office_browser)
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
            "django.contrib.auth.hashers.MD5PasswordHasher",
        ]
        assert "Signed out of " in message_after(office_browser, office_browser.submit(path, {"password": PASSWORD}))
        assert office_browser.is_signed_in()
        assert Session.objects.filter(pk=office_browser.session_id).exists()

    @pytest.mark.parametrize("choose", [sign_out_path, lambda device: OTHERS], ids=["one", "others"])
    def test_a_person_without_a_password_signs_in_again(self, ada, choose):
        """They leave this device, so that no package sends them back as signed in already."""
        ada.set_unusable_password()
        get_user_model().objects.filter(pk=ada.pk).update(password=ada.password)
        office_browser, iphone = Browser(), Device(IPHONE)
        iphone.session_id = str(create_session(ada).pk)
        office_browser.client.force_login(ada)
        office_browser.session_id = office_browser.page("/which/").json()["session"]
        make_sign_in_old(office_browser)
        path = choose(iphone)
        assert "Sign in again to show that it is you" in text(office_browser.page(path))
        assert office_browser.submit(path).url == path
        assert office_browser.page(path).url == f"/accounts/login/?next={path}"
        assert [str(session.pk) for session in Session.objects.all()] == [iphone.session_id]
        office_browser.submit("/login/remember/", {"username": ada.get_username()})
        assert "Signed out of " in message_after(office_browser, office_browser.submit(path))
        assert not Session.objects.filter(pk=iphone.session_id).exists()
