"""A receiver that catches a deadlock: the database has rolled back all of the transaction, which is tried again."""

from contextlib import suppress
from threading import Event, Thread

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction

from auth_sessions.models import Session
from auth_sessions.signals import session_starting
from tests.support.device import Device
from tests.support.related import receiving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

LONG = 10


@pytest.fixture
def groups():
    return Group.objects.bulk_create([Group(pk=pk, name=str(pk)) for pk in range(1, 41)])


@pytest.mark.skipif(connection.vendor != "mysql", reason="only there it is known which of two transactions fails")
@pytest.mark.usefixtures("groups")
def test_it_is_tried_again(ada):
    has_first, has_others, attempts = Event(), Event(), []

    def lock_in_the_other_order():
        with transaction.atomic():
            for pk in range(2, 41):  # of two transactions, the one that has written less is the victim
                Group.objects.filter(pk=pk).update(name=f"other {pk}")
            has_others.set()
            has_first.wait(LONG)
            Group.objects.filter(pk=1).update(name="other 1")
        connection.close()

    def write(**event):
        attempts.append(event)
        if len(attempts) > 1:
            return
        thread.start()
        has_others.wait(LONG)
        Group.objects.filter(pk=1).update(name="first")
        has_first.set()
        with suppress(OperationalError):
            Group.objects.filter(pk=2).update(name="second")

    thread = Thread(target=lock_in_the_other_order)
    with receiving(write, session_starting, of=Session):
        device = Device().sign_in(ada)
    thread.join(LONG)
    assert device.is_signed_in()
    assert len(attempts) == 2


def test_one_of_an_earlier_transaction_is_no_reason_to_try_again(ada):
    attempts = []

    def give_up(**event):
        attempts.append(event)
        transaction.set_rollback(True)

    connection.rollback_exc = OperationalError(1213, "Deadlock found")
    with receiving(give_up, session_starting, of=Session), pytest.raises(transaction.TransactionManagementError):
        Device().sign_in(ada)
    assert len(attempts) == 1
