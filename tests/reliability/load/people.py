"""People and their devices, and what is known of when each was signed out."""

import threading
import time
from dataclasses import dataclass, field

NEVER = float("inf")


@dataclass(eq=False)
class Person:
    pk: int
    name: str
    password: str
    devices: set = field(default_factory=set)
    """Those whose sign-in was answered, and which no answered sign-out has ended."""
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held by a sign-in, and by what changes the password or the account."""
    noting: threading.Lock = field(default_factory=threading.Lock)
    """Held while something is noted here."""
    doors_open: int = 0
    """How many sign-outs of several devices are on their way."""
    door_closed_at: float = 0

    def begin(self, chosen):
        """A sign-out begins: of a device, or of those that ``chosen`` picks among all that are signed in."""
        with self.noting:
            self.doors_open += 1
            leaving = chosen(self.devices)
            for each in leaving:
                each.leaving_at = min(each.leaving_at, time.monotonic())
            return leaving

    def end(self, leaving, *, is_done):
        """It is answered."""
        with self.noting:
            self.door_closed_at = time.monotonic()
            self.doors_open -= 1
            if is_done:
                for each in leaving:
                    each.left_at = min(each.left_at, self.door_closed_at)
                    self.devices.discard(each)


@dataclass(eq=False)
class Device:
    """``leaving_at`` is when a sign-out of it began, and ``left_at`` when one was answered."""

    person: Person
    kind: str
    session: str
    access: str | None = None
    refresh: str | None = None
    cookies: dict = field(default_factory=dict)
    csrf: str | None = None
    engine: str | None = None
    leaving_at: float = NEVER
    left_at: float = NEVER
    asked_after: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held by a refresh, as a client does."""

    @property
    def is_browser(self):
        return self.kind == "cookie"

    @property
    def is_here(self):
        return self.left_at == NEVER

    @property
    def credentials(self):
        if self.is_browser:
            return {"cookies": self.cookies, "csrf": self.csrf}
        return {"bearer": self.access}


def sign_in(person, kind, connection, engine):
    """A new device of this kind; its sign-in is answered when this returns."""
    with person.turn:
        began = time.monotonic()
        device = KINDS[kind](person, connection)
        device.engine = engine
        with person.noting:
            if person.doors_open or person.door_closed_at > began:
                device.leaving_at = began  # a sign-out at the same time may have ended it
            person.devices.add(device)
    return device


def _by_rest(person, connection):
    body = {"username": person.name, "password": person.password}
    answer = _expect(connection.call("POST", "/api/auth/token/", data=body)).json
    return Device(person, "tokens", answer["session"]["id"], answer["access"], answer["refresh"])


def _by_supabase(person, connection):
    body = {"email": f"{person.name}@example.org", "password": person.password}
    answer = _expect(connection.call("POST", "/auth/v1/token?grant_type=password", data=body)).json
    access, refresh = answer["access_token"], answer["refresh_token"]
    session = connection.call("GET", "/api/auth/sessions/current/", bearer=access)
    return Device(person, "Supabase", session.json.get("id"), access, refresh)


def _by_cookie(person, connection):
    first = _expect(connection.call("GET", "/api/auth/sign-in/"), 204)
    body = {"username": person.name, "password": person.password}
    answer = connection.call("POST", "/api/auth/sign-in/", data=body, cookies=first.cookies, csrf=first.csrf)
    session = _expect(answer).json["id"]
    cookies = {**first.cookies, **answer.cookies}
    return Device(person, "cookie", session, cookies=cookies, csrf=answer.csrf)


def _expect(response, status=200):
    if response.status != status:
        raise RuntimeError(f"sign-in: {response.status} {response.body[:200]}")
    return response


KINDS = {"tokens": _by_rest, "Supabase": _by_supabase, "cookie": _by_cookie}
