"""The page "Your devices", as a person's browser sees it: what it shows, what it asks, what it does."""

import re
import shutil
import subprocess
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import trans_real

from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from auth_sessions.pages import formatting
from auth_sessions.pages.views import DevicesView
from tests.rest.test_queries import ENDED, statements
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device

LIST = "/account/devices/"
HEBREW = "\u05d8\u05dc"
ISOLATES = dict.fromkeys(map(ord, "\u2068\u2069"))
OTHERS = "/account/devices/others/sign-out/"
EVERYWHERE = "/account/devices/everywhere/sign-out/"
SIGNED_OUT = "/account/signed-out/"
NOBODY = uuid.UUID(int=0)
STALE = timedelta(minutes=11)

SIGNATURES_ONLY = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]}


def one(device):
    return f"/account/devices/{device.session_id}/sign-out/"


def name_of(device):
    return f"/account/devices/{device.session_id}/name/"


@pytest.fixture
def desk(ada):
    return Browser().sign_in(ada)


@pytest.fixture
def phone(ada):
    return Device(IPHONE).sign_in(ada)


def text(response, status=200):
    """What a person reads, or hears."""
    assert response.status_code == status, response
    shown = re.sub(r"<(title|svg).*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", shown)).translate(ISOLATES).split())


def told(browser, response):
    """What the list says after an action that led there."""
    assert response.status_code == 302, text(response)
    assert response.url == LIST
    page = browser.page(LIST).content.decode().translate(ISOLATES)
    return re.search(r'role="status">(.*?)</div>', page, re.DOTALL)[1]


def headings(response):
    found = re.findall(r"<h2>(.*?)</h2>", response.content.decode())
    return [" ".join(unescape(re.sub("<[^>]*>", "", each)).split()) for each in found]


def still_in(**devices):
    return {name for name, device in devices.items() if device.me().status_code == 200}


def make_stale(device):
    Session.objects.filter(pk=device.session_id).update(authenticated_at=timezone.now() - STALE)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("devices", LIST),
        ("sign-out-others", OTHERS),
        ("sign-out-everywhere", EVERYWHERE),
        ("signed-out", SIGNED_OUT),
        ("signed-out-everywhere", f"{SIGNED_OUT}everywhere/"),
    ],
)
def test_url_names(name, path):
    assert reverse(f"auth_sessions_pages:{name}") == path


class TestList:
    def test_current_first_then_last_used(self, ada, clock):
        first = Browser().sign_in(ada)
        for minutes, agent in ((60, IPHONE), (30, "okhttp/4.9"), (10, "")):
            clock.shift(timedelta(minutes=minutes))
            Device(agent).sign_in(ada)
        assert headings(first.page(LIST)) == [
            "Firefox on macOS This device",
            "Unknown device",
            "App",
            "Chrome on iOS",
        ]

    def test_what_is_told_of_each(self, clock, desk, phone):
        clock.shift(timedelta(hours=2, minutes=59))
        page = text(desk.page(LIST))
        assert "You are signed in as" in page
        assert "on 2 devices" in page
        here, there = page.split("Firefox on macOS")[1], page.split("Chrome on iOS")[1]
        assert "This device Active now Browser · Signed in Nov. 24, 2026" in here
        assert "Last used 2 hours ago App · Signed in Nov. 24, 2026, noon · Password" in there
        assert "Details · Chrome on iOS Address when signed in 127.0.0.1" in page

    def test_this_device_is_in_use_whatever_its_row_says(self, clock, desk, settings):
        settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(hours=9)
        clock.shift(timedelta(hours=3))
        assert "This device Active now" in text(desk.page(LIST))

    def test_a_login_older_than_the_installation(self, clock, ada):
        old = Browser()
        old.client.force_login(ada)
        Session.objects.all().delete()
        assert "Browser · Signed in before Nov. 24, 2026, noon" in text(old.page(LIST))

    def test_times_can_be_read_by_programs(self, clock, desk):
        assert '<time datetime="2026-11-24T12:00:00+00:00">Active now</time>' in desk.page(LIST).content.decode()

    def test_a_name_of_ones_own_goes_before_the_label(self, ada, desk):
        Device(IPHONE).sign_in(ada, device_name="<b>Mine</b>")
        assert headings(desk.page(LIST))[1] == "<b>Mine</b>"
        assert "Chrome on iOS" in text(desk.page(LIST))

    def test_an_unknown_device_is_not_shown_raw(self, ada, desk):
        Device("Sneaky/1.0 <script>").sign_in(ada)
        assert headings(desk.page(LIST))[1] == "Unknown device"
        assert "Sneaky" not in desk.page(LIST).content.decode()

    def test_the_only_device(self, desk):
        page = text(desk.page(LIST))
        assert "This is the only device you are signed in on." in page
        assert "everywhere" not in page

    def test_the_number_of_the_others(self, ada, desk):
        Device().sign_in(ada)
        assert "Sign out of 1 other device Sign out everywhere" in text(desk.page(LIST))
        Device().sign_in(ada)
        assert "Sign out of 2 other devices Sign out everywhere" in text(desk.page(LIST))

    def test_the_way_out_names_the_device(self, desk, phone):
        assert "Sign out · Chrome on iOS" in text(desk.page(LIST))

    def test_a_place_where_there_is_one(self, desk, phone, monkeypatch):
        assert "Place" not in text(desk.page(LIST))
        monkeypatch.setattr(Session, "place", "near Zurich, Switzerland", raising=False)
        assert "Place when signed in near Zurich, Switzerland" in text(desk.page(LIST))

    def test_only_ones_own(self, desk, bob):
        Device(IPHONE).sign_in(bob)
        assert headings(desk.page(LIST)) == ["Firefox on macOS This device"]

    def test_what_is_over_is_not_there(self, desk, phone):
        Session.objects.filter(pk=phone.session_id).update(expires_at=timezone.now())
        assert len(headings(desk.page(LIST))) == 1

    def test_no_secret(self, desk, phone):
        page = desk.page(LIST).content.decode()
        stored = Session.objects.values_list("browser_key", "password_fingerprint")
        assert all(str(secret) not in page for row in stored for secret in row if secret)
        assert phone.access not in page


@pytest.mark.parametrize(
    ("age", "words_"),
    [
        (timedelta(seconds=-90), "Active now"),
        (timedelta(minutes=4, seconds=59), "Active now"),
        (timedelta(minutes=5), "Last used 5 minutes ago"),
        (timedelta(minutes=119), "Last used 1 hour ago"),
        (timedelta(hours=47), "Last used 1 day ago"),
        (timedelta(days=29), "Last used 29 days ago"),
        (timedelta(days=61), "Last used 2 months ago"),
        (timedelta(days=364), "Last used 12 months ago"),
        (timedelta(days=731), "Last used 2 years ago"),
    ],
)
def test_when_a_device_was_used(clock, age, words_):
    assert formatting.format_last_used(timezone.now() - age) == words_


def test_how_a_person_signed_in():
    assert formatting.format_methods(["pwd", "otp", "mfa"]) == "Password, one-time code or link"
    assert formatting.format_methods(["mfa"]) == formatting.format_methods([]) == ""


class TestQuestions:
    def test_one(self, desk, phone):
        page = text(desk.page(one(phone)))
        assert "Sign out of “Chrome on iOS”?" in page
        assert "The device will be signed out and has to sign in again. Nothing changes on your other devices." in page

    def test_this_one(self, desk, phone):
        page = text(desk.page(one(desk)))
        assert "You will have to sign in here again. Other devices stay as they are." in page
        assert "Firefox on macOS · Active now · Signed in " in page

    def test_this_one_alone(self, desk):
        page = text(desk.page(one(desk)))
        assert "You will have to sign in here again." in page
        assert "Other devices" not in page

    def test_others(self, ada, desk, phone):
        stay = "You stay signed in on this device."
        it_will = "It will be signed out and has to sign in again."
        page = text(desk.page(OTHERS))
        assert "Sign out of 1 other device? Chrome on iOS · Active now · " in page
        assert f"{it_will} {stay}" in page
        Device().sign_in(ada)
        they_will = "They will be signed out and have to sign in again."
        assert f"Sign out of 2 other devices? {they_will} {stay}" in text(desk.page(OTHERS))

    def test_everywhere(self, desk, phone):
        page = text(desk.page(EVERYWHERE))
        assert "Sign out everywhere? All 2 devices will be signed out, including this one." in page
        assert "You will have to sign in here again." in page

    def test_everywhere_with_one_device(self, desk):
        assert "You are signed in on this device only; it will be signed out." in text(desk.page(EVERYWHERE))

    @pytest.mark.parametrize("page", [OTHERS, EVERYWHERE, one])
    def test_the_true_delay_where_signatures_are_all_that_is_checked(self, desk, phone, settings, page):
        path = page(phone) if callable(page) else page
        assert "An app" not in text(desk.page(path))
        settings.REST_FRAMEWORK = SIGNATURES_ONLY
        assert "An app may still have access for up to 5 minutes." in text(desk.page(path))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(seconds=30)}
        assert "An app may still have access for up to 1 minute." in text(desk.page(path))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=2)}
        assert "An app may still have access for up to 2 hours." in text(desk.page(path))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=48)}
        assert "An app may still have access for up to 48 hours." in text(desk.page(path))
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=48), "LEEWAY": 1}
        assert "An app may still have access for up to 3 days." in text(desk.page(path))
        settings.SIMPLE_JWT = {"LEEWAY": timedelta(minutes=1)}
        assert "An app may still have access for up to 6 minutes." in text(desk.page(path))

    def test_the_delay_is_told_with_the_result(self, desk, phone, settings):
        settings.REST_FRAMEWORK = SIGNATURES_ONLY
        assert "Signed out of “Chrome on iOS”. An app may still have access for up to 5 minutes." in told(
            desk, desk.submit(one(phone))
        )

    def test_a_browser_is_out_at_once(self, ada, desk, settings):
        settings.REST_FRAMEWORK = SIGNATURES_ONLY
        Browser().sign_in(ada)
        assert "An app" not in text(desk.page(OTHERS))

    def test_classes_that_know_no_bearer_token_say_nothing_of_the_rest(self, desk, phone, settings):
        settings.REST_FRAMEWORK = {}
        assert "up to 5 minutes" in text(desk.page(OTHERS))


class TestSignOut:
    def test_one(self, ada, desk, phone):
        tablet = Device().sign_in(ada)
        assert "Signed out of “Chrome on iOS”." in told(desk, desk.submit(one(phone)))
        assert still_in(desk=desk, phone=phone, tablet=tablet) == {"desk", "tablet"}
        assert "Signed out" not in text(desk.page(LIST))

    def test_others(self, ada, desk, phone):
        tablet = Browser().sign_in(ada)
        assert "Signed out of 2 other devices." in told(desk, desk.submit(OTHERS))
        assert still_in(desk=desk, phone=phone, tablet=tablet) == {"desk"}

    def test_everywhere(self, desk, phone, ended):
        response = desk.submit(EVERYWHERE)
        assert response.url == f"{SIGNED_OUT}everywhere/"
        assert "You are signed out On every device, this one too." in text(desk.page(response.url))
        assert still_in(desk=desk, phone=phone) == set()
        assert [(event["reason"], event["scope"]) for event in ended] == [("signed_out", "global")]

    def test_this_one(self, desk, phone):
        response = desk.submit(one(desk))
        assert response.url == SIGNED_OUT
        assert "You are signed out On this device." in text(desk.page(response.url))
        assert still_in(desk=desk, phone=phone) == {"phone"}

    @pytest.mark.parametrize("page", [one, lambda device: EVERYWHERE])
    def test_the_project_says_where_to_go(self, desk, settings, page):
        settings.LOGOUT_REDIRECT_URL = "/public/"
        assert desk.submit(page(desk)).url == "/public/"

    def test_it_is_told_where_a_sign_in_is_required_everywhere(self, desk, settings):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
        assert "You are signed out" in text(Browser().page(desk.submit(one(desk)).url))

    def test_whoever_is_signed_in_is_not_told_otherwise(self, desk):
        assert desk.page(SIGNED_OUT).url == LIST

    def test_already_gone_is_success(self, desk, phone):
        phone.sign_out("local")
        for ask in (desk.page, desk.submit):
            assert "That device is signed out already." in told(desk, ask(one(phone)))
            assert "That device is signed out already." in told(desk, ask(name_of(phone)))
            assert "You are signed in on no other device." in told(desk, ask(OTHERS))
        assert still_in(desk=desk) == {"desk"}

    def test_anothers_device_is_not_found(self, desk, bob):
        theirs = Device().sign_in(bob)
        for path in (one(theirs), name_of(theirs)):
            assert desk.page(path).status_code == desk.submit(path, {"name": "mine"}).status_code == 404
        assert still_in(theirs=theirs) == {"theirs"}
        assert Session.objects.get(pk=theirs.session_id).name == ""

    def test_everywhere_is_not_everybody(self, desk, bob):
        theirs = Device().sign_in(bob)
        desk.submit(OTHERS)
        desk.submit(EVERYWHERE)
        assert still_in(theirs=theirs, desk=desk) == {"theirs"}


class TestProof:
    """After the choice, when the sign-in is no longer fresh; the choice is kept."""

    @pytest.fixture(params=[one, lambda device: OTHERS], ids=["one", "others"])
    def path(self, request, phone):
        return request.param(phone)

    def test_a_fresh_sign_in_is_not_asked(self, desk, path):
        assert "password" not in text(desk.page(path))

    def test_an_old_one_is(self, desk, phone, path):
        make_stale(desk)
        page = text(desk.page(path))
        assert "Enter your password to show that it is you." in page
        assert "Sign out of " in page
        assert "Enter your password." in text(desk.submit(path))
        assert still_in(phone=phone) == {"phone"}

    def test_a_wrong_password_keeps_the_choice(self, desk, phone, path):
        make_stale(desk)
        for wrong in ("wrong", PASSWORD.strip(), "", "\0", "x" * 5000):
            page = text(desk.submit(path, {"password": wrong}))
            assert "Sign out of " in page
            assert "Try again." in page or "Enter your password." in page or "Null characters" in page
        assert still_in(desk=desk, phone=phone) == {"desk", "phone"}

    def test_the_right_one_does_it(self, ada, desk, phone, path):
        make_stale(desk)
        assert "Signed out of " in told(desk, desk.submit(path, {"password": PASSWORD}))
        assert still_in(desk=desk, phone=phone) == {"desk"}
        Device().sign_in(ada)
        assert "Signed out of 1 other device." in told(desk, desk.submit(OTHERS))  # fresh again

    def test_everywhere_is_asked_and_this_device_alone_is_not(self, desk, phone):
        make_stale(desk)
        assert "Enter your password." in text(desk.submit(EVERYWHERE))
        assert desk.submit(one(desk)).url == SIGNED_OUT

    def test_everywhere_with_the_password(self, desk, phone):
        make_stale(desk)
        assert desk.submit(EVERYWHERE, {"password": PASSWORD}).url == f"{SIGNED_OUT}everywhere/"
        assert still_in(desk=desk, phone=phone) == set()

    @pytest.mark.parametrize("age", [None, timedelta(hours=1)])
    def test_the_setting(self, desk, path, settings, age):
        settings.AUTH_SESSIONS_REAUTHENTICATION_AGE = age
        make_stale(desk)
        assert "Signed out of " in told(desk, desk.submit(path))

    def test_signing_in_again_is_proof(self, ada, desk, path):
        make_stale(desk)
        desk.sign_in(ada)
        assert "Signed out of " in told(desk, desk.submit(path))

    def test_attempts_are_counted(self, desk, phone, path, axes):
        make_stale(desk)
        for _ in range(3):
            desk.submit(path, {"password": "wrong"})
        assert "This password was not accepted." in text(desk.submit(path, {"password": PASSWORD}))
        assert still_in(phone=phone) == {"phone"}

    def test_somebody_elses_password(self, desk, bob, phone, path):
        bob.set_password("bobs")
        bob.save()
        make_stale(desk)
        assert "Try again." in text(desk.submit(path, {"password": "bobs", "username": bob.get_username()}))

    def test_a_password_hashed_anew_does_not_sign_out_here(self, desk, phone, path, settings):
        make_stale(desk)
        settings.PASSWORD_HASHERS = [
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
            "django.contrib.auth.hashers.MD5PasswordHasher",
        ]
        assert "Signed out of " in told(desk, desk.submit(path, {"password": PASSWORD}))
        assert desk.is_signed_in()
        assert Session.objects.filter(pk=desk.session_id).exists()

    @pytest.mark.parametrize("choose", [one, lambda device: OTHERS], ids=["one", "others"])
    def test_a_person_without_a_password_signs_in_again(self, ada, choose):
        """They leave this device, so that no package sends them back as signed in already."""
        ada.set_unusable_password()
        get_user_model().objects.filter(pk=ada.pk).update(password=ada.password)
        desk, phone = Browser(), Device(IPHONE)
        phone.session_id = str(create_session(ada).pk)
        desk.client.force_login(ada)
        desk.session_id = desk.page("/which/").json()["session"]
        make_stale(desk)
        path = choose(phone)
        assert "Sign in again to show that it is you" in text(desk.page(path))
        assert desk.submit(path).url == path
        assert desk.page(path).url == f"/accounts/login/?next={path}"
        assert [str(session.pk) for session in Session.objects.all()] == [phone.session_id]
        desk.submit("/login/remember/", {"username": ada.get_username()})
        assert "Signed out of " in told(desk, desk.submit(path))
        assert not Session.objects.filter(pk=phone.session_id).exists()


class TestNames:
    def test_rename(self, desk, phone):
        assert "The device is now called “My phone”." in told(desk, desk.submit(name_of(phone), {"name": " My phone "}))
        assert headings(desk.page(LIST))[1] == "My phone"

    def test_no_name_is_the_label(self, ada, desk):
        phone = Device(IPHONE).sign_in(ada, device_name="My phone")
        assert "The device is now called “Chrome on iOS”." in told(desk, desk.submit(name_of(phone), {"name": ""}))
        assert headings(desk.page(LIST))[1] == "Chrome on iOS"

    def test_the_form_on_a_page_of_its_own(self, ada, desk):
        phone = Device(IPHONE).sign_in(ada, device_name="My phone")
        page = desk.page(name_of(phone))
        assert 'value="My phone"' in page.content.decode()
        assert "Without a name of your own it is called “ Chrome on iOS ”." in text(page)

    @pytest.mark.parametrize("name", ["x" * 101, "a\0b", "\0" * 101])
    def test_a_name_that_cannot_be(self, desk, phone, name):
        page = desk.submit(name_of(phone), {"name": name}).content.decode()
        assert 'aria-invalid="true"' in page
        assert page.count('id="error"') == 1
        assert Session.objects.get(pk=phone.session_id).name == ""

    @pytest.mark.parametrize("nothing", ["\u3164", "\u200b \u2800", "\u202e\n", "\ufe0f"])
    def test_a_name_that_cannot_be_seen_is_none(self, ada, desk, phone, nothing):
        desk.submit(name_of(phone), {"name": nothing})
        assert headings(desk.page(LIST))[1] == "Chrome on iOS"
        assert create_session(ada, name=nothing).name == ""

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("\u202eenohp\x07\u2069\u2029", "enohp"),
            ("👩\u200d💻", "👩\u200d💻"),
            ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ],
    )
    def test_a_name_keeps_what_can_be_seen(self, desk, phone, given, kept):
        desk.submit(name_of(phone), {"name": given})
        assert Session.objects.get(pk=phone.session_id).name == kept

    def test_a_name_turns_no_sentence_over(self, desk, phone):
        desk.submit(name_of(phone), {"name": HEBREW})
        assert f"“\u2068{HEBREW}\u2069”" in desk.page(LIST).content.decode()
        assert f"<h1>Sign out of “\u2068{HEBREW}\u2069”?</h1>" in desk.page(one(phone)).content.decode()
        assert f"Signed out of “\u2068{HEBREW}\u2069”." in desk.client.post(one(phone), follow=True).content.decode()

    def test_a_new_name_needs_no_password(self, desk, phone):
        make_stale(desk)
        assert "is now called" in told(desk, desk.submit(name_of(phone), {"name": "x"}))


def pages(desk, phone):
    return [LIST, OTHERS, EVERYWHERE, one(phone), one(desk), name_of(phone), name_of(desk), SIGNED_OUT]


class TestProtection:
    def test_looking_changes_nothing(self, desk, phone):
        before = list(Session.objects.order_by("pk").values())
        for path in pages(desk, phone):
            desk.page(path)
            desk.client.get(f"{path}?name=x&password={PASSWORD}")
            desk.client.head(path)
            desk.client.options(path)
        assert list(Session.objects.order_by("pk").values()) == before

    def test_other_methods_are_not_allowed(self, desk, phone):
        for path in pages(desk, phone):
            for call in (desk.client.put, desk.client.patch, desk.client.delete):
                assert call(path).status_code == 405
        assert desk.submit(LIST).status_code == desk.submit(SIGNED_OUT).status_code == 405

    @pytest.mark.parametrize("has_middleware", [True, False])
    def test_csrf(self, ada, desk, phone, settings, has_middleware):
        if not has_middleware:
            settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name.lower()]
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = desk.client.cookies
        for path in pages(desk, phone)[1:-1]:
            assert strict.post(path, {"name": "x"}).status_code == 403
        token = re.search('csrfmiddlewaretoken" value="(.*?)"', strict.get(one(phone)).content.decode())[1]
        assert strict.post(one(phone), {"csrfmiddlewaretoken": token}).status_code == 302
        assert still_in(desk=desk, phone=phone) == {"desk"}

    def test_nobody_is_sent_to_sign_in_and_comes_back(self, desk, phone):
        stranger = Browser()
        for path in pages(desk, phone)[:-1]:
            assert stranger.page(path).url == f"/accounts/login/?next={path}"
            assert stranger.submit(path).url == f"/accounts/login/?next={path}"
            assert desk.page(path).status_code == 200  # what they come back to
        assert still_in(desk=desk, phone=phone) == {"desk", "phone"}

    def test_nothing_is_stored_or_framed(self, desk, phone):
        for response in [desk.page(path) for path in pages(desk, phone)] + [
            Browser().page(LIST),
            Browser().page(SIGNED_OUT),
        ]:
            assert "no-store" in response["Cache-Control"]
            assert "private" in response["Cache-Control"]
        assert desk.page(LIST)["X-Frame-Options"] == "DENY"

    def test_the_password_is_in_no_error_report(self, desk, phone, client):
        make_stale(desk)
        response = desk.submit(one(phone), {"password": "wrong"})
        assert response.wsgi_request.sensitive_post_parameters == ("password",)
        assert "wrong" not in response.content.decode()

    def test_who_acts_for_another_person_sees_nothing(self, desk, bob, settings):
        at = settings.MIDDLEWARE.index("auth_sessions.middleware.BrowserSessionMiddleware") + 1
        settings.MIDDLEWARE = [
            *settings.MIDDLEWARE[:at],
            "tests.host.middleware.impersonate",
            *settings.MIDDLEWARE[at:],
        ]
        data = desk.client.session
        data["as"] = str(bob.pk)
        data.save()
        desk = desk.copy()
        assert desk.page(LIST).status_code == desk.submit(OTHERS).status_code == 403

    def test_without_the_middleware(self, ada):
        request = RequestFactory().get(LIST)
        request.user = ada
        with pytest.raises(ImproperlyConfigured, match="BrowserSessionMiddleware"):
            DevicesView.as_view()(request)

    @pytest.mark.parametrize(
        "key", ["x", "0", str(NOBODY), "01a20d74-6469-72d2-8758-abdb597a9cb6", "%00", "../..", "🦊"]
    )
    def test_junk_in_the_address(self, desk, key):
        for path in (f"/account/devices/{key}/sign-out/", f"/account/devices/{key}/name/"):
            assert desk.page(path).status_code in {302, 404}
            assert desk.submit(path, {"name": "x"}).status_code in {302, 404}

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"\xff\xfe", b"name=%00&password=%00", b"name=%ed%a0%80&password=%ed%a0%80",
            b"password=" + b"x" * 100_000, b"name[]=1&name=2", b"{", b"=&=&=",
        ],
    )  # fmt: skip
    def test_junk_in_the_body(self, desk, phone, body):
        make_stale(desk)
        for path in (one(phone), OTHERS, EVERYWHERE, name_of(phone)):
            for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"):
                status = desk.client.generic("POST", path, body, content_type=kind).status_code
                assert status in {200, 302, 400}
        assert still_in(desk=desk, phone=phone) == {"desk", "phone"}


def test_each_message_says_of_what_kind_it_is(desk):
    """Also those of other apps."""
    request = desk.page(LIST).wsgi_request
    storage = FallbackStorage(request)
    storage.add(messages.ERROR, "Broken.")
    response = HttpResponse()
    storage.update(response)
    desk.client.cookies.update(response.cookies)
    assert 'class="message error" tabindex="-1" autofocus>Broken.</p>' in desk.page(LIST).content.decode()


def test_without_the_messages_framework(desk, phone, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "messages" not in name]
    desk, session_id = desk.copy(), desk.session_id
    assert session_id == desk.page("/which/").json()["session"]
    said = told(desk, desk.submit(one(phone)))
    assert 'class="message success" tabindex="-1" autofocus>Signed out of “Chrome on iOS”.</p>' in said
    assert "Signed out" not in text(desk.page(LIST))


def test_the_project_s_frame(desk, settings):
    """One template with a block named ``content``."""
    frame = {"auth_sessions/base.html": "<h1>Ours</h1>{% block content %}{% endblock %}"}
    loaders = ["django.template.loaders.locmem.Loader", frame], "django.template.loaders.app_directories.Loader"
    [engine] = settings.TEMPLATES
    options = {**engine["OPTIONS"], "loaders": loaders}
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": options}]
    for path in (LIST, EVERYWHERE, one(desk), name_of(desk)):
        assert text(desk.page(path)).startswith("Ours ")


NEVER = re.compile(r"session|token|revoke|log ?in|log ?out|sitzung", re.IGNORECASE)


@pytest.mark.parametrize("language", ["en", "de"])
def test_words_for_people(desk, phone, settings, language):
    settings.LANGUAGE_CODE = language
    settings.REST_FRAMEWORK = SIGNATURES_ONLY
    for age in (STALE, timedelta(0)):
        Session.objects.update(authenticated_at=timezone.now() - age)
        for path in pages(desk, phone)[:-1]:
            assert not NEVER.search(text(desk.page(path)))
    assert not NEVER.search(text(Browser().page(SIGNED_OUT)))


def test_german(clock, desk, phone, settings):
    settings.LANGUAGE_CODE = "de"
    clock.shift(timedelta(days=2))
    Session.objects.filter(pk=desk.session_id).update(last_seen_at=timezone.now())
    page = desk.page(LIST)
    assert 'lang="de" dir="ltr"' in page.content.decode()
    assert "Ihre Geräte" in text(page)
    assert "Von 1 anderen Gerät abmelden" in text(page)
    assert "Zuletzt benutzt vor 2 Tagen App · Angemeldet am 24. November 2026 12:00 · Passwort" in text(page)
    assert "Gerade aktiv" in text(page)
    assert "Zeigen Sie mit Ihrem Passwort" in text(desk.page(OTHERS))
    assert "Dieses Passwort wurde nicht angenommen." in text(desk.submit(OTHERS, {"password": "x"}))
    assert "Von 1 anderen Gerät abgemeldet." in told(desk, desk.submit(OTHERS, {"password": PASSWORD}))


@pytest.mark.parametrize(("asked", "shown"), [("de-at", "de-at"), ("en-gb", "en-gb"), ("he", "en")])
def test_the_page_says_which_language_it_is_in(clock, desk, settings, asked, shown):
    """A language without a translation gets all of it in English, and left to right."""
    settings.LANGUAGE_CODE = asked
    page = desk.page(LIST).content.decode()
    assert f'<html lang="{shown}" dir="ltr">' in page
    assert f'<div class="auth-sessions" lang="{shown}" dir="ltr">' in page
    assert ("Nov. 24, 2026, noon" in page) == (asked == "he")


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="GNU gettext is not installed")
def test_a_translation_of_the_project_s(desk, settings, tmp_path):
    """It names its language, and so the direction of writing."""
    catalogue = tmp_path / "he" / "LC_MESSAGES" / "django.po"
    catalogue.parent.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    marker = 'msgctxt "the code of the language that you translate to"\nmsgid "en"\nmsgstr "he"\n'
    catalogue.write_text(header + marker)
    subprocess.run(["msgfmt", "-o", catalogue.with_suffix(".mo"), catalogue], check=True)
    settings.LOCALE_PATHS, settings.LANGUAGE_CODE = [tmp_path], "he"
    trans_real._translations.pop("he", None)
    try:
        assert '<html lang="he" dir="rtl">' in desk.page(LIST).content.decode()
    finally:
        trans_real._translations.pop("he", None)


@pytest.mark.parametrize("page", [lambda phone: LIST, lambda phone: OTHERS, lambda phone: EVERYWHERE, one, name_of])
@pytest.mark.parametrize("others", [0, 98])
def test_cost(ada, desk, phone, page, others):
    """The same with few devices and with a hundred: Django's session, the user, the row of this browser, the list."""
    for _ in range(others):
        create_session(ada)
    desk.page(page(phone))
    with CaptureQueriesContext(connection) as queries:
        assert desk.page(page(phone)).status_code == 200
    assert statements(queries) == ["SELECT"] * 4


@pytest.mark.parametrize("others", [1, 99])
def test_cost_of_signing_out_of_the_others(ada, desk, others):
    for _ in range(others):
        create_session(ada)
    with CaptureQueriesContext(connection) as queries:
        desk.submit(OTHERS)
    assert statements(queries) == [*["SELECT"] * 4, *ENDED]


def test_a_hundred_devices_can_be_used(ada, desk):
    """The way to sign out of all others stands before the first of them."""
    for _ in range(99):
        create_session(ada)
    page = desk.page(LIST).content.decode()
    assert page.index("Sign out of 99 other devices") < page.index("<h2>")
    assert "Signed out of 99 other devices." in told(desk, desk.submit(OTHERS))
