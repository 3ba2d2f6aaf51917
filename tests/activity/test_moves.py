"""A session whose token is used on several other devices in turn."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from auth_sessions.activity.models import Activity
from auth_sessions.models import RefreshToken, Session
from auth_sessions.signals import session_limit_reached, session_moved
from tests.support.activity_emails import MOVED, sent
from tests.support.device import IPHONE


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


def test_nothing_is_told_of_a_user_who_was_deleted_meanwhile(ada, laptop):
    session = Session.objects.get(pk=laptop.session_id)
    request = RequestFactory(headers={"user-agent": IPHONE}).get("/")
    ada.delete()
    for moved, told in ((session_moved, {}), (session_limit_reached, {"using": "default"})):
        moved.send(Session, session=session, request=request, **told)
    assert not Activity.objects.exists()
