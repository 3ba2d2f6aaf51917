"""Whatever comes in through the Supabase API: junk is answered 4xx as JSON with a code, and changes nothing."""

import json

import pytest
from django.contrib.auth import get_user_model

from auth_sessions.models import RefreshToken, Session
from auth_sessions.supabase.models import Profile
from tests.support.supabase import (
    VERSION,
    SupabaseDevice,
)


@pytest.fixture(autouse=True)
def _signup(settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True


@pytest.fixture
def laptop(ada):
    """Whatever a test sends, these rows are left as they were."""
    device = SupabaseDevice(VERSION).sign_in()
    before = rows()
    yield device
    assert rows() == before


def rows():
    return {
        *Session.objects.values_list("pk", "name", "confirmed_generation"),
        *RefreshToken.objects.values_list("pk", "generation", "rotated_at"),
        *((profile.pk, json.dumps(profile.user_metadata)) for profile in Profile.objects.all()),
        *get_user_model().objects.values_list("pk", "password", "email"),
    }
