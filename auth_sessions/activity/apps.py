from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActivityConfig(AppConfig):
    """Connects the receivers that write the history, and registers what other parts of the app show of it."""

    name = "auth_sessions.activity"
    label = "auth_sessions_activity"
    verbose_name = _("Activity")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth_sessions.activity import receivers

        receivers.connect()
