"""What the other processes are told over the channel layer, and what happens where it fails."""

import asyncio
import logging
import subprocess
import sys
import threading
import time

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction

from auth_sessions.channels import layers
from auth_sessions.core.creation import create_session
from auth_sessions.models import Session
from tests.host.channel_layers import Recorded
from tests.support.paths import ROOT
from tests.support.sockets import SIGNED_OUT, Client, scenario


@pytest.fixture
def layer(settings, monkeypatch):
    """A project whose channel layer reaches other processes."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.host.channel_layers.Recorded"}}
    Recorded.asked, Recorded.queues, Recorded.before = [], {}, None
    monkeypatch.setattr(layers, "RETRY_AFTER", 0.05)
    yield Recorded
    Recorded.before = None
    eventually(lambda: layers.sender._thread is None)


def eventually(condition):
    """Wait until it holds: messages are sent by a thread of their own."""
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def sent():
    """The ids of each message to the group."""
    return [args[1]["sessions"] for operation, *args in Recorded.asked if operation == "group_send"]


def asked_of_the_group():
    return [
        operation for operation, *args in Recorded.asked if operation.startswith("group") and args[0] == layers.GROUP
    ]


async def say(*session_ids):
    """What another process sends to the group."""
    put({"type": layers.GROUP, "sessions": list(session_ids)})


def put(message):
    for _, _, channel in [each for each in Recorded.asked if each[:2] == ("group_add", layers.GROUP)]:
        Recorded.queues[channel].put_nowait(message)


class TestSending:
    def test_one_message_for_a_sign_out(self, layer, laptop, phone):
        assert phone.sign_out().status_code == 204
        eventually(sent)
        assert sorted(sent()[0]) == sorted([laptop.session_id, phone.session_id])

    @pytest.mark.parametrize(("number", "messages"), [(1, 1), (1000, 1), (2500, 3)])
    def test_the_number_of_messages(self, layer, ada, number, messages):
        """A thousand sessions, one message: its size is what some channel layers limit."""
        Session.objects.bulk_create(Session(user=ada, kind="token", password_fingerprint="") for _ in range(number))
        assert Session.objects.all().end(reason="revoked") == number
        eventually(lambda: len(sent()) == messages)
        assert sum(map(len, sent())) == number
        assert {operation for operation, *_ in Recorded.asked} == {"group_send"}

    def test_none_of_what_was_rolled_back(self, layer, ada):
        create_session(ada)
        with transaction.atomic():
            Session.objects.all().end(reason="revoked")
            transaction.set_rollback(True)
        Session.objects.all().end(reason="revoked")
        eventually(sent)
        assert len(sent()) == 1

    def test_what_ends_while_a_message_is_sent_goes_together(self, layer, ada):
        may_go_on, is_sending = threading.Event(), threading.Event()

        async def wait(operation):
            is_sending.set()
            may_go_on.wait(10)

        for _ in range(5):
            create_session(ada)
        keys = list(Session.objects.values_list("pk", flat=True))
        layer.before = wait
        Session.objects.filter(pk=keys[0]).end(reason="revoked")
        assert is_sending.wait(10)
        for key in keys[1:]:
            Session.objects.filter(pk=key).end(reason="revoked")
        may_go_on.set()
        eventually(lambda: len(sent()) == 2)
        assert [len(ids) for ids in sent()] == [1, 4]


class TestFailures:
    def test_a_layer_that_fails(self, layer, laptop, caplog):
        async def fail(operation):
            raise ConnectionError("no layer")

        layer.before = fail
        assert laptop.sign_out().status_code == 204
        assert not laptop.is_signed_in()
        eventually(lambda: "did not receive the end of 1 sessions" in caplog.text)
        assert [record.levelno for record in caplog.records if "did not receive" in record.getMessage()] == [
            logging.ERROR
        ]

    def test_a_layer_that_hangs(self, layer, laptop, caplog, monkeypatch):
        """The sign-out does not wait for it; the message is given up after a while."""
        monkeypatch.setattr(layers, "SEND_TIMEOUT", 0.2)

        async def hang(operation):
            await asyncio.sleep(3600)

        layer.before = hang
        assert laptop.sign_out().status_code == 204
        eventually(lambda: "did not receive the end of 1 sessions" in caplog.text)

    def test_a_layer_that_cannot_be_made(self, settings, laptop, caplog):
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "no.such.Layer"}}
        assert laptop.sign_out().status_code == 204
        assert not laptop.is_signed_in()
        assert "no.such.Layer" in caplog.text

    @scenario
    async def test_sockets_of_this_process_need_no_layer(self, layer, laptop):
        async def fail(operation):
            if operation == "group_send":
                raise ConnectionError("no layer")

        layer.before = fail
        socket = await Client(laptop).opened()
        await sync_to_async(laptop.sign_out)()
        assert await socket.closed() == SIGNED_OUT

    @scenario
    async def test_a_socket_opens_without_the_layer(self, layer, laptop, monkeypatch, caplog):
        monkeypatch.setattr(layers, "JOIN_TIMEOUT", 0.1)

        async def fail(operation):
            if operation.startswith("group"):
                raise ConnectionError("no layer")

        layer.before = fail
        socket = await Client(laptop).opened()
        assert (await socket.answer()).endswith(": hello")
        assert "The channel layer fails" in caplog.text
        await socket.leave()

    @scenario
    async def test_what_was_lost_meanwhile(self, layer, laptop, phone):
        """When the layer answers again, all sockets are validated."""
        one, other = await Client(laptop).opened(), await Client(phone).opened()
        is_down = True

        async def fail(operation):
            if is_down and operation.startswith("group"):
                raise ConnectionError("no layer")

        layer.before = fail
        put("what makes it fail")
        await sync_to_async(expire)(laptop)
        assert await one.is_open()
        is_down = False
        assert await one.closed() == SIGNED_OUT
        assert await other.is_open()
        await other.leave()


def expire(device):
    Session.objects.filter(pk=device.session_id).update(expires_at="2020-01-01T00:00Z")


class TestReceiving:
    @scenario
    async def test_an_end_in_another_process(self, layer, laptop, phone):
        one, other = await Client(laptop).opened(), await Client(phone).opened()
        await say("00000000-0000-0000-0000-000000000000", laptop.session_id)
        assert await one.closed() == SIGNED_OUT
        assert await other.is_open()
        await say(phone.session_id)
        assert await other.closed() == SIGNED_OUT

    @scenario
    async def test_one_channel_for_all_sockets(self, layer, laptop, phone):
        """It is in the group before the first session is validated, and leaves it with the last socket."""
        sockets = [await Client(device).opened() for device in (laptop, phone, laptop)]
        assert asked_of_the_group() == ["group_add"]
        for socket in sockets:
            await socket.leave()
        assert asked_of_the_group() == ["group_add", "group_discard"]
        again = await Client(laptop).opened()
        assert asked_of_the_group() == ["group_add", "group_discard", "group_add"]
        await say(laptop.session_id)
        assert await again.closed() == SIGNED_OUT

    @scenario
    async def test_the_membership_is_renewed(self, layer, laptop, monkeypatch):
        """Channel layers forget it after a while, by default a day."""
        monkeypatch.setattr(layers, "RENEW_AFTER", 0.05)
        socket = await Client(laptop).opened()
        assert await socket.is_open()
        assert asked_of_the_group().count("group_add") >= 2
        await socket.leave()

    @scenario
    async def test_a_sign_out_while_the_group_is_joined(self, layer, laptop):
        """It is told to nobody in this process; the session is validated after the group was joined."""

        async def sign_out(operation):
            if operation == "group_add":
                await sync_to_async(expire)(laptop)

        layer.before = sign_out
        socket = await Client(laptop).opened()
        assert await socket.closed() == SIGNED_OUT


class TestWhichLayer:
    @scenario
    async def test_none_at_all(self, settings, laptop):
        """The sockets of this process close; other processes validate theirs within ``AUTH_SESSIONS_CACHE_TTL``."""
        settings.CHANNEL_LAYERS = {}
        socket = await Client(laptop).opened()
        await sync_to_async(laptop.sign_out)()
        assert await socket.closed() == SIGNED_OUT

    def test_one_under_another_name(self, layer, settings, laptop):
        settings.CHANNEL_LAYERS = {"sockets": {"BACKEND": "tests.host.channel_layers.Recorded"}}
        laptop.sign_out()
        eventually(sent)

    def test_the_default_one_of_several(self, layer, settings, laptop):
        in_memory = {"BACKEND": "channels.layers.InMemoryChannelLayer"}
        settings.CHANNEL_LAYERS = {"first": in_memory, **settings.CHANNEL_LAYERS}
        assert layers.get_layer() is get_channel_layer()
        settings.CHANNEL_LAYERS = {"default": in_memory, "second": settings.CHANNEL_LAYERS["default"]}
        assert layers.get_layer() is None


NOTHING_IMPORTED = """
import sys
from importlib.machinery import PathFinder


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, *rest):
        return None if name.partition(".")[0] == {hidden!r} else super().find_spec(name, *rest)


sys.meta_path = [Without if finder is PathFinder else finder for finder in sys.meta_path]

import django
from django.conf import settings

import tests.settings as host

configured = {{name: getattr(host, name) for name in dir(host) if name.isupper()}}
configured["DATABASES"] = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
settings.configure(**configured, CHANNEL_LAYERS={layers})
django.setup()

from django.core.management import call_command
from django.contrib.auth import get_user_model

call_command("migrate", verbosity=0)
call_command("check")

from tests.support.device import PASSWORD, Device

laptop = Device().sign_in(get_user_model().objects.create_user("ada", password=PASSWORD))
assert laptop.sign_out().status_code == 204
print([name for name in sys.modules if name.partition(".")[0] == "channels"])
"""


@pytest.mark.integration
@pytest.mark.parametrize(
    "project",
    [{"hidden": "channels", "layers": {}}, {"hidden": "none", "layers": {}}],
    ids=["not installed", "no channel layer"],
)
def test_without_channels_nothing_is_imported(project):
    program = NOTHING_IMPORTED.format(**project)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "[]"
