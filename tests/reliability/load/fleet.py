"""The processes of a run: servers over one PostgreSQL and one Redis, and a worker."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from tests.reliability.load.connection import Connection
from tests.support.paths import ROOT
from tests.support.servers import RedisServer, free_port, running

STARTED_WITHIN = 180  # seconds, on a machine that is very busy

GUNICORN = ["gunicorn", "--worker-class=gthread", "--threads=4", "--workers=1", "--keep-alive=60", "--log-level=error"]
SERVERS = [
    ("gunicorn", "db"),
    ("daphne", "db"),
    ("gunicorn", "cached_db"),
    ("gunicorn", "cached_db"),
]
"""What serves, and its ``SESSION_ENGINE``: a browser calls those of one engine, and is signed out by any."""


@dataclass
class Fleet:
    ports: dict
    """Of the servers, by engine."""
    redis: RedisServer
    environment: dict = field(repr=False)
    worker: "Worker"

    @property
    def all_ports(self):
        return [port for ports in self.ports.values() for port in ports]

    def looked_up(self):
        """How often the cache had what it was asked for, and how often not."""
        stats = self.redis.client().info("stats")
        return {"hits": stats["keyspace_hits"], "misses": stats["keyspace_misses"]}

    def command(self, *arguments):
        """``manage.py``, in a process of its own."""
        subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


class Worker:
    def __init__(self, start):
        self.turn = threading.Lock()
        command = [sys.executable, "-m", "tests.reliability.load.project.worker"]
        self.process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, order, **arguments):
        with self.turn:
            self.process.stdin.write(json.dumps([order, arguments]) + "\n")
            self.process.stdin.flush()
            told = json.loads(self.process.stdout.readline())
        if "error" in told:
            raise RuntimeError(f"{order}: {told['error']}")
        return told["answer"]


@contextmanager
def fleet():
    """All of them, stopped in the end. Raises ``Unavailable`` where a server cannot be had."""
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer.own())
        environment = stack.enter_context(_database(redis))
        start = partial(_started, stack, environment)
        ports = {engine: [] for _, engine in SERVERS}
        for kind, engine in SERVERS:
            port = free_port()
            asynchronous = {"LOAD_ASGI": "1"} if kind == "daphne" else {}
            start([sys.executable, "-m", *_command(kind, port)], LOAD_ENGINE=engine, **asynchronous)
            ports[engine].append(port)
        whole = Fleet(ports, redis, environment, Worker(start))
        for port in whole.all_ports:
            _wait_for(port)
        yield whole


def _command(kind, port):
    if kind == "daphne":
        return [
            "daphne",
            "-v",
            "0",
            "-b",
            "127.0.0.1",
            "-p",
            str(port),
            "tests.reliability.load.project.asgi:application",
        ]
    return [*GUNICORN, "--bind", f"127.0.0.1:{port}", "tests.integration.patient_wsgi"]


@contextmanager
def _database(redis):
    """A throw-away one, migrated; the environment that leads to it."""
    import psycopg

    name = f"test_auth_sessions_load_{os.getpid()}"
    with running("postgresql") as where:
        server = {variable.removeprefix("PG").lower(): value for variable, value in where.items()}
        with psycopg.connect(**server, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            environment = {
                **os.environ,
                **where,
                "PGDATABASE": name,
                # A busy machine may take longer than the example would wait.
                "REDIS_URL": f"{redis.address}?socket_timeout=10&socket_connect_timeout=10",
                "DJANGO_SETTINGS_MODULE": "tests.reliability.load.project.settings",
            }
            try:
                migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
                subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
                yield environment
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _started(stack, environment, command, *, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, text=None, **more):
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**environment, **more},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        text=text,
    )
    stack.callback(_stop, process)
    return process


def _stop(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()


def _wait_for(port):
    ends = time.monotonic() + STARTED_WITHIN
    while True:
        try:
            with Connection(port) as connection:
                return connection.call("GET", "/checked/sql/")
        except OSError:
            if time.monotonic() > ends:
                raise TimeoutError(f"a server did not answer within {STARTED_WITHIN} s") from None
            time.sleep(0.1)
