"""A handler of the security log that raises an error, as a filter of the project's may."""

import logging

import pytest

from tests.support.device import IPHONE


@pytest.fixture
def _broken():
    class Broken(logging.Handler):
        def emit(self, record):
            raise OSError("No space left on device")

    handler = Broken()
    logging.getLogger("auth_sessions.security").addHandler(handler)
    yield
    logging.getLogger("auth_sessions.security").removeHandler(handler)


@pytest.mark.usefixtures("_broken")
def test_a_refresh_from_another_device_is_answered(laptop):
    laptop.client.defaults["HTTP_USER_AGENT"] = IPHONE
    assert laptop.refresh().status_code == 200
    assert laptop.is_signed_in()
