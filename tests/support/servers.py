"""What a test needs beside its own process: a Redis, a port for a server, the environment of a run within the run."""

import os
import shutil
import signal
import socket
import subprocess
import time

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


class RedisServer:
    """A Redis that nobody else uses, which may stop, hang and lose what it holds."""

    def __init__(self, folder):
        if shutil.which("redis-server") is None:
            pytest.skip("redis-server is not installed")
        self.redis = pytest.importorskip("redis", reason="redis is not installed")
        self.port, self.folder = free_port(), folder
        self.start()

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(1500):
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
        self.stop()
        pytest.fail("redis-server did not start")

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(10)

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def pause(self, seconds, *, all_commands=True):
        """``CLIENT PAUSE``: every command waits, or those alone that write."""
        self.client().client_pause(int(1000 * seconds), all=all_commands)

    def client(self):
        return self.redis.Redis(port=self.port)

    @property
    def address(self):
        return f"redis://127.0.0.1:{self.port}/0"
