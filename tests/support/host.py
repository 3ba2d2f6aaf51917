"""What the host project of this run uses."""

import pytest
from django.apps import apps
from django.conf import settings

has_browsers = pytest.mark.skipif(
    "auth_sessions.middleware.BrowserSessionMiddleware" not in settings.MIDDLEWARE, reason="the host has no browsers"
)
has_supabase = pytest.mark.skipif(
    not apps.is_installed("auth_sessions.supabase"), reason="the host has no Supabase API"
)
has_admin = pytest.mark.skipif(not apps.is_installed("django.contrib.admin"), reason="the host has no admin")
