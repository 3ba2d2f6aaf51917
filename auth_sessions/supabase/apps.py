from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class SupabaseConfig(AppConfig):
    """Registers the system checks and connects the receivers of the Supabase API.

    A project that knows more of its users names a subclass in ``INSTALLED_APPS``, with :meth:`get_user_fields`.
    """

    name = "auth_sessions.supabase"
    label = "auth_sessions_supabase"
    verbose_name = _("Supabase clients")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from auth_sessions.supabase import checks, receivers

        checks.register()
        receivers.connect()

    def get_user_fields(self, user: AbstractBaseUser) -> dict[str, Any]:
        """The members of the user object that the project decides. Called for each user object and access token.

        ``email_confirmed_at`` and ``phone_confirmed_at`` are datetimes, or None if there is no confirmation;
        ``confirmed_at``, ``email_verified`` and ``phone_verified`` follow from them. ``user_metadata`` and
        ``app_metadata`` are merged into what is stored. Any other member is added to the user object, or replaces the
        app's (not ``id``); one that is None is left out. Access tokens contain ``email``, ``phone`` and the metadata.

        By default ``email_confirmed_at`` alone: when the person signed up; if django-allauth is installed, None unless
        it has verified the address.
        """
        from auth_sessions.supabase import users

        return {"email_confirmed_at": users.email_confirmed_at(user)}
