"""What drf-spectacular says of the app: imported only where that is in ``INSTALLED_APPS``."""

from importlib import import_module

from django.apps import apps


def register() -> None:
    """Register the extensions of drf-spectacular. It imports the views themselves when it generates a schema."""
    if not apps.is_installed("drf_spectacular"):
        return
    import_module("auth_sessions.openapi.rest")
    if apps.is_installed("auth_sessions.activity"):
        import_module("auth_sessions.openapi.activity")
    if apps.is_installed("auth_sessions.supabase"):
        import_module("auth_sessions.openapi.supabase")
    if apps.is_installed("auth_sessions.contrib.simplejwt"):
        import_module("auth_sessions.openapi.simplejwt")
