from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActivityConfig(AppConfig):
    """Registers the system checks, and connects the history with what writes and shows it."""

    name = "auth_sessions.activity"
    label = "auth_sessions_activity"
    verbose_name = _("Activity")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth_sessions.activity import checks, receivers

        checks.register()
        receivers.connect()
