"""A person with some devices, for one interleaving, among other people's rows."""

import itertools
import logging
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as StoreEntry
from django.test import override_settings
from django.utils import timezone

from auth_sessions import api
from auth_sessions.activity import receivers as history
from auth_sessions.activity.models import Activity
from auth_sessions.contrib.simplejwt.models import ExchangedToken, RefusedTokens
from auth_sessions.db.uuid7 import uuid7
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import sessions_ended
from auth_sessions.supabase.models import Profile
from tests.host.models import Draft, PushDevice
from tests.support.browser import Browser
from tests.support.device import Device
from tests.support.hand_over import ask
from tests.support.simplejwt import STRIPPED as PASSWORD
from tests.support.simplejwt import old_refresh_token

SIGNED_IN = timedelta(minutes=2)
"""How long ago: longer than the reuse interval, and shorter than an access token is valid."""

OTHERS = 100
"""Other people's sessions: a database may read, and MariaDB lock, a small table whole."""

OLD = frozenset({"laptop", "phone", "desk"})

_numbers = itertools.count()


class World:
    """A person's rows and tokens, which :meth:`reset` puts back as they were."""

    def __init__(self, staff):
        self.staff, self.name = staff, f"ada{next(_numbers)}@example.org"
        self.made_at = time.monotonic()
        clear(after=staff.last_key)
        with time_machine.travel(datetime.now(UTC) - SIGNED_IN):
            self.user = get_user_model().objects.create_user(self.name, password=PASSWORD)
            laptop, phone = (Device().sign_in(self.user, PASSWORD) for _ in range(2))
            self.first_refresh_token = laptop.refresh_token
            assert laptop.refresh().status_code == 200
            desk = Browser().sign_in(self.user, PASSWORD)
            self.old_token = old_refresh_token(self.user)
        for device in (laptop, phone):
            PushDevice.objects.create(session_id=device.session_id, token="t")
            Draft.objects.create(session_key=device.session_id)
        RefusedTokens.objects.all().delete()
        self._devices = {"laptop": laptop, "phone": phone, "desk": desk}
        self._rows = [(model, list(rows.values())) for model, rows in rows_of_people(after=staff.last_key)]
        self.reset()

    @property
    def is_old(self):
        """Access tokens are valid for five minutes."""
        return time.monotonic() - self.made_at > 100

    def reset(self):
        clear(after=self.staff.last_key)
        for model, rows in self._rows:
            model._base_manager.bulk_create([model(**values) for values in rows])
        for name, device in self._devices.items():
            setattr(self, name, with_session(device))
        self._code, self.ended = None, []

    def copy(self, name):
        """Another tab of a device, in a state of its own."""
        return answering(with_session(getattr(self, name)))

    @property
    def hand_over_code(self):
        """One code, of the laptop, for every browser."""
        self._code = self._code or ask(self.laptop)
        return self._code

    def session_id(self, name):
        return getattr(self, name).session_id

    def stored_user(self):
        return get_user_model().objects.get(pk=self.user.pk)

    def generation(self):
        return RefreshToken.objects.filter(pk=self.laptop.session_id).values_list("generation", flat=True).first()

    def make_idle(self):
        """The laptop was not used for very long."""
        long_ago = timezone.now() - timedelta(days=400)
        Session.objects.filter(pk=self.laptop.session_id).update(last_seen_at=long_ago, expires_at=None)
        RefreshToken.objects.filter(pk=self.laptop.session_id).update(rotated_at=long_ago)

    def rotate_again(self):
        """A second rotation, a minute ago, so that the first token is that of a thief."""
        if self.generation() == 1:
            with time_machine.travel(datetime.now(UTC) - SIGNED_IN / 2):
                assert self.laptop.refresh().status_code == 200

    @contextmanager
    def watched(self):
        def note(sessions, **event):
            self.ended += [str(session.pk) for session in sessions]

        sessions_ended.connect(note)
        try:
            yield
        finally:
            sessions_ended.disconnect(note)


def with_session(device):
    copy = device.copy()
    copy.session_id = device.session_id
    return copy


def answering(device):
    """With answers of 500, instead of errors: a client of Django's would raise what fails in another thread."""
    device.client.raise_request_exception = False
    return device


def rows_of_people(*, after):
    """The rows that an interleaving may change, of the models in the order in which they are inserted."""
    return [
        (get_user_model(), get_user_model().objects.exclude(is_superuser=True)),
        (Session, Session.objects.filter(pk__gt=after)),
        (RefreshToken, RefreshToken.objects.filter(pk__gt=after)),
        (PushDevice, PushDevice.objects.all()),
        (Draft, Draft.objects.all()),
        (Activity, Activity.objects.all()),
        (Profile, Profile.objects.all()),
        (RefusedTokens, RefusedTokens.objects.all()),
        (ExchangedToken, ExchangedToken.objects.all()),
        (LogEntry, LogEntry.objects.all()),
        (StoreEntry, StoreEntry.objects.exclude(session_key__startswith="other")),
    ]


def clear(*, after):
    """Without the app, whose rules are not asked."""
    for _, rows in reversed(rows_of_people(after=after)):
        rows._raw_delete("default")


class Staff:
    """A superuser, who stays, and what other people have stored."""

    def __init__(self):
        self.user = get_user_model().objects.create_user(
            "grace@example.org", password=PASSWORD, is_staff=True, is_superuser=True
        )
        self.device = Device()
        pair = api.sign_in_user(self.user, lifetime=None)
        self.device.access, self.device.session_id = pair.access, str(pair.session.pk)
        Session.objects.bulk_create(Session(user=self.user) for _ in range(OTHERS))
        expire_date = timezone.now() + timedelta(days=9)
        StoreEntry.objects.bulk_create(
            StoreEntry(session_key=f"other{number:035}", expire_date=expire_date) for number in range(OTHERS)
        )
        self.last_key = uuid7()

    def renew(self):
        """An access token is valid for five minutes."""
        self.device.access = str(api.issue_access_token(Session.objects.get(pk=self.device.session_id)))

    def is_untouched(self):
        entries = StoreEntry.objects.filter(session_key__startswith="other").count()
        return (entries, Session.objects.filter(pk__lte=self.last_key).count()) == (OTHERS, OTHERS + 1)


@contextmanager
def project():
    """What the host uses: the history, and the views for clients of simplejwt."""
    with ExitStack() as stack:
        stack.enter_context(
            override_settings(ROOT_URLCONF="tests.host.simplejwt_urls", AUTH_SESSIONS_SIMPLEJWT_UNTIL=None)
        )
        stack.enter_context(quiet())
        history.connect()
        stack.callback(history.disconnect)
        yield


class Errors(logging.Handler):
    """What was logged as an error: a receiver, or a write on commit, that has failed without an error to the caller."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.addFilter(lambda record: record.name != "django.request")  # which the answer tells
        self.texts = []

    def emit(self, record):
        self.texts.append(self.format(record))

    def taken(self):
        texts, self.texts = self.texts, []
        return texts


ERRORS = Errors()


@contextmanager
def quiet():
    """Errors are kept, and nothing else of the log."""
    loggers = [logging.getLogger(name) for name in ("auth_sessions", "auth_sessions.security", "django")]
    before = [(logger, logger.level, logger.propagate, logger.handlers) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [ERRORS], False
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level, propagate, handlers in before:
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagate, handlers
