"""What a session does that has ended since its request was authenticated: it changes nothing for anybody else."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model

from auth_sessions import api
from auth_sessions.exceptions import SessionNotFound
from auth_sessions.models import Session
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device, code
from tests.support.races import statuses, together
from tests.support.sessions import end_when_authenticated
from tests.support.supabase import share_tokens

pytestmark = pytest.mark.usefixtures("any_transaction_mode")


@pytest.mark.parametrize("scope", ["others", "global"])
def test_a_sign_out(laptop, phone, scope):
    with end_when_authenticated(laptop.session_id):
        response = laptop.sign_out(scope)
    assert (response.status_code, response.json()["code"]) == (401, "session_not_found")
    assert phone.is_signed_in()


def test_a_sign_out_of_itself(laptop, phone):
    with end_when_authenticated(laptop.session_id):
        assert laptop.sign_out("local").status_code == 204
    assert phone.is_signed_in()


def test_a_sign_out_of_another_device(laptop, phone):
    with end_when_authenticated(laptop.session_id):
        response = laptop.delete(f"sessions/{phone.session_id}/")
    assert code(response) == (401, "session_not_found")
    assert phone.is_signed_in()


def test_a_sign_out_by_staff(staff_device, ada, phone):
    with end_when_authenticated(staff_device.session_id):
        response = staff_device.post(f"users/{ada.pk}/sign-out/")
    assert code(response) == (401, "session_not_found")
    assert phone.is_signed_in()


def test_a_sign_out_by_staff_with_a_cookie(grace, ada, phone):
    browser = Browser().sign_in(grace)
    with end_when_authenticated(browser.session_id):
        response = browser.post(f"users/{ada.pk}/sign-out/")
    assert code(response) == (401, "session_not_found")
    assert phone.is_signed_in()


def test_a_name_of_another_device(laptop, phone):
    with end_when_authenticated(laptop.session_id):
        response = laptop.patch(f"sessions/{phone.session_id}/", {"name": "mine"})
    assert code(response) == (401, "session_not_found")
    assert Session.objects.get(pk=phone.session_id).name == ""


def test_the_metadata_of_a_supabase_client(laptop, phone):
    supabase_device = share_tokens(laptop)
    assert supabase_device.update(data={"color": "red"}).status_code == 200
    with end_when_authenticated(laptop.session_id):
        response = supabase_device.update(data={"color": "green"})
    assert (response.status_code, response.json()["error_code"]) == (403, "session_not_found")
    assert share_tokens(phone).user().json()["user_metadata"]["color"] == "red"


def test_a_new_password_by_a_supabase_client(ada, laptop, phone):
    with end_when_authenticated(laptop.session_id):
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


def test_two_devices_sign_out_each_other_at_once(ada):
    devices = [Device().sign_in(ada) for _ in range(2)]
    pairs = zip(devices, reversed(devices), strict=True)
    answers = together(*[partial(device.delete, f"sessions/{other.session_id}/") for device, other in pairs])
    assert statuses(answers).count(204) == 1
    assert [device.is_signed_in() for device in devices].count(True) == 1
