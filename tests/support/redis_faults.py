"""What may go wrong with a Redis that nobody else uses: how each fault begins and ends."""

import time
from contextlib import contextmanager
from functools import partial

from auth_sessions.core import session_cache
from tests.support.servers import RedisServer

TIMEOUT = 0.3
"""Seconds that the cache's client waits for an answer."""


def cache_settings(server):
    """A cache that counts what it is asked, over the server."""
    return {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "shared": {
            "BACKEND": "tests.host.caches.SharedRedis",
            "LOCATION": server.address,
            "OPTIONS": {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT},
        },
    }


def comes_back():
    """The cache is asked again, as by another process."""
    session_cache.breaker.open_until = session_cache.breaker.held_until = 0.0


def fill(server):
    """It is at its limit of memory, without eviction: it still reads and deletes."""
    server.client().config_set("maxmemory-policy", "noeviction")
    server.client().config_set("maxmemory", 1)


def make_room(server):
    server.client().config_set("maxmemory", 0)


def be_replica(server):
    """Of a server that does not answer: it takes no writes."""
    server.client().replicaof("127.0.0.1", 1)


def be_primary(server):
    server.client().replicaof("NO", "ONE")


FAULTS = {
    "stopped": (RedisServer.stop, RedisServer.start),
    "hanging": (RedisServer.hang, RedisServer.go_on),
    "paused": (lambda server: server.pause(3 * TIMEOUT), lambda server: time.sleep(3 * TIMEOUT)),
    "flushed": (lambda server: server.client().flushall(), lambda server: None),
    "full": (fill, make_room),
    "read-only": (be_replica, be_primary),
}


@contextmanager
def fault_of(server, name):
    """What begins a fault, and what ends it. ``"failed over"`` is a fault, too, and ends with the block."""
    if name == "failed over":
        with failing_over(server) as fail:
            yield fail, lambda: None
    else:
        fail, mend = FAULTS[name]
        yield partial(fail, server), partial(mend, server)


@contextmanager
def failing_over(server):
    """What lets a replica answer in the server's place, which has what that holds now, and nothing written later."""
    with RedisServer.own() as replica:
        client = replica.client()
        client.replicaof("127.0.0.1", server.port)
        while client.info("replication")["master_link_status"] != "up":
            time.sleep(0.01)
        be_primary(replica)

        def fail():
            server.stop()
            client.config_set("port", server.port)

        yield fail
    if server.process is None:
        server.start()
