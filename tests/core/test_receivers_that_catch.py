"""A receiver that catches an error of the database outside a savepoint: the transaction is lost, and says so."""

from contextlib import suppress

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, connection
from django.db.models.signals import post_delete

from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import session_starting, sessions_ending
from tests.host.models import PushDevice
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device, code
from tests.support.related import receiving

pytestmark = [pytest.mark.usefixtures("any_transaction_mode"), pytest.mark.any_database]


def insert_twice(**event):
    """As a log that is written once for each person."""
    user = get_user_model().objects.first()
    with suppress(IntegrityError):
        user.save(force_insert=True)


def read_what_is_not_there(**event):
    """On PostgreSQL, nothing of the transaction is committed any more."""
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM there_is_no_such_table")


RECEIVERS = [insert_twice, read_what_is_not_there]


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_nobody_gets_tokens_of_a_session_that_is_not_there(ada, receiver):
    device = Device()
    device.client.raise_request_exception = False
    body = {ada.USERNAME_FIELD: ada.get_username(), "password": PASSWORD}
    with receiving(receiver, session_starting, of=Session):
        answer = device.post("token/", body)
    if answer.status_code == 200:
        assert device.keep(answer).is_signed_in()
    else:
        assert answer.status_code == 500
        assert not Session.objects.exists()


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_a_login_by_cookie(ada, receiver):
    with receiving(receiver, session_starting, of=Session):
        try:
            browser = Browser().sign_in(ada)
        except DatabaseError:
            assert not Session.objects.exists()
        else:
            assert browser.is_signed_in()


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize(("signal", "of"), [(sessions_ending, Session), (post_delete, PushDevice)])
def test_no_sign_out_is_confirmed_that_is_none(laptop, phone, receiver, signal, of):
    for device in (laptop, phone):
        PushDevice.objects.create(session_id=device.session_id, token="t")
    laptop.client.raise_request_exception = False
    with receiving(receiver, signal, of=of):
        status = laptop.sign_out().status_code
    assert (status, Session.objects.count()) in {(204, 0), (500, 2)}


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize(("signal", "of"), [(sessions_ending, Session), (post_delete, PushDevice)])
def test_theft_ends_the_session_nevertheless(clock, laptop, phone, receiver, signal, of):  # noqa: PLR0917
    PushDevice.objects.create(session_id=laptop.session_id, token="t")
    thief = laptop.copy()
    laptop.refresh()
    clock.shift(11)
    laptop.refresh()
    with receiving(receiver, signal, of=of):
        assert code(thief.refresh()) == (401, "refresh_token_already_used")
    assert [str(token.pk) for token in RefreshToken.objects.all()] == [phone.session_id]
    assert not PushDevice.objects.exists()
