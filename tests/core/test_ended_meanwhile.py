"""What a session does that has ended since its request was authenticated: it changes nothing for anybody else."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from auth_sessions import api
from auth_sessions.exceptions import SessionNotFound
from auth_sessions.models import Session
from tests.support.device import PASSWORD, Device
from tests.support.races import statuses, together
from tests.support.supabase import share_tokens

pytestmark = pytest.mark.usefixtures("any_transaction_mode")


def end_when_authenticated(device):
    """Another sign-out ends the session of a request as soon as it is authenticated."""
    ended = []

    def watch(execute, sql, *args):
        result = execute(sql, *args)
        if not ended and sql.startswith("SELECT") and "auth_sessions_session" in sql:
            ended.append(True)
            Session.objects.filter(pk=device.session_id).end(reason="revoked")
        return result

    return connection.execute_wrapper(watch)


@pytest.mark.parametrize("scope", ["others", "global"])
def test_a_sign_out(laptop, phone, scope):
    with end_when_authenticated(laptop):
        response = laptop.sign_out(scope)
    assert (response.status_code, response.json()["code"]) == (401, "session_not_found")
    assert phone.is_signed_in()


def test_a_sign_out_of_itself(laptop, phone):
    with end_when_authenticated(laptop):
        assert laptop.sign_out("local").status_code == 204
    assert phone.is_signed_in()


def test_a_new_password_by_a_supabase_client(ada, laptop, phone):
    with end_when_authenticated(laptop):
        response = share_tokens(laptop).update(password="quite-new-1906")
    assert (response.status_code, response.json()["error_code"]) == (403, "session_not_found")
    assert phone.is_signed_in()
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_a_new_password_by_the_api(ada, laptop, phone):
    keep = Session.objects.get(pk=laptop.session_id)
    keep.delete()
    with pytest.raises(SessionNotFound):
        api.change_password(get_user_model().objects.get(pk=ada.pk), "quite-new-1906", keep=keep)
    assert phone.is_signed_in()


def test_two_devices_change_the_password_at_once(ada, laptop, phone):
    changes = [
        partial(share_tokens(each).update, password=f"quite-new-{number}")
        for number, each in enumerate((laptop, phone))
    ]
    answers = together(*changes)
    assert sorted(statuses(answers)) == [200, 403]
    assert [device.is_signed_in() for device in (laptop, phone)].count(True) == 1


def test_two_devices_sign_out_the_others_at_once(ada):
    devices = [Device().sign_in(ada) for _ in range(2)]
    answers = together(*[partial(device.sign_out, "others") for device in devices])
    assert sorted(statuses(answers)) == [204, 401]
    assert [device.is_signed_in() for device in devices].count(True) == 1
