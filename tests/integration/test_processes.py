"""The example as several processes over one PostgreSQL and one Redis: signed out on one, refused on the other."""

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

import pytest

from tests.support.paths import ROOT
from tests.support.servers import RedisServer, free_port, or_skipped, running

SERVERS, WORKERS = 2, 2
DEVICES, CALLERS, REQUESTS = 60, 6, 4000
CHECKED = {"cached": "/api/me/", "SQL": "/api/auth/sessions/current/"}

ISSUE = """
import json, sys
from django.contrib.auth.models import User
from auth_sessions import tokens
from auth_sessions.core.creation import create_session
ada = User.objects.get(username="ada")
pairs = [tokens.issue(create_session(ada)) for _ in range(int(sys.argv[1]))]
print(json.dumps([pair.access for pair in pairs]))
"""


@pytest.fixture(scope="module")
def redis_server():
    pytest.importorskip("redis", reason="redis is not installed")
    with or_skipped(), RedisServer.own() as server:
        yield server


@pytest.fixture(scope="module")
def environment(redis_server):
    """Of a throw-away database and a Redis that nobody else uses."""
    pytest.importorskip("gunicorn", reason="several processes need gunicorn")
    psycopg = pytest.importorskip("psycopg", reason="several processes need psycopg")
    name = f"test_auth_sessions_processes_{os.getpid()}"
    with or_skipped(), running("postgresql") as where:
        server = {variable.removeprefix("PG").lower(): value for variable, value in where.items()}
        with psycopg.connect(**server, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            yield {
                **os.environ,
                **where,
                "PGDATABASE": name,
                # A busy machine may take longer than the example would wait.
                "REDIS_URL": f"{redis_server.address}?socket_timeout=10&socket_connect_timeout=10",
                "DJANGO_SETTINGS_MODULE": "example_project.settings",
            }
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def servers(environment):
    """The ports of the servers."""
    run = partial(subprocess.run, cwd=ROOT, env=environment, check=True)
    run([sys.executable, "manage.py", "demo", "--no-server"])
    ports = [free_port() for _ in range(SERVERS)]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--workers",
        str(WORKERS),
        "--log-level",
        "error",
        "--keep-alive",
        "60",
    ]
    command += ["--worker-class", "gthread", "--threads", "4"]
    start = partial(subprocess.Popen, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = [start([*command, "--bind", f"127.0.0.1:{port}", "tests.integration.patient_wsgi"]) for port in ports]
    for port in ports:
        wait_for(port)
    yield ports
    for server in running:
        server.terminate()
    for server in running:
        server.wait(20)


def wait_for(port):
    for _ in range(300):
        try:
            with Server(port) as server:
                return server.call("GET", "/api/me/")
        except OSError:
            time.sleep(0.1)
    return pytest.fail("a server did not answer within half a minute")


class Server:
    """One connection to one of them."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.connection.close()

    def call(self, method, path, body=None, access=None):
        headers = {"Content-Type": "application/json"}
        if access:
            headers["Authorization"] = f"Bearer {access}"
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read() or "null")


@pytest.fixture
def issue(environment, servers):
    def issue(number):
        command = [sys.executable, "-c", f"import django; django.setup()\n{ISSUE}", str(number)]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    return issue


@pytest.fixture
def connect():
    with ExitStack() as stack:
        yield lambda ports: [stack.enter_context(Server(port)) for port in ports]


@pytest.mark.parametrize("path", CHECKED.values(), ids=CHECKED)
def test_a_sign_out_on_one_is_refused_on_the_other_at_once(servers, connect, issue, path):
    one, other = connect(servers)
    laptop, phone = issue(2)
    for server in (one, other) * (2 * WORKERS):
        assert [server.call("GET", path, access=access)[0] for access in (laptop, phone)] == [200, 200]
    assert one.call("POST", "/api/auth/sign-out/", {"scope": "local"}, laptop)[0] == 204
    fresh = connect(servers * (4 * WORKERS))
    assert {server.call("GET", path, access=laptop)[1]["code"] for server in fresh} == {"session_not_found"}
    assert {server.call("GET", path, access=phone)[0] for server in fresh} == {200}


@dataclass
class Signed:
    """A signed-in device, and when it was signed out."""

    access: str
    leaving_at: float = float("inf")
    left_at: float = float("inf")
    turn: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Observed:
    requests: int = 0
    sign_outs: int = 0
    accepted: Counter = field(default_factory=Counter)
    accepted_after: list = field(default_factory=list)
    refused_before: list = field(default_factory=list)
    failed: list = field(default_factory=list)


def carry_on(servers, devices, observed, seed):
    """One of many callers: asks any server for any device, by either check; now and then it signs one out."""
    choose = random.Random(seed)
    for number in range(REQUESTS // CALLERS):
        device, server = choose.choice(devices), choose.choice(servers)
        observed.requests += 1
        if number % (REQUESTS // DEVICES // 2) == 0 and device.turn.acquire(blocking=False):
            device.leaving_at = time.monotonic()
            status, _ = server.call("POST", "/api/auth/sign-out/", {"scope": "local"}, device.access)
            device.left_at = time.monotonic()
            observed.sign_outs += 1
            if status != 204:
                observed.failed.append(status)
            continue
        name, path = choose.choice(list(CHECKED.items()))
        began = time.monotonic()
        status, _ = server.call("GET", path, access=device.access)
        observed.accepted[name] += status == 200
        if status == 200 and began > device.left_at:
            observed.accepted_after.append((name, began - device.left_at))
        elif status == 401 and time.monotonic() < device.leaving_at:
            observed.refused_before.append(name)
        elif status not in {200, 401}:
            observed.failed.append(status)


@pytest.fixture
def looked_up(redis_server):
    """How often the cache had what it was asked for, and how often not."""

    def look():
        stats = redis_server.client().info("stats")
        return Counter(hits=stats["keyspace_hits"], misses=stats["keyspace_misses"])

    return look


@pytest.mark.slow
def test_under_load_no_process_accepts_who_was_signed_out(servers, connect, issue, looked_up, record_property):
    devices, observed, before = [Signed(access) for access in issue(DEVICES)], Observed(), looked_up()
    connections = [connect(servers) for _ in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(lambda seed: carry_on(connections[seed], devices, observed, seed), range(CALLERS)))
    cached = looked_up() - before
    violations = len(observed.accepted_after) + len(observed.refused_before) + len(observed.failed)
    record_property("message", f"{observed.requests} requests, {observed.sign_outs} sign-outs, {violations} violations")
    record_property("message", f"accepted by check: {dict(observed.accepted)}; cache: {dict(cached)}")
    assert observed.sign_outs > DEVICES // 4
    assert (observed.accepted_after, observed.refused_before, observed.failed) == ([], [], [])
    # Or it was the database that both checks asked.
    assert cached["hits"] > observed.accepted["cached"] / 2 > cached["misses"]
