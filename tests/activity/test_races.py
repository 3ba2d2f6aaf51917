"""The history at the moment at which something else happens."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from auth_sessions import api
from auth_sessions.activity.models import Activity
from auth_sessions.activity.recording import record_ended
from auth_sessions.choices import EndReason
from auth_sessions.db.locking import lock
from auth_sessions.db.transactions import retry_conflicts
from auth_sessions.models import Session
from tests.support.device import IPHONE, Device
from tests.support.races import ROUNDS, together, with_own_connection

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite writes one after the other")


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_user_is_deleted_while_they_sign_out_and_in(make_user, number):
    """No row is left of who is gone.

    On InnoDB the deletion, which is a transaction of the project's, may be chosen to fail, with or without a history.
    """
    user = make_user(f"person{number}")
    for _ in range(5):
        Device().sign_in(user)

    def sign_in():
        try:
            api.sign_in_user(person)
        except Exception as error:  # noqa: BLE001 - the user may be gone
            return type(error).__name__

    def end():
        return Session.objects.filter(user_id=user.pk).end(reason=EndReason.REVOKED)

    def delete():
        get_user_model().objects.get(pk=key).delete()

    key, person = user.pk, get_user_model().objects.get(pk=user.pk)
    together(end, lambda: retry_conflicts(delete, using="default"), sign_in, end, jitter=0.02)
    assert not get_user_model().objects.filter(pk=key).exists()
    assert not Session.objects.filter(user_id=key).exists()
    assert not Activity.objects.filter(user_id=key).exists()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_each_session_ends_once_in_the_history(ada, number):
    devices = [Device().sign_in(ada) for _ in range(6)]
    calls = [lambda device=device: device.sign_out("global").status_code for device in devices[:3]]
    calls += [lambda device=device: device.sign_out("local").status_code for device in devices[3:]]
    together(*calls)
    told = Activity.objects.filter(kind="signed_out").values_list("session_id", flat=True)
    assert sorted(map(str, told)) == sorted(device.session_id for device in devices)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_sign_ins_at_once(ada, number):
    devices = [Device(IPHONE) for _ in range(4)]
    together(*[lambda device=device: device.sign_in(ada) for device in devices])
    assert Activity.objects.filter(kind="signed_in").count() == 4


@pytest.mark.usefixtures("any_level")
def test_a_row_is_written_while_others_are_locked(ada, make_user):
    """InnoDB would lock, and wait for, each session of a small table that it reads to copy from one."""
    sessions = [Session.objects.create(user=user) for user in (make_user("zoe"), ada, make_user("bob"))]

    def write():
        with transaction.atomic():
            about = {"reason": "limit", "scope": "", "actor_id": None}
            record_ended([sessions[1].pk], request=None, using="default", **about)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock(Session.objects.exclude(user=ada))
        pool.submit(with_own_connection, write).result(timeout=10)
    assert Activity.objects.get().session_id == sessions[1].pk


@pytest.mark.usefixtures("any_level")
def test_a_clean_up_while_a_newer_row_is_locked(ada):
    """MariaDB would read a small table whole, and wait for all of its rows."""
    rows = [Activity(user_id=ada.pk, kind="signed_in", has_full_address=False) for _ in range(6)]
    Activity.objects.bulk_create(rows)
    Activity.objects.exclude(pk=rows[2].pk).update(created_at=timezone.now() - timedelta(days=1000))
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        lock(Activity.objects.filter(pk=rows[2].pk))
        pool.submit(with_own_connection, partial(call_command, "clearauthsessions", verbosity=0)).result(timeout=10)
    assert Activity.objects.get() == rows[2]
