"""What a test needs beside its own process: a Redis, a port for a server, the environment of a run within the run."""

import os
import socket

import pytest

HOST = {"AUTH_SESSIONS_TEST_DATABASE", "AUTH_SESSIONS_TEST_USER", "AUTH_SESSIONS_TEST_WITHOUT"}

usual_host = pytest.mark.skipif(not HOST.isdisjoint(os.environ), reason="other hosts are tried by the usual run alone")

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


def run_apart(name, **changed):
    """The environment of a test run within this one: what it covers is added, and nothing of this one's is taken."""
    file = os.environ.get("COVERAGE_FILE")
    return {**os.environ, **({"COVERAGE_FILE": f"{file}.{name}"} if file else {}), **changed}
