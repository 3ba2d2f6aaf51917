"""Who opens a socket: by the same rules as a request."""

from datetime import timedelta
from importlib import import_module
from urllib.parse import quote

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings as host
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_sessions.channels.credentials import take_token
from auth_sessions.core.presented import SESSION_ID_KEY
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import Device
from tests.support.sockets import SIGNED_OUT, Client, scenario
from tests.support.statements import statements

pytestmark = pytest.mark.any_database

with_browsers = pytest.mark.skipif(
    "auth_sessions.middleware.BrowserSessionMiddleware" not in host.MIDDLEWARE, reason="needs browser sessions"
)
ENGINES = ["db", "cached_db", "cache", "file", "signed_cookies"]
NOBODY = ["", "None"]


async def seen(*args, **kwargs):
    """User, session and error, as a consumer without the mixin sees them."""
    socket = await Client(*args, kind="without-mixin", **kwargs).opened()
    answer = await socket.receive_from(timeout=10)
    await socket.leave()
    return answer.split(" ")


async def is_refused(*args, **kwargs):
    """By the mixin: accepted, so that a browser is told the code, and closed before the consumer sees anything."""
    socket = await Client(*args, **kwargs).opened()
    return await socket.closed() == SIGNED_OUT


def in_query(device):
    return {"query": f"?room=1&access_token={device.access}&a=%20b"}


def in_header(device):
    return {"headers": [(b"authorization", f"Bearer {device.access}".encode())]}


def in_subprotocol(device):
    return {"subprotocols": ["bearer", device.access]}


WAYS = [in_query, in_header, in_subprotocol]


class TestAccessToken:
    @pytest.mark.parametrize("way", WAYS)
    @scenario
    async def test_a_live_session(self, ada, laptop, way):
        assert await seen(**way(laptop)) == [ada.get_username(), laptop.session_id, "None"]
        socket = await Client(**way(laptop)).opened()
        assert await socket.answer() == f"{ada.get_username()}: hello"
        await socket.leave()

    @pytest.mark.parametrize("way", WAYS)
    @scenario
    async def test_an_ended_session(self, laptop, way):
        await sync_to_async(laptop.sign_out)()
        assert await seen(**way(laptop)) == [*NOBODY, "session_not_found"]
        assert await is_refused(**way(laptop))
        assert await is_refused(kind="public", **way(laptop))

    @pytest.mark.parametrize("way", WAYS)
    @scenario
    async def test_the_security_log_tells_once_of_a_refused_handshake(self, laptop, security_log, way):
        await sync_to_async(laptop.sign_out)()
        security_log.clear()
        await seen(**way(laptop))
        laptop.access = laptop.access[:-8] + "AAAAAAAA"
        await seen(**way(laptop))
        ended, forged = security_log.of()
        assert (ended["event"], ended["session"]) == ("auth_sessions.session_refused", laptop.session_id)
        assert (forged["event"], forged["reason"]) == ("auth_sessions.token_refused", "token_not_valid")

    REFUSED = {
        "session_expired": lambda ada: Session.objects.update(expires_at=timezone.now()),
        "password_changed": lambda ada: get_user_model().objects.update(password="!"),
        "user_inactive": lambda ada: get_user_model().objects.update(is_active=False),
        "session_not_found": lambda ada: Session.objects.all().delete(),
    }

    @pytest.mark.parametrize("code", REFUSED)
    @scenario
    async def test_a_session_that_is_not_live(self, ada, laptop, code):
        await sync_to_async(self.REFUSED[code])(ada)
        assert await seen(laptop) == [*NOBODY, code]
        assert await is_refused(laptop)

    @scenario
    async def test_the_code_is_the_reason(self, laptop):
        await sync_to_async(laptop.sign_out)()
        socket = await Client(laptop).opened()
        assert await socket.receive_output(10) == {
            "type": "websocket.close",
            "code": SIGNED_OUT,
            "reason": "session_not_found",
        }

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "\x00", "é", "x" * 10_000])
    @scenario
    async def test_what_is_no_access_token(self, db, token):
        for given in (
            {"query": f"?access_token={quote(token)}"},
            {"subprotocols": ["bearer", token]},
            {"headers": [(b"authorization", f"Bearer {token}".encode("latin-1"))]},
        ):
            assert await seen(**given) == [*NOBODY, "token_not_valid"]
            assert await is_refused(**given)

    @scenario
    async def test_a_refresh_token_is_none(self, laptop):
        assert await seen(subprotocols=["bearer", laptop.refresh_token]) == [*NOBODY, "token_not_valid"]

    @scenario
    async def test_an_expired_one(self, clock, laptop):
        clock.shift(timedelta(minutes=6))
        assert await seen(laptop) == [*NOBODY, "token_not_valid"]

    @scenario
    async def test_an_open_socket_outlives_its_access_token(self, clock, laptop):
        """It was the proof at the handshake; the session decides from then on."""
        socket = await Client(laptop).opened()
        clock.shift(timedelta(minutes=6))
        assert (await socket.answer()).endswith(": hello")
        await socket.leave()

    @with_browsers
    @scenario
    async def test_it_wins_over_a_cookie(self, ada, bob, laptop):
        browser = await sync_to_async(lambda: Browser().sign_in(bob))()
        assert (await seen(browser, **in_header(laptop)))[0] == ada.get_username()
        assert await seen(browser, **in_header(Device())) == [*NOBODY, "token_not_valid"]
        await sync_to_async(laptop.sign_out)()
        assert await seen(browser, **in_header(laptop)) == [*NOBODY, "session_not_found"]

    def test_what_it_costs(self, laptop):
        with CaptureQueriesContext(connection) as queries:
            async_to_sync(seen)(laptop)
        assert statements(queries) == ["SELECT"]


class TestSubprotocol:
    """A browser gives up a socket that answers with none of the subprotocols it offered."""

    @pytest.mark.parametrize("kind", ["async", "sync", "own"])
    @scenario
    async def test_it_is_answered(self, laptop, kind):
        socket = await Client(laptop, kind).opened()
        assert socket.subprotocol == "bearer"
        await socket.leave()

    @scenario
    async def test_the_consumer_s_choice_is_kept(self, laptop):
        socket = await Client(laptop, "chosen", subprotocols=["chat"]).opened()
        assert socket.subprotocol == "chat"
        await socket.leave()

    @scenario
    async def test_in_a_refusal(self, laptop):
        await sync_to_async(laptop.sign_out)()
        socket = await Client(laptop).opened()
        assert socket.subprotocol == "bearer"

    @scenario
    async def test_none_is_invented(self, laptop):
        socket = await Client(**in_query(laptop)).opened()
        assert socket.subprotocol is None
        await socket.leave()


def test_the_token_is_removed_from_the_scope():
    """So that no consumer echoes it, and no report of an error shows it."""
    secret = "aaa.bbb.ccc"
    scope = {
        "type": "websocket",
        "subprotocols": ["chat", "Bearer", secret, "v2"],
        "query_string": f"a=%C3%A9&access_token={secret}&b=&access_token=x".encode(),
        "headers": [(b"host", b"x"), (b"sec-websocket-protocol", f"chat, Bearer, {secret}, v2".encode())],
    }
    scope, token, subprotocol = take_token(scope)
    assert (token, subprotocol) == (secret, "Bearer")
    assert scope["subprotocols"] == ["chat", "v2"]
    assert scope["query_string"] == b"a=%C3%A9&b="
    assert scope["headers"] == [(b"host", b"x"), (b"sec-websocket-protocol", b"chat, v2")]
    assert secret not in str(scope)


@with_browsers
class TestCookie:
    @pytest.fixture
    def browser(self, request, ada, settings, tmp_path):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{getattr(request, 'param', 'db')}"
        settings.SESSION_FILE_PATH = str(tmp_path)
        return Browser().sign_in(ada)

    @pytest.mark.parametrize("browser", ENGINES, indirect=True)
    @scenario
    async def test_a_live_session(self, ada, browser):
        assert await seen(browser) == [ada.get_username(), browser.session_id, "None"]
        socket = await Client(browser).opened()
        assert await socket.answer() == f"{ada.get_username()}: hello"
        await socket.leave()

    @pytest.mark.parametrize("browser", ENGINES, indirect=True)
    @scenario
    async def test_an_old_copy_of_the_cookie(self, browser):
        """Of an ended session: with signed cookies Django itself would let it in."""
        copy = browser.copy()
        await sync_to_async(browser.submit)("/logout/")
        assert await seen(copy) == [*NOBODY, "None"]
        assert await is_refused(copy)

    @scenario
    async def test_after_a_sign_out_from_elsewhere(self, ada, browser):
        await sync_to_async(lambda: Device().sign_in(ada).sign_out())()
        assert await is_refused(browser)

    @scenario
    async def test_idle(self, browser):
        await sync_to_async(Session.objects.update)(last_seen_at=timezone.now() - timedelta(days=60))
        assert await is_refused(browser)

    @scenario
    async def test_expired(self, browser):
        await sync_to_async(Session.objects.update)(expires_at=timezone.now())
        assert await is_refused(browser)

    @scenario
    async def test_another_password(self, ada, browser):
        await sync_to_async(get_user_model().objects.update)(password="!")
        assert await is_refused(browser)

    @scenario
    async def test_inactive(self, ada, browser):
        await sync_to_async(get_user_model().objects.update)(is_active=False)
        assert await is_refused(browser)

    @pytest.mark.parametrize("browser", ENGINES, indirect=True)
    @scenario
    async def test_a_login_older_than_the_installation(self, ada, browser):
        """It gets its row at its first use, be it by a socket."""
        await sync_to_async(forget_row)(browser)
        assert await sync_to_async(Session.objects.count)() == 0
        name, session_id, _ = await seen(browser)
        assert name == ada.get_username()
        assert await seen(browser) == [name, session_id, "None"]
        assert await sync_to_async(browser.is_signed_in)()
        assert await sync_to_async(Session.objects.count)() == 1

    @scenario
    async def test_use_is_recorded(self, clock, browser):
        clock.shift(timedelta(hours=1))
        await seen(browser)
        session = await sync_to_async(Session.objects.get)()
        assert session.last_seen_at == timezone.now()

    ORIGINS = {
        "http://testserver": True,
        "https://TESTSERVER": True,
        "https://app.trusted.example": True,
        "https://other.example:8443": True,
        "http://app.trusted.example": False,
        "https://trusted.example.evil": False,
        "https://eviltrusted.example": False,
        "http://testserver.evil.example": False,
        "http://testserver:8000": False,
        "http://evil.example/testserver": False,
        "null": False,
        "": False,
        "http://[": False,
        "testserver": False,
    }

    @pytest.mark.parametrize("origin", ORIGINS)
    @scenario
    async def test_a_page_of_another_site(self, ada, browser, settings, origin):
        """Its sockets have the cookie, too, as its forms do."""
        settings.CSRF_TRUSTED_ORIGINS = ["https://*.trusted.example", "https://other.example:8443"]
        name, *_ = await seen(browser, headers=[(b"origin", origin.encode())])
        assert (name == ada.get_username()) is self.ORIGINS[origin]

    @scenario
    async def test_an_access_token_may_come_from_everywhere(self, ada, laptop):
        """No browser sends it by itself."""
        assert (await seen(laptop, headers=[(b"origin", b"https://elsewhere.example")]))[0] == ada.get_username()

    @scenario
    async def test_without_the_middleware_of_the_app(self, browser, tokens_only):
        """As in the project's requests, no cookie is a session of ours."""
        assert await seen(browser) == [*NOBODY, "None"]

    @scenario
    async def test_the_project_s_own_middleware(self, ada, browser, settings):
        name = "auth_sessions.middleware.BrowserSessionMiddleware"
        own = "tests.host.middleware.OwnBrowserSessionMiddleware"
        settings.MIDDLEWARE = [own if each == name else each for each in settings.MIDDLEWARE]
        assert (await seen(browser))[0] == ada.get_username()

    @scenario
    async def test_an_authentication_of_the_project_s_own(self, ada, browser, settings):
        """A function in the place of Django's class: the user of the cookie is found as Django finds it."""
        django_s, own = "django.contrib.auth.middleware.AuthenticationMiddleware", "finds_user_again"
        settings.MIDDLEWARE = [
            f"tests.host.middleware.{own}" if each == django_s else each for each in settings.MIDDLEWARE
        ]
        assert await seen(browser) == [ada.get_username(), browser.session_id, "None"]
        await sync_to_async(browser.sign_out)()
        assert await is_refused(browser)

    @scenario
    async def test_sessions_of_another_package(self, ada, browser, settings):
        """Whose class has the name of Django's, and derives from nothing of it."""
        django_s = "django.contrib.sessions.middleware.SessionMiddleware"
        settings.MIDDLEWARE = [
            "tests.host.middleware.SessionMiddleware" if each == django_s else each for each in settings.MIDDLEWARE
        ]
        assert await seen(browser) == [ada.get_username(), browser.session_id, "None"]


def forget_row(browser):
    """As if the app had not been installed when the person logged in: no row, and no id of it in the data."""
    session = browser.client.session
    del session[SESSION_ID_KEY]
    session.save()
    browser.client.cookies[host.SESSION_COOKIE_NAME] = session.session_key
    Session.objects.all()._raw_delete(connection.alias)


class TestNobody:
    @pytest.mark.parametrize("kind", ["async", "sync"])
    @scenario
    async def test_without_credentials(self, db, kind):
        assert await seen() == [*NOBODY, "None"]
        assert await is_refused(kind=kind)

    @scenario
    async def test_where_anybody_may_come(self, db):
        socket = await Client(kind="public").opened()
        assert await socket.answer() == ": hello"
        await socket.leave()

    @with_browsers
    @scenario
    async def test_a_cookie_of_nobody(self, ada):
        browser = Browser()
        browser.client.cookies[host.SESSION_COOKIE_NAME] = "x" * 32
        assert await seen(browser) == [*NOBODY, "None"]
        store = import_module(host.SESSION_ENGINE).SessionStore
        assert not await sync_to_async(store().exists)("x" * 32)


@with_browsers
@scenario
async def test_a_cookie_beside_basic_authentication(make_user):
    """A gate in front of a site, whose credentials a browser repeats, is no access token."""
    ada = await sync_to_async(make_user)("ada")
    browser = await sync_to_async(Browser().sign_in)(ada)
    basic = [(b"authorization", b"Basic c3RhZ2luZzpzdGFnaW5n")]
    socket = await Client(browser, kind="without-mixin", headers=basic).opened()
    answer = await socket.receive_from(timeout=10)
    await socket.leave()
    assert answer.split(" ")[0] == ada.get_username()
