"""Names of devices."""

import pytest

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.support.device import IPHONE, Device
from tests.support.inputs import each
from tests.support.pages import HEBREW, LIST, headings, make_sign_in_old, message_after, name_path, sign_out_path, text

pytestmark = pytest.mark.any_database


class TestNames:
    def test_rename(self, office_browser, iphone):
        assert "The device is now called “My phone”." in message_after(
            office_browser, office_browser.submit(name_path(iphone), {"name": " My phone "})
        )
        assert headings(office_browser.page(LIST))[1] == "My phone"

    def test_no_name_is_the_label(self, ada, office_browser):
        iphone = Device(IPHONE).sign_in(ada, device_name="My phone")
        assert "The device is now called “Chrome on iOS”." in message_after(
            office_browser, office_browser.submit(name_path(iphone), {"name": ""})
        )
        assert headings(office_browser.page(LIST))[1] == "Chrome on iOS"

    def test_the_form_on_a_page_of_its_own(self, ada, office_browser):
        iphone = Device(IPHONE).sign_in(ada, device_name="My phone")
        page = office_browser.page(name_path(iphone))
        assert 'value="My phone"' in page.content.decode()
        assert "Without a name of your own it is called “ Chrome on iOS ”." in text(page)

    @each("name", ["x" * 101, "a\0b", "\0" * 101])
    def test_a_name_that_cannot_be(self, office_browser, iphone, name):
        page = office_browser.submit(name_path(iphone), {"name": name}).content.decode()
        assert 'aria-invalid="true"' in page
        assert page.count('id="auth-sessions-error"') == 1
        assert Session.objects.get(pk=iphone.session_id).name == ""

    @pytest.mark.parametrize("nothing", ["\u3164", "\u200b \u2800", "\u202e\n", "\ufe0f"])
    def test_a_name_that_cannot_be_seen_is_none(self, ada, office_browser, iphone, nothing):
        office_browser.submit(name_path(iphone), {"name": nothing})
        assert headings(office_browser.page(LIST))[1] == "Chrome on iOS"
        assert create_session(ada, name=nothing).name == ""

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("\u202eenohp\x07\u2069\u2029", "enohp"),
            ("👩\u200d💻", "👩\u200d💻"),
            ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ],
    )
    def test_a_name_keeps_what_can_be_seen(self, office_browser, iphone, given, kept):
        office_browser.submit(name_path(iphone), {"name": given})
        assert Session.objects.get(pk=iphone.session_id).name == kept

    def test_a_name_turns_no_sentence_over(self, office_browser, iphone):
        office_browser.submit(name_path(iphone), {"name": HEBREW})
        assert f"“\u2068{HEBREW}\u2069”" in office_browser.page(LIST).content.decode()
        assert (
            f"<h1>Sign out of “\u2068{HEBREW}\u2069”?</h1>"
            in office_browser.page(sign_out_path(iphone)).content.decode()
        )
        assert (
            f"Signed out of “\u2068{HEBREW}\u2069”."
            in office_browser.client.post(sign_out_path(iphone), follow=True).content.decode()
        )

    def test_a_new_name_needs_no_password(self, office_browser, iphone):
        make_sign_in_old(office_browser)
        assert "is now called" in message_after(office_browser, office_browser.submit(name_path(iphone), {"name": "x"}))
