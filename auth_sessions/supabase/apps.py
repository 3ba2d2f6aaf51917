from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupabaseConfig(AppConfig):
    """Registers the system checks and connects the receivers of the Supabase API."""

    name = "auth_sessions.supabase"
    label = "auth_sessions_supabase"
    verbose_name = _("Supabase clients")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth_sessions.supabase import checks, receivers

        checks.register()
        receivers.connect()
