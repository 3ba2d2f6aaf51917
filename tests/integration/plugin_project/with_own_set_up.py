"""A project with settings that does without pytest-django: it sets Django up itself."""

import django
import pytest
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

django.setup()

from auth_sessions.testing import assert_signed_in, assert_signed_out  # noqa: E402


@pytest.fixture
def ada():
    from django.contrib.auth import get_user_model

    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    yield get_user_model().objects.create_user("ada")
    teardown_databases(databases, verbosity=0)


def test_devices(ada, auth_device, auth_browser):
    phone, browser = auth_device(ada), auth_browser(ada)
    assert_signed_in(browser)
    assert phone.sign_out().status_code == 204
    assert_signed_out(browser)
