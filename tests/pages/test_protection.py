"""What the pages let nobody do, and what they leave nowhere."""

import re
from urllib.parse import quote

import pytest
from django.contrib import messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, RequestFactory

from auth_sessions.models import Session
from auth_sessions.pages.views import DevicesView
from tests.support.browser import Browser
from tests.support.device import PASSWORD, still_signed_in
from tests.support.inputs import each
from tests.support.pages import (
    EVERYWHERE,
    LIST,
    NOBODY,
    OTHERS,
    SIGNED_OUT,
    all_pages,
    make_sign_in_old,
    message_after,
    name_path,
    sign_out_path,
    text,
)

pytestmark = pytest.mark.any_database


class TestProtection:
    def test_looking_changes_nothing(self, office_browser, iphone):
        before = list(Session.objects.order_by("pk").values())
        for path in all_pages(office_browser, iphone):
            office_browser.page(path)
            office_browser.client.get(f"{path}?name=x&password={PASSWORD}")
            office_browser.client.head(path)
            office_browser.client.options(path)
        assert list(Session.objects.order_by("pk").values()) == before

    def test_other_methods_are_not_allowed(self, office_browser, iphone):
        for path in all_pages(office_browser, iphone):
            for call in (office_browser.client.put, office_browser.client.patch, office_browser.client.delete):
                assert call(path).status_code == 405
        assert office_browser.submit(LIST).status_code == office_browser.submit(SIGNED_OUT).status_code == 405

    @pytest.mark.parametrize("has_middleware", [True, False])
    def test_csrf(self, ada, office_browser, iphone, settings, has_middleware):
        if not has_middleware:
            settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name.lower()]
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = office_browser.client.cookies
        for path in all_pages(office_browser, iphone)[1:-1]:
            assert strict.post(path, {"name": "x"}).status_code == 403
        token = re.search('csrfmiddlewaretoken" value="(.*?)"', strict.get(sign_out_path(iphone)).content.decode())[1]
        assert strict.post(sign_out_path(iphone), {"csrfmiddlewaretoken": token}).status_code == 302
        assert still_signed_in(office=office_browser, phone=iphone) == {"office"}

    def test_nobody_is_sent_to_sign_in_and_comes_back(self, office_browser, iphone):
        stranger = Browser()
        for path in all_pages(office_browser, iphone)[:-1]:
            sign_in = f"/accounts/login/?next={quote(path)}"
            assert stranger.page(path).url == stranger.submit(path).url == sign_in
            assert office_browser.page(path).status_code == 200  # what they come back to
        assert still_signed_in(office=office_browser, phone=iphone) == {"office", "phone"}

    def test_nothing_is_stored_or_framed(self, office_browser, iphone):
        for response in [office_browser.page(path) for path in all_pages(office_browser, iphone)] + [
            Browser().page(LIST),
            Browser().page(SIGNED_OUT),
        ]:
            assert "no-store" in response["Cache-Control"]
            assert "private" in response["Cache-Control"]
        assert office_browser.page(LIST)["X-Frame-Options"] == "DENY"

    def test_the_password_is_in_no_error_report(self, office_browser, iphone, client):
        make_sign_in_old(office_browser)
        response = office_browser.submit(sign_out_path(iphone), {"password": "wrong"})
        assert response.wsgi_request.sensitive_post_parameters == ("password", "otp")
        assert "wrong" not in response.content.decode()

    def test_who_acts_for_another_person_sees_nothing(self, office_browser, bob, settings):
        at = settings.MIDDLEWARE.index("auth_sessions.middleware.BrowserSessionMiddleware") + 1
        settings.MIDDLEWARE = [
            *settings.MIDDLEWARE[:at],
            "tests.host.middleware.impersonate",
            *settings.MIDDLEWARE[at:],
        ]
        data = office_browser.client.session
        data["as"] = str(bob.pk)
        data.save()
        office_browser = office_browser.copy()
        assert office_browser.page(LIST).status_code == office_browser.submit(OTHERS).status_code == 403

    def test_without_the_middleware(self, ada):
        request = RequestFactory().get(LIST)
        request.user = ada
        with pytest.raises(ImproperlyConfigured, match="BrowserSessionMiddleware"):
            DevicesView.as_view()(request)

    @each("key", ["x", "0", str(NOBODY), "01a20d74-6469-72d2-8758-abdb597a9cb6", "%00", "../..", "🦊"])
    def test_junk_in_the_address(self, office_browser, key):
        for path in (f"/account/devices/{key}/sign-out/", f"/account/devices/{key}/name/"):
            assert office_browser.page(path).status_code in {302, 404}
            assert office_browser.submit(path, {"name": "x"}).status_code in {302, 404}

    @each(
        "body",
        [
            b"",
            b"\xff\xfe",
            b"name=%00&password=%00",
            b"name=%ed%a0%80&password=%ed%a0%80",
            b"password=" + b"x" * 100_000,
            b"name[]=1&name=2",
            b"{",
            b"=&=&=",
        ],
    )
    def test_junk_in_the_body(self, office_browser, iphone, body):
        make_sign_in_old(office_browser)
        for path in (sign_out_path(iphone), OTHERS, EVERYWHERE, name_path(iphone)):
            for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"):
                status = office_browser.client.generic("POST", path, body, content_type=kind).status_code
                assert status in {200, 302, 400}
        assert still_signed_in(office=office_browser, phone=iphone) == {"office", "phone"}


def test_each_message_says_of_what_kind_it_is(office_browser):
    """Also those of other apps."""
    request = office_browser.page(LIST).wsgi_request
    storage = FallbackStorage(request)
    storage.add(messages.ERROR, "Broken.")
    response = HttpResponse()
    storage.update(response)
    office_browser.client.cookies.update(response.cookies)
    assert (
        'class="auth-sessions-message auth-sessions-error" tabindex="-1" autofocus>Broken.</p>'
        in office_browser.page(LIST).content.decode()
    )


def test_without_the_messages_framework(office_browser, iphone, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "messages" not in name]
    office_browser, session_id = office_browser.copy(), office_browser.session_id
    assert session_id == office_browser.page("/which/").json()["session"]
    said = message_after(office_browser, office_browser.submit(sign_out_path(iphone)))
    assert (
        'class="auth-sessions-message auth-sessions-success" tabindex="-1" autofocus>Signed out of “Chrome on iOS”.</p>'
        in said
    )
    assert "Signed out" not in text(office_browser.page(LIST))
