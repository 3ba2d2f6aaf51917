from importlib.util import find_spec

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuthSessionsConfig(AppConfig):
    """Registers the system checks and connects the receivers."""

    name = "auth_sessions"
    verbose_name = _("Signed-in devices")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth_sessions import checks, observers, openapi, receivers

        checks.register()
        receivers.connect()
        observers.connect()
        openapi.register()
        if find_spec("channels") is not None:
            from auth_sessions.channels import receivers as socket_receivers

            socket_receivers.connect()
