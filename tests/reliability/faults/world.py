"""Two people with devices of every kind, whose state is read, compared and restored on a connection of its own."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections, connection
from django.test import override_settings

from auth_sessions.models import RefreshToken, Session
from tests.host.models import Draft, PushDevice
from tests.settings import WITHOUT
from tests.support.admin import AdminClient
from tests.support.browser import Browser
from tests.support.device import IPHONE, PASSWORD, Device
from tests.support.hand_over import ask
from tests.support.sessions import clear_expired
from tests.support.simplejwt import old_refresh_token

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

PROJECT = {
    "ROOT_URLCONF": "tests.host.simplejwt_urls",
    "AUTH_SESSIONS_SIMPLEJWT_UNTIL": None,
    "AUTH_SESSIONS_SUPABASE_SIGNUP": True,
    "AUTH_SESSIONS_REAUTHENTICATION_AGE": None,
}
"""It serves every interface."""

TABLES = ("auth_sessions_", "host_", "django_session", get_user_model()._meta.db_table)
"""What those begin with that say who is signed in, and what belongs to a session."""

NOT_COMPARED_COLUMNS = {"last_login", "hand_over_digest"}
"""A code that was used up, and signed nobody in, is a state of no session: the app asks for another one."""

FOLLOWING = {"password_fingerprint", "django_session_key", "session_key", "session_data", "password"}
"""Columns that follow Django's session and the user one after the other, at the latest with the next request."""

MINUTES_LATER = timedelta(minutes=11)
"""The clean-up leaves alone what may belong to a request that is not answered yet."""

UNFORESEEABLE = {
    *("id", "session_id", "depends_on_id", "secret", "password_fingerprint", "django_session_key", "session_key"),
    *("session_data", "password", "hand_over_digest", "digest", "uuid", "user_id"),
}
"""Columns whose new values are other ones in each run."""

NEW = "new"


class World:
    """A person, Ada, with devices of every kind, and Grace, who is of the staff."""

    def __init__(self, clock):
        self.clock = clock
        self.observer = connection.copy()
        """Its statements are not counted, and it is not cut."""
        users = get_user_model().objects
        self.ada = users.create_user("ada", email="ada@example.org", password=PASSWORD)
        self.grace = users.create_user("grace", password=PASSWORD, is_staff=True, is_superuser=True)
        self.tablet = Device().sign_in(self.ada)
        self.laptop, self.phone = Device().sign_in(self.ada), Device(IPHONE).sign_in(self.ada)
        self.browser, self.library = Browser().sign_in(self.ada), Browser().sign_in(self.ada)
        self.admin, self.staff = AdminClient(self.grace), Device().sign_in(self.grace)
        self.admin.get("/admin/")
        self.old_token = old_refresh_token(self.ada)
        self.parent = self.phone.copy()
        self.phone.refresh()
        for session in Session.objects.all():
            PushDevice.objects.create(session=session, token="push")
            Draft.objects.create(session_key=session.pk)
        Session.objects.filter(pk=self.tablet.session_id).update(expires_at=NOW - timedelta(days=1))
        RefreshToken.objects.filter(pk=self.phone.session_id).update(rotated_at=NOW - timedelta(minutes=1))
        self.code = ask(self.laptop)
        self.session = Session.objects.get(pk=self.laptop.session_id)
        self.devices = {"laptop": self.laptop, "phone": self.phone, "browser": self.browser, "library": self.library}
        self.devices["staff"] = self.staff
        with self.observer.cursor() as cursor:
            names = self.observer.introspection.django_table_names(only_existing=True, include_views=False)
            self.tables = [name for name in names if name.startswith(TABLES)]
            self.columns = {
                table: [column.name for column in self.observer.introspection.get_table_description(cursor, table)]
                for table in self.tables
            }
        self.start = self.read()
        self.known = {
            (table, name): {_hashable(value) for value in values}
            for table, rows in self.start.items()
            for name, values in zip(self.columns[table], zip(*rows, strict=True), strict=False)
        }
        """The values of a column that are not new."""

    def read(self):
        """Every row, as the database has it."""
        with self.observer.cursor() as cursor:
            return {table: self._rows(cursor, table) for table in self.tables}

    def _rows(self, cursor, table):
        cursor.execute(f"SELECT * FROM {self.observer.ops.quote_name(table)}")
        return sorted((tuple(map(_plain, row)) for row in cursor.fetchall()), key=repr)

    def write(self, state):
        """Restore what has been read."""
        now, quote, observer = self.read(), self.observer.ops.quote_name, self.observer
        changed = [table for table in self.tables if now[table] != state[table]]
        disabled = observer.disable_constraint_checking()
        try:
            observer.set_autocommit(False)
            with observer.cursor() as cursor:
                for table in changed:
                    cursor.execute(f"DELETE FROM {quote(table)}")
                    names = ", ".join(map(quote, self.columns[table]))
                    places = ", ".join(["%s"] * len(self.columns[table]))
                    cursor.executemany(f"INSERT INTO {quote(table)} ({names}) VALUES ({places})", state[table])
            observer.commit()
        finally:
            observer.set_autocommit(True)
            if disabled:
                observer.enable_constraint_checking()

    def restore(self):
        close_old_connections()
        self.write(self.start)

    def state(self):
        """What is compared: the rows of the app, of what belongs to a session, and of the users."""
        return self.compared(self.read())

    def compared(self, rows, ignoring=frozenset()):
        rows = dict(rows)
        rows["django_session"] = [row for row in rows["django_session"] if self._login_in(row)]
        return {
            table: sorted(
                (self._compared(table, row, NOT_COMPARED_COLUMNS | ignoring) for row in rows[table]), key=repr
            )
            for table in self.tables
        }

    def _login_in(self, entry):
        """Whose login an entry of Django's store holds; those without one are Django's to clear."""
        data = dict(zip(self.columns["django_session"], entry, strict=True))["session_data"]
        return SessionStore().decode(data).get(SESSION_KEY)

    def _compared(self, table, row, ignored):
        return tuple(
            NEW
            if name in UNFORESEEABLE and _hashable(value) not in self.known.get((table, name), ())
            else _hashable(value)
            for name, value in zip(self.columns[table], row, strict=True)
            if name not in ignored
        )

    def swept(self):
        """The state after a clean-up, which changes nothing of it."""
        kept = self.read()
        self.clock.shift(MINUTES_LATER)
        clear_expired()
        self.clock.move_to(NOW)
        state = self.compared(self.read(), ignoring=FOLLOWING)
        self.write(kept)
        return state

    def signed_in(self):
        """Who is signed in; what the question changes is undone."""
        kept = self.read()
        names = {name for name, device in self.devices.items() if device.copy().is_signed_in()}
        self.write(kept)
        return names

    def user(self):
        """Ada as a view reads her, on the connection of the test."""
        return get_user_model().objects.get(pk=self.ada.pk)

    def close(self):
        close_old_connections()
        self.observer.close()


needs_everything = pytest.mark.skipif(
    get_user_model()._meta.label != "auth.User" or bool(WITHOUT),
    reason="the doors need every part of the host, and Django's own user model",
)


@contextmanager
def world():
    """The people and their devices, in the project that they use, at a time that stands still."""
    with override_settings(**PROJECT), time_machine.travel(NOW, tick=False) as clock:
        made = World(clock)
        try:
            yield made
        finally:
            made.close()


def is_part(state, others):
    """Whether each row is one of another state's."""
    return all(any(row in other[table] for other in others) for table, rows in state.items() for row in rows)


def is_mixed(state, others):
    """Whether each row is one of two other states', and all are there that these agree on."""
    one, other = others
    agreed = ((table, row) for table, rows in one.items() for row in rows if row in other[table])
    return is_part(state, others) and all(row in state[table] for table, row in agreed)


def differences(state, other):
    """For people: the rows that are in one of two states only."""
    return {
        table: {
            "only here": [row for row in state[table] if row not in other[table]],
            "missing": [row for row in other[table] if row not in state[table]],
        }
        for table in state
        if state[table] != other[table]
    }


def _plain(value):
    return bytes(value) if isinstance(value, memoryview) else value


def _hashable(value):
    return repr(value) if isinstance(value, (list, dict)) else value
