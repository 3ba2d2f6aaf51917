"""What the host project of this run uses."""

import pytest
from django.apps import apps
from django.conf import settings

has_browsers = pytest.mark.skipif(
    "auth_sessions.middleware.BrowserSessionMiddleware" not in settings.MIDDLEWARE, reason="the host has no browsers"
)
has_people = pytest.mark.skipif(
    "django.contrib.auth.middleware.AuthenticationMiddleware" not in settings.MIDDLEWARE,
    reason="a request of the host has no user",
)
has_supabase = pytest.mark.skipif(
    not apps.is_installed("auth_sessions.supabase"), reason="the host has no Supabase API"
)
has_admin = pytest.mark.skipif(not apps.is_installed("django.contrib.admin"), reason="the host has no admin")

has_everything = pytest.mark.skipif(
    any(part.args[0] for part in (has_browsers, has_supabase, has_admin)), reason="the host does not use all parts"
)

OF_FOLDERS = {
    "admin": has_admin,
    "browser": has_browsers,
    "pages": has_browsers,
    "races": has_everything,
    "supabase": has_supabase,
}
"""What the tests of a folder need."""


def require(part):
    """Skip the test, or the module, that needs a part from here on, where the host does not have it."""
    (is_missing,) = part.args
    if is_missing:
        pytest.skip(part.kwargs["reason"], allow_module_level=True)
