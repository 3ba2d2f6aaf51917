"""A socket closes when its session ends, whatever the consumer does."""

import asyncio
import threading
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

from auth_sessions.channels import consumers, sockets
from auth_sessions.channels.consumers import SessionConsumerMixin
from auth_sessions.channels.middleware import SessionAuthMiddleware
from auth_sessions.channels.validation import Validity
from auth_sessions.models import Session
from tests.host.consumers import Hesitant, router
from tests.support.acting import act
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device
from tests.support.sessions import create_browser_row
from tests.support.sockets import SIGNED_OUT, Client, scenario
from tests.support.ways_to_end import OF_BROWSERS, OF_TOKENS, WAYS_TO_END

pytestmark = [pytest.mark.slow, pytest.mark.any_database]

with_browsers = pytest.mark.skipif(
    "auth_sessions.middleware.BrowserSessionMiddleware" not in settings.MIDDLEWARE, reason="needs browser sessions"
)
GENERIC = ["async", "sync", "async-json", "sync-json"]


@pytest.mark.parametrize("kind", [*GENERIC, "own"])
@scenario
async def test_each_kind_of_consumer(ada, laptop, phone, codes, kind):
    one, other = await Client(laptop, kind).opened(), await Client(phone, kind).opened()
    name = "own" if kind == "own" else ada.get_username()
    assert await one.answer() == f"{name}: hello"
    await sync_to_async(phone.sign_out)("others")
    assert await one.closed() == SIGNED_OUT
    await one.wait(10)
    assert codes == [SIGNED_OUT]
    assert await other.answer() == f"{name}: hello"
    await other.leave()


@pytest.mark.parametrize("way", [way for way in WAYS_TO_END if way not in OF_BROWSERS])
@scenario
async def test_every_way_to_end(make_user, ada, laptop, way):
    bystander = await sync_to_async(lambda: Device().sign_in(make_user("carl")))()
    socket, staying = await Client(laptop).opened(), await Client(bystander).opened()
    end, _ = WAYS_TO_END[way]
    await sync_to_async(end)(laptop, ada, make_user)
    assert await socket.closed() == SIGNED_OUT
    assert await staying.is_open()
    await staying.leave()


@with_browsers
@pytest.mark.parametrize("way", [way for way in WAYS_TO_END if way not in {*OF_TOKENS, "password saved"}])
@scenario
async def test_every_way_to_end_a_browser(make_user, ada, office_browser, way):
    socket = await Client(office_browser).opened()
    end, _ = WAYS_TO_END[way]
    await sync_to_async(end)(office_browser, ada, make_user)
    assert await socket.closed() == SIGNED_OUT


@scenario
async def test_a_new_password_of_who_acts_from_a_browser(ada, grace):
    """The session in which they act has tokens, which are refused at once."""

    def begin():
        create_browser_row(grace)
        return act(grace, ada)

    def change_password():
        grace.set_password("quite-new-1906")
        grace.save()

    helping = await sync_to_async(begin)()
    socket = await Client(helping).opened()
    await sync_to_async(change_password)()
    assert await socket.closed() == SIGNED_OUT


@scenario
async def test_several_sockets_of_a_session(laptop, phone):
    clients = [await Client(laptop, kind).opened() for kind in ("async", "sync", "async")]
    await clients[0].leave()
    await sync_to_async(phone.sign_out)("others")
    assert [await socket.closed() for socket in clients[1:]] == [SIGNED_OUT] * 2


@scenario
async def test_a_consumer_that_is_busy(laptop, phone):
    """It is not waited for, and cannot say anything any more."""
    socket = await Client(laptop, "busy").opened()
    assert await socket.answer() == "begun"
    await sync_to_async(phone.sign_out)("others")
    assert await socket.closed() == SIGNED_OUT
    assert await socket.receive_nothing(timeout=0.2)
    socket.stop()


@scenario
async def test_a_consumer_that_has_not_accepted_yet(laptop, phone):
    Hesitant.waits = asyncio.Event()
    socket = Client(laptop, "hesitant")
    connecting = asyncio.ensure_future(socket.connect(timeout=10))
    await asyncio.sleep(0.2)
    await sync_to_async(phone.sign_out)("others")
    assert await connecting == (True, "bearer")
    assert await socket.closed() == SIGNED_OUT
    Hesitant.waits.set()
    assert await socket.receive_nothing(timeout=0.2)
    await socket.wait(10)


@scenario
async def test_a_consumer_that_signs_out_itself(laptop, phone):
    socket, other = await Client(laptop, "leaver").opened(), await Client(phone, "leaver").opened()
    await socket.send_to(text_data="others")
    assert await other.closed() == SIGNED_OUT
    await socket.send_to(text_data="local")
    assert await socket.closed() == SIGNED_OUT


@scenario
async def test_a_consumer_that_closes_itself(laptop):
    """With its own code, and nothing is left to close."""
    socket = await Client(laptop, "closing").opened()
    await socket.send_to(text_data="bye")
    assert await socket.closed() == 4000
    await sync_to_async(laptop.sign_out)()
    assert await socket.receive_nothing(timeout=0.2)
    await socket.leave()


@scenario
async def test_a_sign_out_between_the_handshake_and_the_first_message(laptop):
    """The middleware has found the session live; it ends before the consumer has begun."""

    async def late(scope, receive, send):
        await sync_to_async(laptop.sign_out)("local")
        await router(scope, receive, send)

    socket = await Client(laptop, app=SessionAuthMiddleware(late)).opened()
    assert await socket.closed() == SIGNED_OUT


@scenario
async def test_many_sign_outs_while_sockets_open(ada):
    """No socket of an ended session stays, whenever it was opened."""
    for _ in range(5):
        device = await sync_to_async(lambda: Device().sign_in(ada))()
        clients = [Client(device) for _ in range(4)]
        *opened, _ = await asyncio.gather(*(socket.opened() for socket in clients), sync_to_async(device.sign_out)())
        assert [await socket.closed() for socket in opened] == [SIGNED_OUT] * 4


def delete_raw(user):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_sessions_refreshtoken")
        cursor.execute("DELETE FROM auth_sessions_session")


class TestTime:
    """The clock stands still until a test moves it; the event loop has its own."""

    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch, clock, settings):
        monkeypatch.setattr(consumers, "_RETRY_AFTER", 0.1)
        settings.AUTH_SESSIONS_CACHE_TTL = timedelta(seconds=0.1)

    @pytest.fixture(params=["token", pytest.param("browser", marks=with_browsers)])
    def device(self, request, ada):
        return (Device() if request.param == "token" else Browser()).sign_in(ada)

    @scenario
    async def test_a_session_that_expires(self, clock, device):
        end = timezone.now() + timedelta(hours=1)
        await sync_to_async(Session.objects.update)(expires_at=end)
        socket = await Client(device).opened()
        clock.shift(3599)
        assert await socket.is_open()
        clock.shift(1)
        assert await socket.closed() == SIGNED_OUT

    @scenario
    async def test_it_is_not_waited_for_longer(self, device, settings):
        """The session is validated when it may have ended, though it would not be for long."""
        settings.AUTH_SESSIONS_CACHE_TTL = timedelta(days=1)
        await sync_to_async(Session.objects.update)(expires_at=timezone.now() + timedelta(seconds=0.2))
        socket = await Client(device).opened()
        await sync_to_async(Session.objects.update)(expires_at=timezone.now())
        assert await socket.closed() == SIGNED_OUT

    @scenario
    async def test_a_session_that_becomes_idle(self, clock, device):
        socket = await Client(device).opened()
        clock.shift(timedelta(days=13))
        assert await socket.is_open()
        clock.shift(timedelta(days=1))
        assert await socket.closed() == SIGNED_OUT

    @scenario
    async def test_what_is_sent_counts_as_use(self, clock, laptop):
        socket = await Client(laptop).opened()
        clock.shift(timedelta(days=13))
        await socket.answer()
        assert await socket.is_open()
        session = await sync_to_async(Session.objects.get)()
        assert session.last_seen_at == timezone.now()
        clock.shift(timedelta(days=13))
        assert await socket.is_open()
        clock.shift(timedelta(days=1))
        assert await socket.closed() == SIGNED_OUT

    WITHOUT_SIGNALS = {
        "another password": lambda user: get_user_model().objects.filter(pk=user.pk).update(password="!"),
        "inactive": lambda user: get_user_model().objects.filter(pk=user.pk).update(is_active=False),
        "raw deletion": delete_raw,
    }

    @pytest.mark.parametrize("how", WITHOUT_SIGNALS)
    @scenario
    async def test_what_told_nobody(self, ada, device, how):
        socket = await Client(device).opened()
        assert await socket.is_open()
        await sync_to_async(self.WITHOUT_SIGNALS[how])(ada)
        assert await socket.closed() == SIGNED_OUT

    @pytest.mark.usefixtures("hiding_manager")
    @scenario
    async def test_whom_the_default_manager_hides(self, ada, device):
        socket = await Client(device).opened()
        assert await socket.is_open()
        await sync_to_async(get_user_model()._base_manager.filter(pk=ada.pk).update)(is_staff=True)
        assert await socket.closed() == SIGNED_OUT

    @with_browsers
    @scenario
    async def test_a_browser_that_changes_its_own_password(self, ada, office_browser, library_browser):
        """It stays, the other one goes, as in Django."""
        own, other = await Client(office_browser).opened(), await Client(library_browser).opened()
        form = {"old_password": PASSWORD, "new_password1": "analytical-1843", "new_password2": "analytical-1843"}
        response = await sync_to_async(office_browser.submit)("/password/", form)
        assert response.status_code == 302
        assert await other.closed() == SIGNED_OUT
        assert await own.is_open()
        await own.leave()

    @scenario
    async def test_a_database_that_fails_for_a_moment(self, clock, device, monkeypatch):
        """The socket stays, and is validated again soon."""
        socket = await Client(device).opened()

        def fail(*args, **kwargs):
            raise ConnectionError("no database")

        with monkeypatch.context() as patched:
            patched.setattr(SessionConsumerMixin, "validate_session", fail)
            assert await socket.is_open()
            assert await socket.is_open()
        clock.shift(timedelta(days=31))
        assert await socket.closed() == SIGNED_OUT


@scenario
async def test_while_threads_and_database_are_busy(clock, laptop, settings, monkeypatch):
    """A socket that is told of the end asks nobody."""
    settings.AUTH_SESSIONS_CACHE_TTL = timedelta(seconds=0.1)
    socket = await Client(laptop).opened()
    is_blocked, may_go_on = threading.Event(), threading.Event()

    def block(self, session, *, used_at):
        is_blocked.set()
        may_go_on.wait(30)
        return Validity(until=timezone.now() + timedelta(hours=1))

    monkeypatch.setattr(SessionConsumerMixin, "validate_session", block)
    assert await asyncio.to_thread(is_blocked.wait, 30)
    sockets.end([laptop.session_id])
    assert await socket.closed() == SIGNED_OUT
    may_go_on.set()
    await socket.wait(10)


@pytest.mark.parametrize("scope_type", ["http", "lifespan"])
@scenario
async def test_what_is_no_socket(ada, scope_type):
    """It passes: the middleware may stand around a whole application."""
    seen = []

    async def inner(scope, receive, send):
        seen.append(scope)

    scope = {"type": scope_type, "path": "/", "method": "GET", "headers": []}
    await SessionAuthMiddleware(inner)(scope, None, None)
    assert ("user" in seen[0]) is (scope_type == "http")


def test_the_mixin_comes_first():
    with pytest.raises(TypeError, match="before"):
        type("Wrong", (AsyncWebsocketConsumer, SessionConsumerMixin), {})


@scenario
async def test_without_the_middleware():
    with pytest.raises(ImproperlyConfigured):
        await router({"type": "websocket", "path": "/ws/async/", "headers": []}, None, None)
