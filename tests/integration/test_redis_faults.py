"""What goes wrong with a real Redis, and with the process that signs out: never longer alive than the bound, no 500."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from auth_sessions.core import circuit_breaker, session_cache
from auth_sessions.models import Session
from tests.host.caches import Shared
from tests.support.device import Device
from tests.support.paths import ROOT
from tests.support.redis_faults import FAULTS, cache_settings, comes_back, fill
from tests.support.shared_cache import BOUND

LOSING = ("stopped", "hanging", "paused", "flushed")
"""Faults in which the cache answers nothing, or has nothing to answer."""


@pytest.fixture
def server(settings, own_redis, patient_breaker):
    settings.CACHES = cache_settings(own_redis)
    settings.AUTH_SESSIONS_CACHE = "shared"
    return own_redis


@pytest.fixture
def bystander(bob):
    return Device().sign_in(bob)


@pytest.mark.parametrize("fault", LOSING)
class TestFaults:
    def test_before_the_sign_out(self, server, clock, laptop, phone, bystander, fault):  # noqa: PLR0917
        """The tombstone is lost: at most the bound, for whoever had an entry that survived."""
        fail, mend = FAULTS[fault]
        assert [device.fast().status_code for device in (laptop, bystander)] == [200, 200]
        fail(server)
        assert [device.fast().status_code for device in (laptop, bystander)] == [200, 200]
        assert phone.sign_out("others").status_code == 204
        assert laptop.fast().status_code == 401  # the database is asked
        mend(server)
        comes_back()
        assert laptop.fast().status_code in {200, 401}
        assert bystander.fast().status_code == 200
        clock.shift(BOUND)
        assert laptop.fast().status_code == 401
        assert bystander.fast().status_code == 200

    def test_after_the_sign_out(self, server, clock, laptop, phone, bystander, fault):  # noqa: PLR0917
        fail, mend = FAULTS[fault]
        assert [device.fast().status_code for device in (laptop, bystander)] == [200, 200]
        assert phone.sign_out("others").status_code == 204
        fail(server)
        assert [device.fast().status_code for device in (laptop, bystander)] == [401, 200]
        mend(server)
        comes_back()
        assert [device.fast().status_code for device in (laptop, bystander)] == [401, 200]

    def test_it_is_noticed_once(self, server, laptop, fault, caplog, monkeypatch):
        """Of many requests one waits for it; the others go on by the database."""
        fail, mend = FAULTS[fault]
        laptop.fast()
        fail(server)
        Shared.asked = []
        session_cache.breaker.open_until = 0.0  # on a busy machine the sign-in may have found it slow
        monkeypatch.setattr(circuit_breaker, "monotonic", lambda: 100.0)  # it is left alone all the time
        assert [laptop.fast().status_code for _ in range(30)] == [200] * 30
        assert Shared.asked.count("get") == (30 if fault == "flushed" else 1)
        warnings = [record for record in caplog.records if "not called for a while" in record.getMessage()]
        assert len(warnings) == (fault != "flushed")
        mend(server)


def test_a_tombstone_that_was_lost(server, clock, laptop, phone, caplog):
    """Redis answers, but writes nothing for a while: other processes believe the entry to its end."""
    laptop.fast()
    server.pause(60, all_commands=False)
    assert phone.sign_out("others").status_code == 204
    assert "did not receive the end of 1 sessions" in caplog.text
    assert laptop.fast().status_code == 401
    comes_back()
    assert laptop.fast().status_code == 200
    server.client().client_unpause()
    assert laptop.fast().status_code == 200
    clock.shift(BOUND)
    assert laptop.fast().status_code == 401


def test_an_entry_that_was_evicted(server, laptop, phone):
    laptop.fast()
    server.client().flushall()
    assert laptop.fast().status_code == 200
    phone.sign_out("others")
    server.client().flushall()
    assert laptop.fast().status_code == 401


DIES = """
import os, sys
import django
from django.conf import settings

settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.CACHES = {"shared": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": sys.argv[2]}}
settings.AUTH_SESSIONS_CACHE = "shared"
django.setup()

from django.db import transaction
from auth_sessions.models import Session
from auth_sessions.signals import sessions_ending


def die(**event):
    transaction.on_commit(lambda: os._exit(9))


sessions_ending.connect(die, weak=False)
Session.objects.filter(pk=sys.argv[3]).end(reason="revoked")
"""


def test_a_process_that_dies_between_commit_and_tombstone(server, laptop, phone):
    """It had written one before the commit."""
    laptop.fast()
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    arguments = [str(connection.settings_dict["NAME"]), server.address, laptop.session_id]
    died = subprocess.run([sys.executable, "-c", DIES, *arguments], cwd=ROOT, env=environment, check=False)
    assert died.returncode == 9
    assert not Session.objects.filter(pk=laptop.session_id).exists()
    assert laptop.fast().status_code == 401
    assert phone.fast().status_code == 200


class TestRefusedWrites:
    """Redis answers reads, and refuses writes."""

    def test_full(self, server, laptop, phone, caplog):
        """At its limit of memory, without eviction: it still deletes."""
        laptop.fast()
        fill(server)
        assert phone.sign_out("others").status_code == 204
        assert laptop.fast().status_code == 401
        comes_back()
        assert laptop.fast().status_code == 401
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    def test_read_only(self, server, clock, laptop, phone, caplog):
        """A replica: other processes refuse the session within the bound, this one at once."""
        laptop.fast()
        server.client().replicaof("127.0.0.1", 1)
        assert phone.sign_out("others").status_code == 204
        assert "did not receive the end of 1 sessions" in caplog.text
        assert laptop.fast().status_code == 401
        comes_back()
        assert laptop.fast().status_code == 200
        clock.shift(BOUND)
        assert laptop.fast().status_code == 401
