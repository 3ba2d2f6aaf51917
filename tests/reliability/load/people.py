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
    devices: list = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held by a sign-in, and by what changes the password or the account."""
    doors_open: int = 0
    door_closed_at: float = 0


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
    signed_in_at: float = 0
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
        return self.leaving_at == NEVER

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
        device.signed_in_at, device.engine = time.monotonic(), engine
        if person.doors_open or person.door_closed_at > began:
            device.leaving_at = began  # a sign-out at the same time may have ended it
        person.devices.append(device)
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
