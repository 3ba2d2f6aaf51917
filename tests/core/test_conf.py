"""A setting is read at the moment of use, however it was set."""

import pytest
from django.conf import settings
from django.test import override_settings

from auth_sessions.conf import conf, read
from auth_sessions.tokens.keys import simple_jwt

pytestmark = pytest.mark.any_database

DEFAULT = 0


def test_an_override():
    assert conf.AUTH_SESSIONS_TRUSTED_PROXIES == DEFAULT
    with override_settings(AUTH_SESSIONS_TRUSTED_PROXIES=2):
        assert conf.AUTH_SESSIONS_TRUSTED_PROXIES == 2
        with override_settings():
            del settings.AUTH_SESSIONS_TRUSTED_PROXIES
            assert conf.AUTH_SESSIONS_TRUSTED_PROXIES == DEFAULT
    assert conf.AUTH_SESSIONS_TRUSTED_PROXIES == DEFAULT


def test_an_assignment_of_which_no_signal_tells():
    settings.AUTH_SESSIONS_TRUSTED_PROXIES = 3
    try:
        assert conf.AUTH_SESSIONS_TRUSTED_PROXIES == 3
    finally:
        del settings.AUTH_SESSIONS_TRUSTED_PROXIES
    assert conf.AUTH_SESSIONS_TRUSTED_PROXIES == DEFAULT


def test_members_of_simple_jwt():
    with override_settings(SIMPLE_JWT={"LEEWAY": 7}):
        assert simple_jwt("LEEWAY") == 7
        with override_settings(SIMPLE_JWT=None):
            assert simple_jwt("LEEWAY") == 0
    with override_settings():
        del settings.SIMPLE_JWT
        assert simple_jwt("LEEWAY") == 0


def test_one_of_djangos_own():
    assert read("APPEND_SLASH", None) is True
    with override_settings(ANYTHING=1):
        assert read("APPEND_SLASH", None) is True
