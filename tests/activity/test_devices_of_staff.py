"""A device from which staff has acted in a person's name is none of the person's."""

import pytest

from auth_sessions import api
from auth_sessions.models import Session
from tests.support.activity_emails import WINDOWS
from tests.support.device import IPHONE, Device


@pytest.fixture
def _helped(ada, grace, rf):
    Device(WINDOWS).sign_in(grace)
    api.sign_in_user(ada, actor=grace, request=rf.post("/", HTTP_USER_AGENT=WINDOWS))
    Session.objects.filter(user=ada).end(reason="signed_out")


@pytest.mark.usefixtures("_helped")
def test_it_is_new_for_the_person(ada, told):
    Device(IPHONE).sign_in(ada)
    Device(WINDOWS).sign_in(ada)
    assert told("user_id", "user_agent")[-1] == ("new_device", ada.pk, WINDOWS)


@pytest.mark.usefixtures("_helped")
def test_the_first_sign_in_of_a_person_is_no_new_device(ada, told):
    Device(IPHONE).sign_in(ada)
    assert "new_device" not in told()
