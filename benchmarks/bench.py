"""Carries out operations for one contender, in a process of its own where Django is set up."""

import asyncio
import cProfile
import itertools
import os
import pstats
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.db import connection

from benchmarks import growth, load
from benchmarks.calls import (
    Answer,
    Call,
    UnexpectedAnswerError,
    check,
    through_asgi_handler,
    through_handler,
    without_garbage_collection,
)
from benchmarks.contenders.base import PASSWORD, Contender, Device
from benchmarks.counting import counted
from benchmarks.operations import OPERATIONS, Operation
from benchmarks.settings import ENTRY, NAME

WARM_UP = 2
STAYING = {"request", "refresh", "list"}
"""After these a device can do the same again."""


class Bench:
    """One contender with its people.

    The ``pool`` are people with one session each, who stay: requests, refreshes and lists go round among them, and
    who signs out signs in again. Whoever needs more sessions, or none, is a newcomer.
    """

    def __init__(self, *, people: int, rows: int = 0) -> None:
        self.contender: Contender = import_module(f"benchmarks.contenders.{ENTRY.module}").contender
        self.application = get_wsgi_application()
        self.asgi_application, self.loop = get_asgi_application(), asyncio.new_event_loop()
        self.numbers = itertools.count()
        self.server: load.Server | None = None
        self.contender.set_up()
        if rows:
            growth.fill(rows - people)
        self.people = [self.newcomer(0, signed_in=True) for _ in range(people)]
        self.devices = itertools.cycle(self.people)
        self.listed: dict[int, Device] = {}
        if rows:
            growth.settle()

    def newcomer(self, sessions: int, *, signed_in: bool) -> Device:
        """A new person with that many sessions, the device's own among them if it is signed in."""
        name = f"person-{os.getpid()}-{next(self.numbers)}"
        user = User.objects.create(username=name, password=make_password(PASSWORD))
        if sessions > int(signed_in):
            self.contender.add_sessions(user, sessions - int(signed_in))
        device = Device(name)
        if signed_in:
            self.sign_in(device)
        return device

    def sign_in(self, device: Device) -> None:
        call = self.contender.sign_in(device)
        answer = through_handler(self.application, call.environ())
        check(call, answer)
        self.contender.signed_in(device, answer)

    def signed_out(self) -> Device:
        """A device whose session was in use and has ended."""
        device = self.newcomer(1, signed_in=True)
        for call in (self.contender.request(device), self.contender.sign_out_one(device)):
            check(call, through_handler(self.application, call.environ()))
        return device

    def refused(self) -> Device:
        """A device whose requests are refused from now on."""
        if self.contender.refuses == "signed out":
            return self.signed_out()
        device = self.newcomer(1, signed_in=True)
        User.objects.filter(username=device.username).update(is_active=False)
        return device

    def device_for(self, operation: Operation) -> Device:
        if operation.method == "sign_in":
            return self.newcomer(operation.sessions, signed_in=False)
        if operation.method == "request_after":
            return self.signed_out()
        if operation.method == "request_refused":
            return self.refused()
        if operation.sessions == 1 and operation.method != "sign_out_all":
            return next(self.devices)
        if operation.method != "list":
            return self.newcomer(operation.sessions, signed_in=True)
        if operation.sessions not in self.listed:
            self.listed[operation.sessions] = self.newcomer(operation.sessions, signed_in=True)
        return self.listed[operation.sessions]

    def lacks(self, name: str) -> bool:
        return getattr(self.contender, OPERATIONS[name].method)(self.people[0]) is None

    def measure(self, name: str, times: int) -> dict[str, list[float]]:
        """Seconds of each call by the clock, and of this process's CPU.

        Nothing but the call is timed, and no garbage is collected meanwhile.
        """
        operation = OPERATIONS[name]
        devices = [self.device_for(operation) for _ in range(times)]
        warm_up = name if operation.method in STAYING else "request"
        for _ in range(WARM_UP):
            device = self.device_for(OPERATIONS[warm_up])
            self._one(OPERATIONS[warm_up], device)
        with without_garbage_collection():
            seconds = [self._one(operation, device) for device in devices]
        return {"clock": [clock for clock, _ in seconds], "cpu": [cpu for _, cpu in seconds]}

    def _one(self, operation: Operation, device: Device) -> tuple[float, float]:
        seconds, answer = self.timed(operation, device)
        self.absorb(operation, device, answer)
        return seconds

    def timed(self, operation: Operation, device: Device) -> tuple[tuple[float, float], Answer]:
        call, make = self._prepared(operation, device)
        clock, cpu = perf_counter(), process_time()
        answer = make()
        seconds = perf_counter() - clock, process_time() - cpu
        check(call, answer)
        return seconds, answer

    def _prepared(self, operation: Operation, device: Device) -> tuple[Call, Callable[[], Answer]]:
        """The call, and a function that makes it."""
        call = getattr(self.contender, operation.method)(device)
        if operation.is_asgi:
            request = through_asgi_handler(self.asgi_application, call, call.scope())
            return call, partial(self.loop.run_until_complete, request)
        return call, partial(through_handler, self.application, call.environ())

    def absorb(self, operation: Operation, device: Device, answer: Answer) -> None:
        """What the client does with the answer."""
        if operation.method == "refresh":
            self.contender.refreshed(device, answer)
        elif operation.method == "list" and (shown := self.contender.listed(answer)) != operation.sessions:
            raise UnexpectedAnswerError(f"{operation.label}: {shown} are listed")
        elif operation.method == "sign_out_one":
            self.sign_in(device)

    def cost(self, name: str) -> dict[str, Any]:
        """Statements and round trips of one call, once what Django reads only once has been read."""
        operation = OPERATIONS[name]
        if operation.sessions <= 10:
            self._one(operation, self.device_for(operation))
        device = self.device_for(operation)
        if operation.method == "request":
            self._one(operation, device)  # a cache knows nobody at first
        call, make = self._prepared(operation, device)
        with counted() as cost:
            answer = make()
        check(call, answer)
        self.absorb(operation, device, answer)
        return cost

    def profile(self, name: str, times: int) -> list[tuple[str, float, float, float]]:
        """Of each function that such a call runs: calls, its own microseconds, and those with what it calls."""
        operation = OPERATIONS[name]
        devices = [self.device_for(operation) for _ in range(times)]
        self._one(operation, self.device_for(operation))
        profiler = cProfile.Profile()
        for device in devices:
            call, make = self._prepared(operation, device)
            profiler.enable()
            answer = make()
            profiler.disable()
            check(call, answer)
            self.absorb(operation, device, answer)
        stats: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
        return [
            (_named(*function), calls / times, own / times * 1e6, whole / times * 1e6)
            for function, (_, calls, own, whole, _) in stats.items()
        ]

    def fate(self, method: str) -> str:
        """Whether an access token is taken after a sign-out: ``accepted`` or ``refused``; '-' without such a thing.

        The token is that of the device itself for one, of the person's other device for others and all.
        """
        here = self.newcomer(1, signed_in=True)
        there = Device(here.username)
        self.sign_in(there)
        for device in (here, there):
            if self._status(device) != 200:
                raise UnexpectedAnswerError(f"{method}: refused before the sign-out")
        call = getattr(self.contender, method)(here)
        if call is None:
            return "-"
        check(call, through_handler(self.application, call.environ()))
        if method != "sign_out_all" and self._status(there if method == "sign_out_one" else here) != 200:
            raise UnexpectedAnswerError(f"{method}: it signed out more than it should")
        status = self._status(here if method == "sign_out_one" else there)
        if status not in {200, 401, 403}:
            raise UnexpectedAnswerError(f"{method}: {status} afterwards")
        return "accepted" if status == 200 else "refused"

    def _status(self, device: Device) -> int:
        return through_handler(self.application, self.contender.request(device).environ()).status

    def database(self) -> str:
        """Which database it is, and how it treats a commit: that is a large part of every write."""
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                return f"SQLite {connection.Database.sqlite_version}, WAL, synchronous=NORMAL"
            cursor.execute("SELECT current_setting('server_version'), current_setting('fsync')")
            return "PostgreSQL {} (fsync {})".format(*cursor.fetchone())

    def serve(self, threads: int) -> None:
        self.server = load.Server(threads=threads)

    def load(self, name: str, connections: int, calls: int) -> float:
        """Requests per second over HTTP."""
        assert self.server is not None
        operation = OPERATIONS[name]
        callers = [self._devices(operation, calls) for _ in range(connections)]
        return self.server.load(self.contender, operation, callers, next(self.devices))

    def _devices(self, operation: Operation, calls: int) -> list[Device]:
        """Whose calls they are, one after the other: always the same one's, if it can do that again."""
        if operation.method in STAYING:
            return [self.device_for(operation)] * calls
        if operation.method == "sign_out_one":
            return [self.newcomer(1, signed_in=True) for _ in range(calls)]
        return [self.device_for(operation) for _ in range(calls)]

    def stop(self) -> None:
        self.loop.close()
        if self.server is not None:
            self.server.stop()
        if ENTRY.redis:
            forget_keys()


def _named(path: str, line: int, function: str) -> str:
    """A function by its module's path, from the package on."""
    package = path.rpartition("site-packages/")[2] if "site-packages/" in path else path.rpartition("/lib/")[2]
    package = package.partition(f"{Path.cwd()}/")[2] or package
    return f"{package}:{line} {function}" if line else function


def forget_keys() -> None:
    """Delete what this contender left in Redis."""
    from redis import Redis  # others need none

    client = Redis.from_url(settings.CACHES["default"]["LOCATION"])
    for key in client.scan_iter(f"{NAME}:*", count=1000):
        client.delete(key)
