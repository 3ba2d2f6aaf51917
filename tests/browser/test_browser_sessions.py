"""What a browser's session costs, who is signed in by it, and what may stand between."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions.core.presented import SESSION_ID_KEY
from auth_sessions.middleware import BrowserSessionMiddleware
from auth_sessions.models import Session
from tests.support.browser import Browser, entry_is_left
from tests.support.device import Device, code, still_signed_in
from tests.support.host import has_admin
from tests.support.sessions import clear_expired, create_browser_row
from tests.support.statements import DELETED, LOCKED, statements


def test_what_it_costs(office_browser):
    """One SELECT by primary key beside Django's own two (store and user); nothing where nobody asks."""
    office_browser.is_signed_in()
    with CaptureQueriesContext(connection) as queries:
        assert "Vary" not in office_browser.page("/public/")
    assert statements(queries) == []
    with CaptureQueriesContext(connection) as queries:
        office_browser.is_signed_in()
    assert statements(queries) == ["SELECT"] * 3
    with CaptureQueriesContext(connection) as queries:
        office_browser.sessions()
    assert statements(queries) == ["SELECT"] * 4


def test_when_use_is_noted(clock_from_now, office_browser, settings):
    interval = settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(minutes=5)
    with CaptureQueriesContext(connection) as queries:
        clock_from_now.shift(interval - timedelta(seconds=1))
        office_browser.is_signed_in()
    assert statements(queries) == ["SELECT"] * 3
    clock_from_now.shift(1)
    office_browser.is_signed_in()
    assert Session.objects.get().last_seen_at == timezone.now()


def test_a_key_that_has_changed_elsewhere_is_written_once(office_browser, settings):
    """By a part of the project without the middleware; the request that finds it saves Django's session, too."""
    settings.SESSION_SAVE_EVERY_REQUEST = True
    data = office_browser.client.session
    data.cycle_key()
    office_browser.client.cookies[settings.SESSION_COOKIE_NAME] = data.session_key
    with CaptureQueriesContext(connection) as queries:
        assert office_browser.is_signed_in()
    written = [
        query for query in queries if query["sql"].startswith("UPDATE") and Session._meta.db_table in query["sql"]
    ]
    assert len(written) == 1
    assert Session.objects.get().django_session_key == office_browser.cookie


def test_under_asgi_it_runs_on_the_event_loop(db, use_middleware):
    use_middleware("OnEventLoop")
    assert async_to_sync(AsyncClient().get)("/who/async/").status_code == 401


def test_nobody_is_not_asked(db):
    with CaptureQueriesContext(connection) as queries:
        assert not Browser().is_signed_in()
    assert statements(queries) == []


@pytest.mark.parametrize("number", [1, 10, 200])
def test_a_sign_out_costs_the_same_for_many_browsers(ada, phone, number):
    """The entries of the store are deleted instead of the tokens."""
    for position in range(number):
        create_browser_row(ada, key=f"key-{position}")
    with CaptureQueriesContext(connection) as queries:
        phone.sign_out("others")
    assert statements(queries) == ["SELECT", *LOCKED, "DELETE", *DELETED]


def test_csrf_is_asked(ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post("/api/auth/sign-out/")
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]
    client.cookies["csrftoken"] = token = "a" * 32
    assert client.post("/api/auth/sign-out/", headers={"X-CSRFToken": token}).status_code == 204


def test_a_browser_names_and_ends_a_device(office_browser, phone):
    path = f"sessions/{phone.session_id}/"
    assert office_browser.patch(path, {"name": "My phone"}).json()["name"] == "My phone"
    assert office_browser.delete(path).status_code == 204
    assert code(phone.me()) == (401, "session_not_found")
    assert office_browser.delete(f"sessions/{office_browser.session_id}/").status_code == 204
    assert not office_browser.is_signed_in()


def test_nobody_is_401(db):
    assert Browser().get("sessions/").status_code == 401
    assert Browser().sign_out("local").status_code == 401


def come_between(settings, name):
    """A middleware of the host stands between Django's and the app's."""
    at = settings.MIDDLEWARE.index("auth_sessions.middleware.BrowserSessionMiddleware")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:at], f"tests.host.middleware.{name}", *settings.MIDDLEWARE[at:]]


def test_someone_else_in_the_place_of_the_person(office_browser, phone, bob, settings):
    """Impersonation ends with the session it stands on, even where its middleware comes first."""
    come_between(settings, "impersonate")
    data = office_browser.client.session
    data["as"] = str(bob.pk)
    data.save()
    office_browser = office_browser.copy()
    assert office_browser.me().json() == {"user": str(bob.pk)}
    assert office_browser.get("sessions/").status_code == 401  # bob has no session here
    phone.sign_out("others")
    assert not office_browser.is_signed_in()


def test_impersonation_ends_with_the_password(office_browser, ada, bob, settings):
    """Django would compare the hash for its own user; here another is looked at."""
    come_between(settings, "as_named")
    data = office_browser.client.session
    data["as"] = str(bob.pk)
    data.save()
    office_browser = office_browser.copy()
    assert office_browser.me().json() == {"user": str(bob.pk)}
    ada.set_password("analytical-1843")
    ada.save()
    assert not office_browser.is_signed_in()
    assert not Session.objects.exists()


def test_a_user_who_is_no_row(office_browser, settings):
    """A service's stand-in, put there by a middleware, beside anybody's cookie."""
    come_between(settings, "service")
    assert office_browser.copy().me().json() == {"user": "service"}
    basket = Browser()
    basket.page("/basket/")
    assert basket.me().json() == {"user": "service"}


def test_a_user_whom_another_middleware_has_set_beside_no_cookie(db, settings):
    """Django's session is not even asked for: the answer is the same for every browser."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.host.middleware.service"]
    response = Browser().me()
    assert response.json() == {"user": "service"}
    assert "Cookie" not in response.get("Vary", "")


def test_a_user_who_is_no_row_beside_what_is_left_of_a_login(office_browser, settings):
    """The host has taken the login out of the data, and not the name of the row."""
    data = office_browser.client.session
    del data[SESSION_KEY]
    data.save()
    come_between(settings, "service")
    assert office_browser.copy().me().json() == {"user": "service"}


def test_a_backend_that_is_not_configured_for_a_while(office_browser, settings):
    """Django signs nobody in by it, and forgets nothing."""
    configured = settings.AUTHENTICATION_BACKENDS
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    assert not office_browser.is_signed_in()
    settings.AUTHENTICATION_BACKENDS = configured
    assert office_browser.is_signed_in()


def test_a_process_with_another_key_ends_no_row(ada, settings):
    """Django refuses the login there, and cannot tell why."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    browser = Browser().sign_in(ada)
    settings.SECRET_KEY = "another key, which this process has by mistake"
    assert not browser.is_signed_in()
    assert [str(row.pk) for row in Session.objects.all()] == [browser.session_id]


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
    office_browser = Browser().sign_in(ada)
    cookie = office_browser.cookie
    assert phone.sign_out("others").status_code == 204
    assert entry_is_left(cookie)
    assert not office_browser.is_signed_in()


@pytest.mark.parametrize("policy", ["evict_oldest", "refuse"])
def test_browsers_count_against_the_limit(clock_from_now, ada, settings, policy):
    """A browser is never refused: Django has signed it in already. The oldest goes."""
    settings.AUTH_SESSIONS_MAX_PER_USER = 2
    settings.AUTH_SESSIONS_LIMIT_POLICY = policy
    phone = Device().sign_in(ada)
    clock_from_now.shift(60)
    office_browser = Browser().sign_in(ada)
    clock_from_now.shift(60)
    library_browser = Browser().sign_in(ada)
    assert still_signed_in(phone=phone, office=office_browser, library=library_browser) == {"office", "library"}


def test_an_inactive_person(office_browser, ada):
    ada.is_active = False
    ada.save()
    assert not office_browser.is_signed_in()
    assert not Session.objects.exists()


def test_a_hash_of_the_project_s_own_that_a_new_password_leaves(ada, monkeypatch):
    """Django decides by its session hash whether a browser goes on; the clean-up ends nothing that Django accepts."""
    monkeypatch.setattr(type(ada), "get_session_auth_hash", lambda self: "of-something-else")
    office_browser = Browser().sign_in(ada)
    type(ada).objects.filter(pk=ada.pk).update(password="!")
    assert clear_expired(dry_run=True) == clear_expired() == 0
    assert office_browser.is_signed_in()


def test_rolled_back_with_the_request(ada, monkeypatch):
    """Data must not name a row that was rolled back: the person would be signed out by an error of the host's."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    office_browser = Browser()
    office_browser.client.force_login(ada)
    assert office_browser.submit("/rolled-back/").status_code == 400
    assert SESSION_ID_KEY not in office_browser.client.session
    assert office_browser.is_signed_in()


@has_admin
def test_the_store_s_key_is_nowhere_to_be_seen(office_browser, grace):
    key = office_browser.cookie
    assert Session.objects.get().django_session_key == key
    staff_browser = Browser().sign_in(grace)
    pages = ["/admin/auth_sessions/session/", f"/admin/auth_sessions/session/{Session.objects.first().pk}/change/"]
    for page in pages:
        shown = staff_browser.page(page)
        assert shown.status_code == 200
        assert key not in shown.content.decode()
    assert key not in str(office_browser.sessions())


def test_a_new_secret_key(office_browser, library_browser, settings):
    """Django lets both through by the fallback; without it later, both stay as well."""
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-that-is-long-enough-for-every-algorithm-of-the-family"
    for fallbacks in ([old], []):
        settings.SECRET_KEY_FALLBACKS = fallbacks
        assert still_signed_in(office=office_browser, library=library_browser) == {"office", "library"}


def test_a_login_in_a_view_of_rest_framework(ada):
    office_browser = Browser()
    answer = office_browser.submit("/login/rest/", {"username": ada.get_username()})
    assert answer.json()["session"] == str(Session.objects.get().pk)
    assert office_browser.is_signed_in()


def test_a_logout_that_passes_no_middleware(office_browser):
    office_browser.client.logout()
    assert not Session.objects.exists()


def test_tabs_of_an_old_login_under_a_limit_of_one(ada, settings):
    settings.AUTH_SESSIONS_MAX_PER_USER = 1
    old = Browser()
    old.client.force_login(ada)
    tabs = [old.copy(), old.copy()]
    assert [tab.is_signed_in() for tab in (*tabs, *tabs)] == [True] * 4


@pytest.mark.parametrize("missing", ["session", "user"])
def test_what_stands_before_the_middleware_is_missing(rf, missing):
    request = rf.get("/")
    request.session, request.user = {}, AnonymousUser()
    delattr(request, missing)
    with pytest.raises(ImproperlyConfigured, match="must be placed after"):
        BrowserSessionMiddleware(lambda request: None)(request)
