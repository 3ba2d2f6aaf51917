from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import tzinfo

    from django.contrib.auth.base_user import AbstractBaseUser


class ActivityConfig(AppConfig):
    """Registers the system checks, and connects the history with what writes and shows it.

    A project that knows more of its users names a subclass in ``INSTALLED_APPS``, with the methods that it overrides.
    """

    name = "auth_sessions.activity"
    label = "auth_sessions_activity"
    verbose_name = _("Activity")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth_sessions.activity import checks, receivers

        checks.register()
        receivers.connect()

    def get_email(self, user: AbstractBaseUser) -> str:
        """The address for e-mails to a user; "" for none. By default that of the user model's ``EMAIL_FIELD``."""
        return getattr(user, user.get_email_field_name(), None) or ""

    def get_language(self, user: AbstractBaseUser) -> str:
        """The language code of e-mails to a user. By default ``LANGUAGE_CODE``."""
        return settings.LANGUAGE_CODE

    def get_time_zone(self, user: AbstractBaseUser) -> tzinfo:
        """The time zone of e-mails to a user. By default that of ``TIME_ZONE``."""
        return timezone.get_default_timezone()

    def get_password_url(self, user: AbstractBaseUser | None) -> str:
        """The page on which a person chooses a new password; "" for none. ``user`` is None for whoever is signed out.

        By default the first that the project mounts of Django's ``password_change``, for a user who is signed in and
        has a password, and ``password_reset``, or of allauth's pages.
        """
        from auth_sessions.activity.reporting import find_password_url

        return find_password_url(user)
