"""A session whose token is used on several other devices in turn."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from auth_sessions.activity.models import Activity
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import session_limit_reached, session_moved
from tests.support.activity_emails import MOVED, copy_of, sent
from tests.support.device import IPHONE, Device
from tests.support.races import ROUNDS, together


@pytest.mark.usefixtures("emails")
@pytest.mark.parametrize("name", ["HTTP_USER_AGENT", "REMOTE_ADDR"])
def test_each_device_is_told_once(ada, laptop, told, name):
    """Of one whose user agent says nothing, each network: a phone that changes between two."""
    devices = {"HTTP_USER_AGENT": [IPHONE, "curl/8"], "REMOTE_ADDR": ["198.51.100.7", "203.0.113.7"]}[name]
    for device in devices * 3:
        RefreshToken.objects.update(rotated_at=timezone.now() - timedelta(minutes=1))
        laptop.client.defaults.update({"HTTP_USER_AGENT": "ours/1", name: device})
        assert laptop.refresh().status_code == 200
    assert told()[1:] == ["session_moved"] * 2
    assert len(sent(MOVED)) == 2


@pytest.mark.usefixtures("emails", "any_level")
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_device_is_told_once_whose_requests_refresh_at_once(ada, number):
    """As an app does that starts."""
    iphone = Device(IPHONE).sign_in(ada)
    iphone.refresh()
    RefreshToken.objects.update(rotated_at=timezone.now() - timedelta(minutes=1))
    copies = [copy_of(iphone) for _ in range(6)]
    assert set(together(*[lambda copy=copy: copy.refresh().status_code for copy in copies])) == {200}
    assert Activity.objects.filter(kind="session_moved").count() == 1
    assert len(sent(MOVED)) == 1


def test_nothing_is_told_of_a_user_who_was_deleted_meanwhile(ada, laptop):
    session = Session.objects.get(pk=laptop.session_id)
    request = RequestFactory(headers={"user-agent": IPHONE}).get("/")
    ada.delete()
    for moved, told in ((session_moved, {}), (session_limit_reached, {"using": "default"})):
        moved.send(Session, session=session, request=request, **told)
    assert not Activity.objects.exists()
