"""Where a test finds a Redis, and a port for a server of its own."""

import os
import socket

import pytest

REDIS = ("127.0.0.1", int(os.environ.get("REDIS_PORT", "6379")))


def need_redis():
    """Skip the test where its client is not installed or no server answers."""
    pytest.importorskip("redis", reason="redis is not installed")
    try:
        socket.create_connection(REDIS, timeout=1).close()
    except OSError as error:
        pytest.skip(f"no Redis: {error}")


def redis_address(database):
    return "redis://{}:{}/{}".format(*REDIS, database)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
