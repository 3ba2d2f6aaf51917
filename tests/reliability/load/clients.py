"""Threads that ask for devices, sign them in, and sign them out by any door; and what they have seen."""

import itertools
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field

from tests.reliability.load.connection import Connection
from tests.reliability.load.doors import ALL, DOORS, ONE, OTHERS
from tests.reliability.load.people import KINDS, NEVER, Person, sign_in

PEOPLE, CLIENTS = 40, 12

DOOR = 0.015
"""Of the requests of a device that is signed in: some end it."""
REFRESH = 0.05
ASKED_AFTER = 40
"""So many requests follow a sign-out, then the device signs in anew."""

CHECKS = {
    "tokens": {"SQL": "/checked/sql/", "cached": "/checked/cached/", "REST": "/api/auth/sessions/current/"},
    "Supabase": {"SQL": "/checked/sql/", "cached": "/checked/cached/", "Supabase": "/auth/v1/user"},
    "cookie": {"SQL": "/checked/cookie/", "page": "/account/devices/"},
}
REFUSED = {302, 400, 401, 403}

CHOSEN = {
    ONE: lambda device: lambda devices: [device],
    ALL: lambda device: list,
    OTHERS: lambda device: lambda devices: [each for each in devices if each is not device],
}
"""Whom a door ends, among all devices of the person."""

_numbers = itertools.count()


@dataclass
class Seen:
    """Of each check and credential: the requests, those that were accepted, and so on."""

    requests: Counter = field(default_factory=Counter)
    accepted: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    after: Counter = field(default_factory=Counter)
    """Begun after the answer to a sign-out of the device."""
    accepted_after: Counter = field(default_factory=Counter)
    refused_before: Counter = field(default_factory=Counter)
    """Although no sign-out of the device had begun."""
    failed: Counter = field(default_factory=Counter)
    """5xx, and what is neither accepted nor refused."""
    doors: Counter = field(default_factory=Counter)
    doors_too_late: Counter = field(default_factory=Counter)
    """Which another sign-out had forestalled."""
    sign_ins: int = 0

    @classmethod
    def together(cls, several):
        whole = cls()
        for seen in several:
            whole.sign_ins += seen.sign_ins
            for name, counter in vars(seen).items():
                if isinstance(counter, Counter):
                    vars(whole)[name].update(counter)
        return whole

    @property
    def total(self):
        return sum(self.requests.values())


class Site:
    """What one thread does."""

    def __init__(self, fleet, staff, people, slots, seed):
        self.fleet, self.staff, self.people, self.slots = fleet, staff, people, slots
        self.random, self.seen = random.Random(seed), Seen()
        self.connections = {port: Connection(port) for port in fleet.all_ports}

    def close(self):
        for connection in self.connections.values():
            connection.connection.close()

    def choose(self, values):
        return self.random.choice(values)

    def connection(self, engine=None):
        return self.connections[self.choose(self.fleet.ports[engine] if engine else self.fleet.all_ports)]

    def call(self, caller, *args, **options):
        """By any server; a browser's, by those of its engine."""
        return self.connection(caller.engine).call(*args, **options)

    def step(self):
        number = self.random.randrange(len(self.slots))
        device = self.slots[number]
        is_orphan = device.is_here and device.person not in self.people
        if device.asked_after >= ASKED_AFTER or is_orphan:
            self.slots[number] = self.sign_in(device)
        elif device.is_here and self.random.random() < DOOR:
            self.leave(device)
        else:
            self.ask(device)

    def sign_in(self, former):
        """In the place of a device that is gone: of the same kind, maybe of another person."""
        person = former.person if former.person in self.people else self.choose(self.people)
        self.seen.sign_ins += 1
        return sign_in(person, former.kind, self.connection(former.engine), former.engine)

    def ask(self, device):
        if not device.is_browser and self.random.random() < REFRESH and device.turn.acquire(blocking=False):
            try:
                self.watch(device, "refresh", lambda: self.refresh(device))
            finally:
                device.turn.release()
            return
        name, path = self.choose(list(CHECKS[device.kind].items()))
        credentials = device.credentials
        self.watch(device, name, lambda: self.status(self.call(device, "GET", path, **credentials)))

    def refresh(self, device):
        """True, False, or None for a failure."""
        answer = self.call(device, "POST", "/api/auth/token/refresh/", data={"refresh": device.refresh})
        if answer.status == 200:
            device.access, device.refresh = answer.json["access"], answer.json["refresh"]
        return self.status(answer)

    @staticmethod
    def status(answer):
        return True if answer.status == 200 else False if answer.status in REFUSED else None

    def watch(self, device, check, call):
        seen, row, began = self.seen, (check, self.credential(device, check)), time.monotonic()
        is_accepted = call()
        is_after = began > device.left_at
        seen.requests[row] += 1
        seen.after[row] += is_after
        device.asked_after += is_after
        if is_accepted is None:
            seen.failed[row] += 1
        elif is_accepted:
            seen.accepted[row] += 1
            seen.accepted_after[row] += is_after
        else:
            seen.refused[row] += 1
            seen.refused_before[row] += device.leaving_at == NEVER
            device.asked_after += not is_after  # ended by a sign-in at the same time as a sign-out

    @staticmethod
    def credential(device, check):
        if device.is_browser:
            return f"cookie, {device.engine}"
        return "refresh token" if check == "refresh" else "access token"

    def leave(self, device):
        fitting = [door for door in DOORS if device.kind in door.kinds]
        self.go_through(self.random.choices(fitting, [each.weight for each in fitting])[0], device)

    def go_through(self, door, device):
        person = device.person
        with person.turn if door.changes_person else nullcontext():
            if not device.is_here or person not in self.people:
                return
            leaving = person.begin(CHOSEN[door.ends](device))
            is_done = door.call(self, device)
            person.end(leaving, is_done=is_done)
            (self.seen.doors if is_done else self.seen.doors_too_late)[door.name] += 1
            self.afterwards(door, person)

    def go_through_each(self):
        """Each door once, by a device that is signed in for it; then the device asks again."""
        for door in DOORS:
            number = next(number for number, device in enumerate(self.slots) if device.kind == door.kinds[0])
            device = self.slots[number] = self.sign_in(self.slots[number])
            self.ask(device)
            self.go_through(door, device)
            for _ in CHECKS[device.kind]:
                self.ask(device)

    def afterwards(self, door, person):
        """Whoever was deactivated comes back, without their sessions; whoever was deleted does not."""
        if door.name == "user deactivated":
            self.fleet.worker.ask("activate", user=person.pk)
        if door.name == "user deleted":
            self.people[self.people.index(person)] = new_person(self.fleet)


def new_person(fleet, **fields):
    name = f"person-{next(_numbers)}"
    return Person(fleet.worker.ask("create_user", name=name, **fields), name, f"password of {name}")


def run(fleet, *, seconds, requests, seed, people=PEOPLE):
    """Until the time is over, or that many requests are answered."""
    engines = list(fleet.ports)
    grace = new_person(fleet, is_superuser=True)
    with Connection(fleet.ports[engines[0]][0]) as connection:
        staff = sign_in(grace, "cookie", connection, engines[0])
    people = [new_person(fleet) for _ in range(people)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        slots = list(pool.map(lambda number: _first_device(fleet, people, number), range(len(people) * len(KINDS))))
        sites = [Site(fleet, staff, people, slots, f"{seed} {number}") for number in range(CLIENTS)]
        sites[0].go_through_each()
        ends, is_over = time.monotonic() + seconds, threading.Event()

        def work(site):
            while not is_over.is_set() and time.monotonic() < ends:
                if requests and sum(each.seen.total for each in sites) >= requests:
                    return
                try:
                    site.step()
                except BaseException:
                    is_over.set()
                    raise

        try:
            for done in [pool.submit(work, site) for site in sites]:
                done.result()
        finally:
            is_over.set()  # Ctrl-C, too
    for site in sites:
        site.close()
    return Seen.together(site.seen for site in sites)


def _first_device(fleet, people, number):
    """Each person has one of each kind."""
    person, kind = people[number // len(KINDS)], list(KINDS)[number % len(KINDS)]
    engines = list(fleet.ports)
    engine = engines[number // len(KINDS) % len(engines)] if kind == "cookie" else None
    with Connection(fleet.ports[engine or engines[0]][0]) as connection:
        return sign_in(person, kind, connection, engine)
