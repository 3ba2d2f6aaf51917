"""The users of these tests have e-mail addresses, and their devices speak the Supabase API."""

import pytest

from tests.support.supabase import VERSION, SupabaseDevice, add_user


@pytest.fixture
def ada(make_user):
    return add_user(make_user)


@pytest.fixture
def bob(make_user):
    return add_user(make_user, "bob")


@pytest.fixture
def version():
    """Which of its two shapes a device asks for."""
    return VERSION


@pytest.fixture
def laptop(ada, version):
    return SupabaseDevice(version).sign_in()


@pytest.fixture
def phone(ada, version):
    return SupabaseDevice(version).sign_in()


@pytest.fixture
def nobody(db, version):
    """A device that is signed in nowhere."""
    return SupabaseDevice(version)


@pytest.fixture
def sign_with(settings):
    def switch(key, *fallbacks):
        settings.SIMPLE_JWT = key.settings
        settings.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS = list(fallbacks)

    return switch
