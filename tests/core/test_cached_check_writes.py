"""A cache that answers reads and refuses writes, and what a serializer of the cache can hold."""

import logging
from datetime import timedelta

import pytest
from django.core.cache import caches

from auth_sessions.core import circuit_breaker, session_cache
from tests.host.caches import Shared
from tests.support.device import Device
from tests.support.shared_cache import BOUND, asked

pytestmark = pytest.mark.usefixtures("shared_cache")


@pytest.fixture
def refuse():
    """From now on these operations raise; all others are answered."""

    def refuse(*operations):
        def check(operation):
            if operation in operations:
                raise ConnectionError("READONLY")

        Shared.before = check

    return refuse


@pytest.fixture(autouse=True)
def breaker_clock(monkeypatch):
    """The clock of the circuit breaker: ``breaker_clock[0]``, in seconds."""
    now = [100.0]
    monkeypatch.setattr(circuit_breaker, "monotonic", lambda: now[0])
    return now


def in_another_process():
    """It has a circuit breaker of its own."""
    session_cache.breaker = circuit_breaker.CircuitBreaker()


def errors(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


WRITES = ("set", "set_many", "add")


class TestFull:
    """Redis with ``noeviction`` at its limit of memory: it deletes and reads, and stores nothing."""

    def test_a_sign_out_takes_effect_at_once(self, laptop, phone, refuse, caplog):
        assert laptop.fast().status_code == 200
        refuse(*WRITES)
        assert phone.sign_out("others").status_code == 204
        assert laptop.fast().status_code == 401
        in_another_process()
        assert laptop.fast().status_code == 401
        assert errors(caplog) == []

    def test_the_entries_of_all_sessions_of_a_sign_out(self, ada, refuse):
        devices = [Device().sign_in(ada) for _ in range(3)]
        for device in devices:
            device.fast()
        refuse(*WRITES)
        assert asked(devices[0].sign_out)[1] == ["set_many", "set_many", "delete_many"]
        assert [device.fast().status_code for device in devices] == [401] * 3

    def test_keys_that_were_not_set(self, laptop, phone, monkeypatch, caplog):
        """Memcached does not raise: it names them."""
        monkeypatch.setattr(Shared, "set_many", lambda self, data, *rest: list(data))
        laptop.fast()
        phone.sign_out("others")
        in_another_process()
        assert laptop.fast().status_code == 401
        assert errors(caplog) == []


class TestReadOnly:
    """A replica: it reads, and refuses to store and to delete."""

    @pytest.fixture
    def lost(self, shared_cache, clock, laptop, phone, refuse):
        """The laptop has an entry that neither a tombstone nor a deletion has reached."""
        assert laptop.fast().status_code == 200
        refuse(*WRITES, "delete_many")
        assert phone.sign_out("others").status_code == 204

    @pytest.mark.usefixtures("lost")
    def test_this_process_refuses_at_once(self, laptop):
        assert asked(laptop.fast)[1] == []
        assert laptop.fast().status_code == 401

    @pytest.mark.usefixtures("lost")
    def test_until_no_entry_is_accepted_any_more(self, laptop, breaker_clock, clock, caplog):
        """Not only for the pause of the circuit breaker, and though reads are answered."""
        for _ in range(6):
            assert laptop.fast().status_code == 401
            breaker_clock[0] += BOUND.total_seconds() / 6 - 1
            clock.shift(BOUND / 6 - timedelta(seconds=1))
        assert laptop.fast().status_code == 401

    @pytest.mark.usefixtures("lost")
    def test_it_is_an_error(self, phone, caplog):
        caplog.clear()
        assert phone.sign_out("local").status_code == 204
        assert ["did not receive the end of 1 sessions" in message for message in errors(caplog)] == [True]

    @pytest.mark.usefixtures("lost")
    def test_another_process_within_the_bound(self, laptop, phone, clock):
        in_another_process()
        assert laptop.fast().status_code == 200
        clock.shift(BOUND)
        assert laptop.fast().status_code == 401
        assert phone.fast().status_code == 200

    def test_it_is_asked_again_after_the_bound(self, laptop, phone, refuse, breaker_clock, clock):
        laptop.fast()
        phone.fast()
        refuse(*WRITES, "delete_many")
        phone.sign_out("others")
        assert asked(phone.fast) == (["SELECT"], [])
        Shared.before = None
        breaker_clock[0] += BOUND.total_seconds() + 1
        clock.shift(BOUND)
        assert asked(phone.fast)[1] == ["get", "add"]
        assert asked(phone.fast) == ([], ["get"])

    def test_a_later_tombstone_that_arrives_changes_nothing(self, laptop, phone, bob, refuse):
        """For the entry that was lost before is still there."""
        tablet = Device().sign_in(bob)
        laptop.fast()
        refuse(*WRITES, "delete_many")
        phone.sign_out("others")
        Shared.before = None
        assert tablet.sign_out().status_code == 204
        assert laptop.fast().status_code == 401


SERIALIZERS = {
    "JSON": ("django_redis.cache.RedisCache", "django_redis.serializers.json.JSONSerializer"),
    "msgpack": ("django_redis.cache.RedisCache", "django_redis.serializers.msgpack.MSGPackSerializer"),
    "own": ("django.core.cache.backends.redis.RedisCache", "tests.host.caches.JSONSerializer"),
    "valkey": ("django_valkey.cache.ValkeyCache", "django_valkey.serializers.json.JSONSerializer"),
}


@pytest.mark.usefixtures("rest_only")
@pytest.mark.parametrize("name", SERIALIZERS)
def test_a_serializer_that_holds_plain_values_only(laptop, settings, redis_address, name):
    """A hit is a hit, and gives what the other check gives."""
    backend, serializer = SERIALIZERS[name]
    pytest.importorskip(backend.partition(".")[0], reason=f"{backend} is not installed")
    options = {("serializer" if name == "own" else "SERIALIZER"): serializer}
    settings.CACHES = {
        **settings.CACHES,
        "shared": {"BACKEND": backend, "LOCATION": f"{redis_address}/12", "OPTIONS": options},
    }
    first = laptop.fast("name/").json()
    assert asked(laptop.fast) == ([], [])
    assert laptop.fast("name/").json() == first
    assert laptop.sign_out("local").status_code == 204
    assert laptop.fast().status_code == 401
    caches["shared"].clear()
