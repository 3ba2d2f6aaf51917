"""A handler or a filter of the security log that raises an error changes no answer."""

import logging

import pytest

from auth_sessions.models import Session
from tests.support.device import IPHONE, Device

pytestmark = pytest.mark.any_database


@pytest.fixture
def _broken():
    def broken(record):
        raise OSError("No space left on device")

    logger = logging.getLogger("auth_sessions.security")
    logger.addFilter(broken)
    yield
    logger.removeFilter(broken)


@pytest.mark.usefixtures("_broken")
class TestAHandlerThatFails:
    def test_a_wrong_password(self, ada):
        assert Device().post("token/", {ada.USERNAME_FIELD: ada.get_username(), "password": "wrong"}).status_code == 401

    def test_a_session_that_has_ended(self, laptop):
        Session.objects.all().delete()
        assert laptop.me().status_code == 401
        assert laptop.sign_out("local").status_code == 204

    def test_a_refresh_from_another_device(self, laptop):
        laptop.client.defaults["HTTP_USER_AGENT"] = IPHONE
        assert laptop.refresh().status_code == 200

    def test_what_is_told_of_a_sign_in(self, laptop, ada):
        Device(IPHONE).sign_in(ada)
        assert laptop.sign_out().status_code == 204
