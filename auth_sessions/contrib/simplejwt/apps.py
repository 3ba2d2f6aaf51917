from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SimpleJWTConfig(AppConfig):
    """Registers the system checks and connects the receivers."""

    name = "auth_sessions.contrib.simplejwt"
    label = "auth_sessions_simplejwt"
    verbose_name = _("Tokens of simplejwt")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth_sessions.contrib.simplejwt import checks, receivers

        checks.register()
        receivers.connect()
