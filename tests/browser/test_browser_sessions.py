"""Browsers in the list: Django's own logins, with every session engine, beside a person's token devices."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.conf import settings as project
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions.core.django_sessions import SESSION_ID_KEY
from auth_sessions.models import Session
from tests.rest.test_queries import DELETED, LOCKED, statements
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device, code
from tests.support.sessions import create_browser_row

ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies", "cache redis", "cached_db redis"]


@pytest.fixture(params=ENGINES)
def _engine(request, settings, tmp_path):
    engine, _, redis = request.param.partition(" ")
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    if redis:
        address = f"{request.getfixturevalue('redis_address')}/15"
        redis_cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": address}
        settings.CACHES = {"default": redis_cache}


@pytest.fixture
def clock():
    """Starts at the real time, since the file engine goes by what the system notes of its files."""
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(ada):
    return Browser().sign_in(ada)


@pytest.fixture
def library(ada):
    return Browser().sign_in(ada)


@pytest.fixture
def watch(ada):
    """A second token device."""
    return Device(IPHONE).sign_in(ada)


def entry_is_left(cookie):
    """Whether the store still holds a browser's entry; a signed cookie has none."""
    store = import_module(project.SESSION_ENGINE).SessionStore
    return bool(store().exists(cookie))


def still_in(**devices):
    """The names of those who are still signed in."""
    return {
        name
        for name, device in devices.items()
        if (device.is_signed_in() if isinstance(device, Browser) else device.me().status_code == 200)
    }


@pytest.mark.usefixtures("_engine")
class TestEveryEngine:
    def test_one_list(self, desk, phone):
        told = desk.sessions()
        assert [(row["kind"], row["is_current"]) for row in told] == [("browser", True), ("token", False)]
        assert {row["id"] for row in phone.sessions()} == {row["id"] for row in told}
        assert told[0]["device"]["label"] == "Firefox on macOS"

    @pytest.mark.parametrize(
        ("scope", "left"),
        [("local", {"library", "phone"}), ("others", {"desk"}), ("global", set()), (None, set())],
    )
    def test_a_scope_from_a_browser(self, desk, library, phone, scope, left):
        cookies = {"desk": desk.cookie, "library": library.cookie}
        assert desk.sign_out(scope).status_code == 204
        assert still_in(desk=desk, library=library, phone=phone) == left
        assert {name for name, cookie in cookies.items() if entry_is_left(cookie)} <= left

    @pytest.mark.parametrize(
        ("scope", "left"), [("local", {"desk", "watch"}), ("others", {"phone"}), ("global", set())]
    )
    def test_a_scope_from_a_token(self, desk, phone, watch, scope, left):
        cookie = desk.cookie
        assert phone.sign_out(scope).status_code == 204
        assert still_in(desk=desk, phone=phone, watch=watch) == left
        assert not entry_is_left(cookie) or "desk" in left

    def test_logout_is_local(self, desk, library, phone):
        tab = desk.copy()
        desk.submit("/logout/")
        assert still_in(desk=desk, tab=tab, library=library, phone=phone) == {"library", "phone"}
        assert Session.objects.count() == 2

    def test_local_again_is_fine(self, desk):
        tab = desk.copy()
        assert desk.sign_out("local").status_code == 204
        assert code(tab.copy().sign_out("others")) == (401, "session_not_found")
        assert tab.sign_out("local").status_code == 204

    def test_a_new_key_is_the_same_session(self, desk, phone):
        desk.page("/cycle/")
        assert desk.page("/which/").json()["session"] == desk.session_id
        cookie = desk.cookie
        phone.sign_out("others")
        assert not desk.is_signed_in()
        assert not entry_is_left(cookie)

    def test_a_new_password_in_one_browser(self, desk, library, phone):
        fields = {"old_password": PASSWORD, "new_password1": "analytical-1843", "new_password2": "analytical-1843"}
        assert desk.submit("/password/", fields).status_code == 302
        assert [str(row.pk) for row in Session.objects.all()] == [desk.session_id]
        assert still_in(desk=desk, library=library, phone=phone) == {"desk"}
        assert [row["is_current"] for row in desk.sessions()] == [True]
        assert phone.refresh().status_code == 401

    def test_a_new_password_from_elsewhere(self, desk, library, phone, ada):
        """A browser that Django will refuse is in no list, and is nobody's other device."""
        ada.set_password("analytical-1843")
        ada.save()
        tablet = Device().sign_in(ada, password="analytical-1843")
        assert [row["id"] for row in tablet.sessions()] == [tablet.session_id]
        assert still_in(desk=desk, library=library, phone=phone) == set()

    def test_django_s_own_expiry(self, clock, ada, settings):
        settings.SESSION_COOKIE_AGE = 3600
        desk = Browser().sign_in(ada)
        assert Session.objects.get().expires_at == timezone.now() + timedelta(hours=1)
        clock.shift(timedelta(minutes=61))
        assert not desk.copy().is_signed_in()
        assert not Session.objects.all().live(user=ada).exists()

    def test_the_lifetime_of_a_session_is_the_longest(self, clock, ada, settings):
        settings.AUTH_SESSIONS_LIFETIME = timedelta(hours=3)
        settings.SESSION_SAVE_EVERY_REQUEST = True
        desk = Browser().sign_in(ada)
        for _ in range(2):
            clock.shift(timedelta(hours=1))
            assert desk.is_signed_in()
        clock.shift(timedelta(hours=1))
        assert not desk.is_signed_in()

    def test_unused_for_too_long(self, clock, desk):
        clock.shift(timedelta(days=14))
        assert not desk.is_signed_in()

    def test_use_is_noted(self, clock, desk):
        clock.shift(timedelta(minutes=6))
        desk.is_signed_in()
        row = Session.objects.get()
        assert row.last_seen_at == timezone.now()
        assert row.expires_at == timezone.now() + timedelta(days=14)

    def test_a_login_older_than_the_installation(self, ada, phone):
        desk = Browser()
        desk.client.force_login(ada)  # passes no middleware
        assert Session.objects.filter(kind="browser").count() == 0
        assert desk.is_signed_in()
        row = Session.objects.get(kind="browser")
        assert row.authenticated_at is None
        assert desk.page("/which/").json()["session"] == str(row.pk)
        assert Session.objects.filter(kind="browser").count() == 1
        phone.sign_out("others")
        assert not desk.is_signed_in()

    @pytest.mark.parametrize("path", ["/who/", "/who/async/"])
    def test_async(self, ada, phone, path):
        desk = Browser().sign_in(ada, path="/login/async/")
        assert desk.is_signed_in(path)
        assert Session.objects.filter(kind="browser").count() == 1
        phone.sign_out("others")
        assert not desk.is_signed_in(path)

    def test_ended_while_a_view_is_at_work(self, desk):
        """Neither revived by what the view wrote, nor a failure."""
        cookie = desk.cookie
        assert desk.page("/ended-meanwhile/").status_code < 500
        assert not desk.is_signed_in()
        assert not entry_is_left(cookie)
        assert not Session.objects.exists()

    def test_what_else_the_session_held_is_kept_until_then(self, ada, phone):
        desk = Browser()
        desk.page("/basket/")
        desk.sign_in(ada)
        assert desk.page("/basket/").json() == {"basket": 2}
        phone.sign_out("others")
        assert not desk.is_signed_in()
        assert desk.page("/basket/").json() == {"basket": 1}

    def test_another_person_signs_in_here(self, desk, bob):
        mine = desk.session_id
        desk.sign_in(bob)
        assert desk.session_id != mine
        assert Session.objects.get(pk=desk.session_id).user == bob

    def test_the_same_person_signs_in_again(self, clock, desk, ada):
        key, before = desk.session_id, Session.objects.get()
        clock.shift(60)
        desk.sign_in(ada)
        assert desk.session_id == key
        row = Session.objects.get()
        assert row.authenticated_at == before.authenticated_at + timedelta(seconds=60)
        assert row.created_at == before.created_at

    @pytest.mark.parametrize("atomic", [False, True])
    @pytest.mark.parametrize(
        ("order", "left"), [("io", 0), ("ii", 1), ("oi", 1), ("ioi", 1), ("oio", 0), ("ei", 1), ("pi", 1)]
    )
    def test_in_and_out_in_one_request(self, ada, monkeypatch, order, left, atomic):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
        browser = Browser()
        if not order.startswith("i"):
            browser.sign_in(ada)
        browser.submit(f"/in-and-out/{order}/", {"username": ada.get_username()})
        assert Session.objects.count() == left
        assert browser.is_signed_in() == bool(left)

    @pytest.mark.parametrize("atomic", [False, True])
    def test_a_new_password_and_a_login_in_one_request(self, desk, phone, monkeypatch, atomic):
        """Django empties the data in between: they name the session again, so that no copy of them outlives it."""
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
        desk.submit("/password/and-login/")
        copy = desk.copy()
        assert SESSION_ID_KEY in copy.client.session
        assert desk.is_signed_in()
        assert [str(row.pk) for row in Session.objects.all()] == [desk.session_id]
        Session.objects.all().end(reason="revoked")
        assert still_in(desk=desk, copy=copy, phone=phone) == set()

    def test_an_old_copy_of_a_cookie_ends_nothing(self, desk):
        copy = desk.copy()
        fields = {"old_password": PASSWORD, "new_password1": "analytical-1843", "new_password2": "analytical-1843"}
        desk.submit("/password/", fields)
        assert desk.is_signed_in()
        assert not copy.is_signed_in()
        assert desk.is_signed_in()

    @pytest.mark.parametrize("setting", ["AUTH_SESSIONS_LIFETIME", "AUTH_SESSIONS_IDLE_TIMEOUT"])
    def test_signing_in_again_where_the_session_was_over(self, clock, ada, settings, setting):
        setattr(settings, setting, timedelta(hours=3))
        desk = Browser().sign_in(ada)
        first = desk.session_id
        clock.shift(timedelta(hours=4))
        desk.sign_in(ada)
        assert desk.session_id != first
        assert [str(row.pk) for row in Session.objects.all()] == [desk.session_id]

    def test_a_login_that_is_to_be_remembered(self, clock, ada, settings):
        """The view lengthens the session's life after login()."""
        settings.SESSION_COOKIE_AGE = 3600
        desk = Browser()
        desk.submit("/login/remember/", {"username": ada.get_username()})
        clock.shift(timedelta(hours=5))
        # Django's signed cookies know no other age than the setting (its ticket #19201).
        assert desk.is_signed_in() == ("signed_cookies" not in settings.SESSION_ENGINE)

    def test_a_token_sign_in_beside_a_cookie(self, desk, ada):
        """It begins a session of its own, and ends nothing but that."""
        device = Device()
        device.client.cookies = desk.client.cookies
        device.sign_in(ada)
        assert Session.objects.count() == 2
        assert device.sign_out("local").status_code == 204
        assert desk.is_signed_in()


def test_what_it_costs(desk):
    """One SELECT by primary key beside Django's own two (store and user); nothing where nobody asks."""
    desk.is_signed_in()
    with CaptureQueriesContext(connection) as queries:
        assert "Vary" not in desk.page("/public/")
    assert statements(queries) == []
    with CaptureQueriesContext(connection) as queries:
        desk.is_signed_in()
    assert statements(queries) == ["SELECT"] * 3
    with CaptureQueriesContext(connection) as queries:
        desk.sessions()
    assert statements(queries) == ["SELECT"] * 4


def test_nobody_is_not_asked(db):
    with CaptureQueriesContext(connection) as queries:
        assert not Browser().is_signed_in()
    assert statements(queries) == []


@pytest.mark.parametrize("number", [1, 10, 200])
def test_a_sign_out_costs_the_same_for_many_browsers(ada, phone, number):
    """One statement more than for tokens alone: it deletes the store's entries."""
    for position in range(number):
        create_browser_row(ada, key=f"key-{position}")
    with CaptureQueriesContext(connection) as queries:
        phone.sign_out("others")
    assert statements(queries) == ["SELECT", *LOCKED, "DELETE", "DELETE", *DELETED]


def test_csrf_is_asked(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post("/api/auth/sign-out/")
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]
    client.cookies["csrftoken"] = token = "a" * 32
    assert client.post("/api/auth/sign-out/", headers={"X-CSRFToken": token}).status_code == 204


def test_a_browser_names_and_ends_a_device(desk, phone):
    path = f"sessions/{phone.session_id}/"
    assert desk.patch(path, {"name": "My phone"}).json()["name"] == "My phone"
    assert desk.delete(path).status_code == 204
    assert code(phone.me()) == (401, "session_not_found")
    assert desk.delete(f"sessions/{desk.session_id}/").status_code == 204
    assert not desk.is_signed_in()


def test_nobody_is_401(db):
    assert Browser().get("sessions/").status_code == 401
    assert Browser().sign_out("local").status_code == 401


@pytest.mark.usefixtures("_engine")
@pytest.mark.django_db
def test_in_a_transaction_that_never_commits():
    """As Django's ``TestCase`` has it: what waits for the commit does not come."""
    ada = get_user_model().objects.create_user("ada@example.org", password=PASSWORD)
    desk, old, phone = Browser().sign_in(ada), Browser(), Device().sign_in(ada)
    old.client.force_login(ada)
    assert old.is_signed_in()
    assert {row["kind"] for row in phone.sessions()} == {"browser", "token"}
    assert phone.sign_out("others").status_code == 204
    assert still_in(desk=desk, old=old, phone=phone) == {"phone"}


def come_between(settings, name):
    """A middleware of the host stands between Django's and the app's."""
    at = settings.MIDDLEWARE.index("auth_sessions.middleware.BrowserSessionMiddleware")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:at], f"tests.host.middleware.{name}", *settings.MIDDLEWARE[at:]]


def test_someone_else_in_the_place_of_the_person(desk, phone, bob, settings):
    """Impersonation ends with the session it stands on, even where its middleware comes first."""
    come_between(settings, "impersonate")
    data = desk.client.session
    data["as"] = str(bob.pk)
    data.save()
    desk = desk.copy()
    assert desk.me().json() == {"user": str(bob.pk)}
    assert desk.get("sessions/").status_code == 401  # bob has no session here
    phone.sign_out("others")
    assert not desk.is_signed_in()


def test_impersonation_ends_with_the_password(desk, ada, bob, settings):
    """Django would compare the hash for its own user; here another is looked at."""
    come_between(settings, "as_named")
    data = desk.client.session
    data["as"] = str(bob.pk)
    data.save()
    desk = desk.copy()
    assert desk.me().json() == {"user": str(bob.pk)}
    ada.set_password("analytical-1843")
    ada.save()
    assert not desk.is_signed_in()
    assert not Session.objects.exists()


def test_a_user_who_is_no_row(desk, settings):
    """A service's stand-in, put there by a middleware, beside anybody's cookie."""
    come_between(settings, "service")
    assert desk.copy().me().json() == {"user": "service"}
    basket = Browser()
    basket.page("/basket/")
    assert basket.me().json() == {"user": "service"}


def test_a_request_that_is_rolled_back_from_outside(ada, settings):
    settings.MIDDLEWARE = ["tests.host.middleware.rolls_back", *settings.MIDDLEWARE]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    old = Browser()
    old.client.force_login(ada)
    assert old.page("/rolled-back/").status_code == 400
    assert old.is_signed_in()


def test_tabs_of_an_old_signed_cookie_are_one_browser(ada, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    old = Browser()
    old.client.force_login(ada)
    tabs = [old.copy() for _ in range(3)]
    assert [tab.is_signed_in() for tab in (*tabs, *tabs, old.copy())] == [True] * 7
    assert Session.objects.count() == 1
    Session.objects.all().end(reason="revoked")
    assert not any(tab.is_signed_in() for tab in tabs)


def test_an_entry_that_cannot_be_deleted(ada, phone, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.CACHES = {"default": {"BACKEND": "tests.host.caches.KeepsAll", "LOCATION": "sessions"}}
    desk = Browser().sign_in(ada)
    cookie = desk.cookie
    assert phone.sign_out("others").status_code == 204
    assert entry_is_left(cookie)
    assert not desk.is_signed_in()


@pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
def test_browsers_count_against_the_limit(clock, ada, settings, policy):
    """A browser is never refused: Django has signed it in already. The oldest goes."""
    settings.AUTH_SESSIONS_MAX_PER_USER = 2
    settings.AUTH_SESSIONS_LIMIT_POLICY = policy
    phone = Device().sign_in(ada)
    clock.shift(60)
    desk = Browser().sign_in(ada)
    clock.shift(60)
    library = Browser().sign_in(ada)
    assert still_in(phone=phone, desk=desk, library=library) == {"desk", "library"}


def test_an_inactive_person(desk, ada):
    ada.is_active = False
    ada.save()
    assert not desk.is_signed_in()
    assert not Session.objects.exists()


def test_rolled_back_with_the_request(ada, monkeypatch):
    """Data must not name a row that was rolled back: the person would be signed out by an error of the host's."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    desk = Browser()
    desk.client.force_login(ada)
    assert desk.submit("/rolled-back/").status_code == 400
    assert SESSION_ID_KEY not in desk.client.session
    assert desk.is_signed_in()


def test_the_store_s_key_is_nowhere_to_be_seen(desk, make_user):
    key = desk.cookie
    assert Session.objects.get().browser_key == key
    grace = Browser().sign_in(make_user("grace", is_staff=True, is_superuser=True))
    pages = ["/admin/auth_sessions/session/", f"/admin/auth_sessions/session/{Session.objects.first().pk}/change/"]
    for page in pages:
        shown = grace.page(page)
        assert shown.status_code == 200
        assert key not in shown.content.decode()
    assert key not in str(desk.sessions())


def test_a_new_secret_key(desk, library, settings):
    """Django lets both through by the fallback; without it later, both stay as well."""
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-that-is-long-enough-for-every-algorithm-of-the-family"
    for fallbacks in ([old], []):
        settings.SECRET_KEY_FALLBACKS = fallbacks
        assert still_in(desk=desk, library=library) == {"desk", "library"}


def test_a_login_in_a_view_of_rest_framework(ada):
    desk = Browser()
    answer = desk.submit("/login/rest/", {"username": ada.get_username()})
    assert answer.json()["session"] == str(Session.objects.get().pk)
    assert desk.is_signed_in()


def test_a_logout_that_passes_no_middleware(desk):
    desk.client.logout()
    assert not Session.objects.exists()


def test_tabs_of_an_old_login_under_a_limit_of_one(ada, settings):
    settings.AUTH_SESSIONS_MAX_PER_USER = 1
    old = Browser()
    old.client.force_login(ada)
    tabs = [old.copy(), old.copy()]
    assert [tab.is_signed_in() for tab in (*tabs, *tabs)] == [True] * 4
