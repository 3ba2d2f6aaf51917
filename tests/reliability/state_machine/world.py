"""The real app on a real database: how a run begins and ends, and what is left in its tables."""

import logging
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import time_machine
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.db import connection
from django.test import override_settings

from auth_sessions.core import circuit_breaker, session_cache
from auth_sessions.models import Session
from auth_sessions.signals import sessions_ended, sessions_ending
from tests.host.models import Draft, PushDevice
from tests.reliability.state_machine.cache import FaultyCache
from tests.support.device import PASSWORD

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
STAYING = {"django_content_type", "auth_permission", "django_migrations"}
STAFF = "grace"


def settings_of(rules):
    return {
        "AUTH_SESSIONS_REUSE_POLICY": rules.policy,
        "AUTH_SESSIONS_LIFETIME": _duration(rules.lifetime),
        "AUTH_SESSIONS_IDLE_TIMEOUT": _duration(rules.idle),
        "AUTH_SESSIONS_MAX_PER_USER": rules.limit,
        "AUTH_SESSIONS_LIMIT_POLICY": "refuse" if rules.refuses_at_limit else "evict_oldest",
        "AUTH_SESSIONS_CACHE": "shared",
        "SESSION_COOKIE_AGE": 100 * 366 * 86_400,  # the end of Django's own sessions is tested elsewhere
        "SIMPLE_JWT": {"ACCESS_TOKEN_LIFETIME": _duration(rules.access_lifetime), "LEEWAY": rules.leeway // 1000},
        "CACHES": {
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
            "shared": {"BACKEND": "tests.reliability.state_machine.cache.FaultyCache", "LOCATION": "machine"},
        },
    }


def _duration(milliseconds):
    return None if milliseconds is None else timedelta(milliseconds=milliseconds)


class World:
    """Begins empty. The clock stands still until it is moved."""

    def __init__(self, rules):
        self.stack = ExitStack()
        self.traveller = self.stack.enter_context(time_machine.travel(START, tick=False))
        self.stack.enter_context(override_settings(**settings_of(rules)))
        self.stack.enter_context(_patient_breaker())
        logging.disable(logging.CRITICAL)  # thousands of sign-outs; the log has tests of its own
        self.stack.callback(logging.disable, logging.NOTSET)
        self.now = 0
        self.announced = set()
        """The keys of the sessions that ``sessions_ended`` has named."""
        sessions_ending.connect(self._delete_drafts)
        sessions_ended.connect(self._note)
        _empty_tables()
        caches["shared"].clear()
        FaultyCache.failing = FaultyCache.losing = frozenset()
        self.user_model = get_user_model()
        self.add_user(STAFF, is_staff=True, is_superuser=True)

    def close(self):
        sessions_ending.disconnect(self._delete_drafts)
        sessions_ended.disconnect(self._note)
        self.stack.close()
        FaultyCache.failing = FaultyCache.losing = frozenset()

    def _delete_drafts(self, sessions, **event):
        """As a project's receiver does."""
        Draft.objects.filter(session_key__in=[session.pk for session in sessions]).delete()

    def _note(self, sessions, **event):
        self.announced.update(str(session.pk) for session in sessions)

    # The clock

    def advance(self, milliseconds):
        self.now += milliseconds
        self.traveller.move_to(self._moment(self.now))

    @contextmanager
    def skewed(self, milliseconds):
        """What is asked meanwhile is asked of a server whose clock is that much ahead."""
        self.traveller.move_to(self._moment(self.now + milliseconds))
        try:
            yield self.now + milliseconds
        finally:
            self.traveller.move_to(self._moment(self.now))

    def _moment(self, milliseconds):
        return START + timedelta(milliseconds=milliseconds)

    # People

    def add_user(self, name, **fields):
        return self.user_model.objects.create_user(name, f"{name}@example.org", PASSWORD, **fields)

    def user(self, name):
        return self.user_model.objects.get(username=name)

    def forget_staff(self):
        """So that a limit does not count the earlier sign-ins of the staff."""
        Session.objects.filter(user__username=STAFF).delete()

    # What is there

    def add_related(self, session_key):
        PushDevice.objects.create(session_id=session_key, token="x")
        Draft.objects.create(session_key=session_key)

    def rows(self):
        """The sessions by key: confirmed generation, last seen, generation and time of the last rotation."""
        rows = Session.objects.exclude(user__username=STAFF).values_list(
            "pk", "confirmed_generation", "last_seen_at", "refresh_token__generation", "refresh_token__rotated_at"
        )
        return {
            str(key): (confirmed, self._milliseconds(seen), generation, self._milliseconds(rotated))
            for key, confirmed, seen, generation, rotated in rows
        }

    def related(self):
        """The keys of the sessions that have a related object, of either kind."""
        devices = PushDevice.objects.values_list("session_id", flat=True)
        drafts = Draft.objects.values_list("session_key", flat=True)
        return {str(key) for key in devices}, {str(key) for key in drafts}

    def cache_entry(self, session_key):
        return caches["shared"].store.get(f"auth_sessions.{session_key}")

    def store_has(self, cookie):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM django_session WHERE session_key = %s", [cookie])
            return bool(cursor.fetchone()[0])

    def _milliseconds(self, moment):
        return None if moment is None else round((moment - START) / timedelta(milliseconds=1))


@contextmanager
def _patient_breaker():
    """A new circuit breaker that goes by the clock of the run: a busy machine is no slow cache."""
    kept = session_cache.breaker, circuit_breaker.monotonic
    session_cache.breaker = circuit_breaker.CircuitBreaker()
    circuit_breaker.monotonic = lambda: datetime.now(UTC).timestamp()
    try:
        yield
    finally:
        session_cache.breaker, circuit_breaker.monotonic = kept


def _empty_tables():
    quote = connection.ops.quote_name
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f"DELETE FROM {quote(table)}")


def _tables(known=[]):  # noqa: B006 - read once
    if not known:
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        known.extend(name for name in names if name not in STAYING)
    return known
