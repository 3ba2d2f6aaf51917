"""The same over loopback HTTP: one gunicorn process, and threads of this process that call it on kept connections."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from benchmarks.calls import Call, check, over_http
from benchmarks.contenders.base import Contender, Device
from benchmarks.operations import Operation

STARTED_WITHIN = 30
TIMEOUT = 30


class Server:
    """gunicorn with one worker process, on a port that the system chose."""

    def __init__(self, *, threads: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            # As gunicorn sets it on ports that it opens itself; or each answer waits for the client's delayed ACK.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.port = listening.getsockname()[1]
            os.set_inheritable(listening.fileno(), True)
            options = ["--worker-class=gthread", f"--threads={threads}", "--workers=1", "--keep-alive=60"]
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "gunicorn",
                    *options,
                    "--log-level=warning",
                    f"--bind=fd://{listening.fileno()}",
                    "django.core.wsgi:get_wsgi_application()",
                ],
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
            )

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def load(self, contender: Contender, operation: Operation, callers: list[list[Device]], ready: Device) -> float:
        """Requests per second while each of the callers calls for its devices in turn, all at the same time.

        As in process, the calls are prepared before the clock runs; but a refresh, which needs the answer to the last.
        """
        calls: list[Iterable[Call]] = [map(getattr(contender, operation.method), devices) for devices in callers]
        if operation.method != "refresh":
            calls = [list(each) for each in calls]
        with ThreadPoolExecutor(len(callers)) as pool:
            connections = [self._ready(contender, ready) for _ in callers]
            begun = time.perf_counter()
            done = [
                pool.submit(_call, contender, operation, *caller)
                for caller in zip(callers, calls, connections, strict=True)
            ]
            for each in done:
                each.result()
            seconds = time.perf_counter() - begun
        for connection in connections:
            connection.close()
        return sum(map(len, callers)) / seconds

    def _ready(self, contender: Contender, device: Device) -> http.client.HTTPConnection:
        """A connection that has been answered once. The port listens before the server does: so the wait is long."""
        connection = self.connect()
        call = contender.request(device)
        check(call, over_http(connection, call))
        return connection

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _call(
    contender: Contender,
    operation: Operation,
    devices: list[Device],
    calls: Iterable[Call],
    connection: http.client.HTTPConnection,
) -> None:
    for device, call in zip(devices, calls, strict=True):
        answer = over_http(connection, call)
        check(call, answer)
        if operation.method == "refresh":
            contender.refreshed(device, answer)
