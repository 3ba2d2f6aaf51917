"""Which devices are known: not one that was reported; and a browser of the device whose app has signed it in."""

import pytest

from auth_sessions.activity.models import Activity
from tests.support.activity_emails import ANDROID, UBUNTU, WINDOWS, copy_of
from tests.support.device import IPHONE, MACBOOK, Device
from tests.support.hand_over import Website

DART = "Dart/3.5 (dart:io)"


def report(device, kind="new_device"):
    """Of the latest event of this kind."""
    activity = Activity.objects.filter(kind=kind).latest("pk")
    assert device.post(f"activity/{activity.pk}/report/").status_code == 204


class TestAReportedDevice:
    def test_is_new_when_it_comes_back(self, ada, iphone, told):
        for number in (1, 2, 3):
            for _ in range(2):  # the second time it is known by the first
                thief = Device(UBUNTU).sign_in(ada)
                assert told().count("new_device") == number
            report(iphone)
            assert not thief.is_signed_in()

    def test_of_the_others_each_stays_known(self, ada, bob, iphone, told):
        for user in (bob, ada):
            Device(WINDOWS).sign_in(user)
            Device(UBUNTU).sign_in(user)
        report(iphone)
        told_before = told().count("new_device")
        for user_agent in (WINDOWS, IPHONE):
            Device(user_agent).sign_in(ada)
        for user_agent in (WINDOWS, UBUNTU):
            Device(user_agent).sign_in(bob)
        assert told().count("new_device") == told_before

    def test_of_a_move_it_is_the_other_one(self, ada, clock, told):
        laptop = Device(MACBOOK).sign_in(ada)
        Device(UBUNTU).sign_in(ada)
        phone = Device(IPHONE).sign_in(ada)
        assert copy_of(phone).refresh().status_code == 200
        report(laptop, "session_moved")
        told_before = told().count("new_device")
        Device(IPHONE).sign_in(ada)
        assert told().count("new_device") == told_before
        Device(UBUNTU).sign_in(ada)
        assert told().count("new_device") == told_before + 1


@pytest.mark.parametrize(
    ("app", "address", "is_announced"),
    [
        (IPHONE, "203.0.113.9", False),
        ("App/1.0 (iPhone; iOS 18.7)", "203.0.113.9", False),
        (MACBOOK, "127.0.0.1", True),
        (ANDROID, "127.0.0.1", True),
        (DART, "127.0.0.77", False),
        (DART, "203.0.113.9", True),
        ("", "127.0.0.77", False),
        (DART, "nowhere", True),
    ],
)
def test_a_browser_that_an_app_has_signed_in(ada, told, app, address, is_announced):
    """A website on an iPhone, at 127.0.0.1: the app's device by its system, or else by its network."""
    phone = Device(app)
    phone.client.defaults["REMOTE_ADDR"] = address
    Website().takes_over(phone.sign_in(ada))
    assert told() == ["signed_in", "signed_in", *(["new_device"] if is_announced else [])]
