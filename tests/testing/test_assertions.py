"""Whether a device is signed in, as a project's tests ask: each thing that it holds counts, and nothing changes."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from auth_sessions import api, testing
from auth_sessions.core.django_session_store import store_class
from auth_sessions.models import RefreshToken, Session
from auth_sessions.testing import assert_signed_in, assert_signed_out, assert_signed_out_everywhere
from tests.support.acting import act
from tests.support.device import PASSWORD, Device
from tests.support.host import has_browsers, has_people

CACHED = "auth_sessions.authentication.CachedSessionJWTAuthentication"
GARBAGE = "long.gone.token"


def accepted(device):
    """What ``assert_signed_out`` says of a device that is signed in."""
    assert_signed_in(device)
    with pytest.raises(AssertionError, match="still signed in") as raised:
        assert_signed_out(device)
    return str(raised.value).removeprefix("The device is still signed in. Accepted: ").removesuffix(".").split(", ")


def refuse_in_sql(user):
    get_user_model()._base_manager.filter(pk=user.pk).update(is_active=False)


class TestOneDevice:
    def test_tokens(self, laptop, phone):
        everything = ["the access token", "by SessionJWTAuthentication", "the refresh token", "the session"]
        assert accepted(laptop) == accepted(phone) == everything
        phone.sign_out("others")
        assert_signed_out(laptop)
        assert_signed_in(phone)
        with pytest.raises(AssertionError, match=r"signed out\. Refused: the access token.*No such session|session"):
            assert_signed_in(laptop)

    def test_each_token_counts(self, laptop):
        access, laptop.access = laptop.access, GARBAGE
        assert accepted(laptop) == ["the refresh token", "the session"]
        laptop.access, laptop.refresh_token = access, GARBAGE
        assert accepted(laptop) == ["the access token", "by SessionJWTAuthentication", "the session"]
        laptop.access = GARBAGE
        with pytest.raises(AssertionError, match="Accepted: the session"):
            assert_signed_out(laptop)
        with pytest.raises(AssertionError, match=r"signed out\. Refused: .*the refresh token: [^;]*$"):
            assert_signed_in(laptop)

    def test_a_cache_that_still_says_yes(self, laptop, ada, shared_cache, settings):
        settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [CACHED]}
        assert laptop.fast().status_code == 200
        refuse_in_sql(ada)
        assert accepted(laptop) == ["the access token", "by CachedSessionJWTAuthentication"]

    def test_the_backend_is_asked_as_at_a_refresh(self, ada, settings):
        settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.Directory"]
        device = Device().sign_in(ada)
        assert "the refresh token" in accepted(device)
        get_user_model()._base_manager.filter(pk=ada.pk).update(is_staff=True)
        assert accepted(device) == ["the access token", "by SessionJWTAuthentication"]

    def test_the_projects_own_class(self, ada, settings):
        """Which finds its token elsewhere; its sign-in is refused as any other."""
        settings.REST_FRAMEWORK = {
            "DEFAULT_AUTHENTICATION_CLASSES": ["tests.host.authentication.OwnHeaderAuthentication"]
        }

        class OwnHeaderDevice(Device):
            @property
            def credentials(self):
                return {"X-Token": self.access}

        device = OwnHeaderDevice().sign_in(ada)
        assert "by OwnHeaderAuthentication" in str(accepted(device))
        refuse_in_sql(ada)
        assert_signed_out(device)

    @pytest.mark.parametrize(
        "refuse",
        [
            refuse_in_sql,
            lambda user: get_user_model()._base_manager.filter(pk=user.pk).update(password="!"),
            lambda user: user.auth_sessions.update(expires_at=timezone.now()),
            lambda user: user.delete(),
        ],
        ids=["inactive", "password", "expired", "deleted"],
    )
    def test_a_row_that_is_not_live(self, ada, laptop, refuse):
        refuse(ada)
        assert_signed_out(laptop)

    def test_a_thief(self, laptop, clock):
        thief = laptop.steal()
        laptop.refresh()
        clock.shift(timedelta(minutes=1))
        laptop.refresh()
        assert "the refresh token" not in accepted(thief)
        assert thief.refresh().status_code == 401
        assert_signed_out(thief)
        assert_signed_out(laptop)

    def test_a_device_that_was_never_signed_in(self, db):
        for device in (testing.Device(), testing.Browser()):
            for question in (assert_signed_out, assert_signed_in):
                with pytest.raises(ValueError, match="never signed in"):
                    question(device)

    def test_what_is_no_device(self, ada):
        session = api.sign_in_user(ada).session
        for question in (assert_signed_out, assert_signed_in):
            for each in (ada, session, Client(), None):
                with pytest.raises(TypeError, match="A Device or a Browser"):
                    question(each)
        for each in (session, ada.pk, AnonymousUser(), Device()):
            with pytest.raises(TypeError, match="A user is asked for"):
                assert_signed_out_everywhere(each)


@has_browsers
class TestOneBrowser:
    def test_a_cookie(self, ada):
        office, library = testing.Browser().sign_in(ada), testing.Browser().sign_in(ada)
        assert accepted(office) == accepted(library) == ["the cookie", "the session"]
        assert office.sign_out("others").status_code == 204
        assert_signed_out(library)
        assert office.sign_out().status_code == 204
        assert office.client.cookies[settings.SESSION_COOKIE_NAME].value == ""
        assert_signed_out(office)

    def test_force_login(self, ada):
        client = Client()
        client.force_login(ada)
        browser = testing.Browser(client=client)
        assert browser.get("/who/").status_code == 200
        assert_signed_in(browser)
        api.sign_out(Session.objects.get())
        assert_signed_out(browser)

    def test_the_projects_login_page(self, office_browser, phone):
        assert_signed_in(office_browser)
        phone.sign_out("others")
        assert_signed_out(office_browser)


@has_browsers
class TestThePasswordOfABrowser:
    """Django decides by its own hash in the cookie."""

    @pytest.fixture(autouse=True, params=["db", "cache", "signed_cookies"])
    def _engine(self, request, settings):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"

    @pytest.fixture(params=["sign_in", "force_login"])
    def browser(self, ada, request):
        if request.param == "sign_in":
            return testing.Browser().sign_in(ada)
        client = Client()
        client.force_login(ada)
        assert client.get("/who/").status_code == 200
        return testing.Browser(client=client)

    @pytest.fixture
    def _own_hash(self, ada, monkeypatch):
        monkeypatch.setattr(type(ada), "get_session_auth_hash", lambda self: "of-something-else")

    @pytest.mark.usefixtures("_own_hash")
    def test_a_hash_that_a_new_password_leaves(self, ada, browser):
        get_user_model()._base_manager.filter(pk=ada.pk).update(password="!")
        assert_signed_in(browser)
        with pytest.raises(AssertionError, match="still signed in"):
            assert_signed_out(browser)
        with pytest.raises(AssertionError, match="still signed in: browser session"):
            assert_signed_out_everywhere(ada)
        assert browser.get("/who/").status_code == 200

    def test_a_new_password(self, ada, browser):
        get_user_model()._base_manager.filter(pk=ada.pk).update(password="!")
        assert_signed_out(browser)
        assert_signed_out_everywhere(ada)
        assert browser.get("/who/").status_code == 401

    def test_a_hash_upgrade(self, ada, browser, settings):
        """The row lives on, and Django has dropped the browser."""
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
        assert authenticate(username=ada.get_username(), password=PASSWORD)
        with pytest.raises(AssertionError, match="signed out"):
            assert_signed_in(browser)
        assert_signed_out(browser)
        assert browser.get("/who/").status_code == 401


@has_people
def test_a_cookie_that_the_app_knows_nothing_of(ada, tokens_only):
    """Without the middleware, a sign-out everywhere leaves it."""
    browser, phone = testing.Browser().sign_in(ada), Device().sign_in(ada)
    assert browser.session_id is None
    phone.sign_out()
    assert_signed_out(phone)
    assert accepted(browser) == ["the cookie"]
    with pytest.raises(AssertionError, match="is still signed in: Django's session"):
        assert_signed_out_everywhere(ada)
    browser.client.logout()
    assert_signed_out_everywhere(ada)


class TestEverywhere:
    def test_every_device(self, ada, bob, laptop, phone):
        other = Device().sign_in(bob)
        phone.sign_out("local")
        with pytest.raises(AssertionError, match=f"still signed in: token session {laptop.session_id} \\(.*Firefox"):
            assert_signed_out_everywhere(ada)
        laptop.sign_out()
        assert_signed_out_everywhere(ada)
        assert_signed_in(other)

    @has_browsers
    def test_a_browser(self, ada, office_browser):
        with pytest.raises(AssertionError, match="browser session"):
            assert_signed_out_everywhere(ada)
        office_browser.sign_out()
        assert_signed_out_everywhere(ada)

    def test_who_acts_in_another_name(self, ada, grace):
        act(grace, ada)
        for user in (ada, grace):
            with pytest.raises(AssertionError, match="token session"):
                assert_signed_out_everywhere(user)

    def test_a_row_that_is_not_live(self, ada, laptop):
        get_user_model()._base_manager.filter(pk=ada.pk).update(password="!")
        assert_signed_out_everywhere(ada)
        assert Session.objects.count() == 1

    def test_a_user_who_was_deleted(self, ada, laptop):
        kept = type(ada)(pk=ada.pk)
        ada.delete()
        assert_signed_out_everywhere(kept)
        with pytest.raises(ValueError, match="no primary key"):
            assert_signed_out_everywhere(ada)


class TestNothingChanges:
    @pytest.fixture
    def rows(self):
        return lambda: (list(Session.objects.values()), list(RefreshToken.objects.values()))

    def test_of_a_device_that_is_signed_in(self, ada, laptop, clock, rows):
        laptop.refresh()
        clock.shift(timedelta(minutes=2))
        before = rows()
        accepted(laptop)
        with pytest.raises(AssertionError):
            assert_signed_out_everywhere(ada)
        assert rows() == before
        assert laptop.me().status_code == 200
        assert rows() != before

    def test_of_a_session_that_has_expired(self, ada, laptop, clock, rows, ended):
        clock.shift(timedelta(days=40))
        before = rows()
        assert_signed_out(laptop)
        assert_signed_out_everywhere(ada)
        assert rows() == before
        assert ended == []

    def test_of_a_token_that_is_reused(self, laptop, clock, rows, ended):
        thief = laptop.steal()
        laptop.refresh()
        laptop.refresh()
        clock.shift(timedelta(minutes=1))
        laptop.refresh()
        before = rows()
        with pytest.raises(AssertionError):
            assert_signed_out(thief)
        assert rows() == before
        assert ended == []

    @has_browsers
    def test_of_a_browser(self, ada, clock, rows, ended):
        browser = testing.Browser().sign_in(ada)
        clock.shift(timedelta(minutes=10))
        before = rows()
        assert_signed_in(browser)
        clock.shift(timedelta(days=40))
        assert_signed_out(browser)
        assert rows() == before
        assert ended == []


@has_browsers
@pytest.mark.parametrize("engine", ["db", "cache", "cached_db", "file"])
class TestNothingChangesInTheStore:
    """Which may be a cache, files or another database: there a transaction rolls nothing back."""

    @pytest.fixture(autouse=True)
    def _engine(self, engine, settings, tmp_path):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
        settings.SESSION_FILE_PATH = str(tmp_path)
        settings.SESSION_SAVE_EVERY_REQUEST = True

    @pytest.fixture
    def browser(self, ada):
        client = Client()
        client.force_login(ada)
        return testing.Browser(client=client)

    def stored(self, browser):
        return dict(store_class()(browser.cookie).items())

    def test_of_a_login_without_a_row(self, ada, browser):
        before = self.stored(browser)
        assert_signed_in(browser)
        with pytest.raises(AssertionError):
            assert_signed_out(browser)
        assert self.stored(browser) == before != {}
        assert browser.get("/who/").status_code == 200
        assert_signed_in(browser)

    def test_of_a_login_that_django_refuses(self, ada, browser):
        before = self.stored(browser)
        get_user_model()._base_manager.filter(pk=ada.pk).update(password="!")
        assert_signed_out(browser)
        assert_signed_out_everywhere(ada)
        assert self.stored(browser) == before != {}

    def test_of_a_login_by_an_earlier_key(self, ada, browser, settings):
        """For which Django makes an entry of another key, and sends it."""
        key, earlier = "a-new-key-that-is-long-enough-for-every-signature", settings.SECRET_KEY
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, [earlier]
        assert_signed_in(browser)
        assert_signed_in(browser)
        assert browser.get("/who/").status_code == 200


def test_a_pair_of_the_apis(ada):
    pair = api.sign_in_user(ada)
    device = testing.Device().take(pair.access, pair.refresh)
    assert device.session_id == str(pair.session.pk)
    assert_signed_in(device)
    api.sign_out(pair.session)
    assert_signed_out(device)
