"""The data of a user that Supabase's clients expect and Django's user model does not have."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


def email_provider() -> dict[str, Any]:
    """The ``app_metadata`` that Supabase Auth stores for a sign-up by e-mail address and password."""
    return {"provider": "email", "providers": ["email"]}


class Profile(models.Model):
    """The id of a user in the Supabase API, and their metadata. One row for each user, created for the first token."""

    uuid = models.UUIDField(
        _("id"),
        primary_key=True,
        default=uuid.uuid4,
        editable=False,
        help_text=_("The user’s own primary key where that is a UUID."),
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="supabase_profile",
        verbose_name=_("user"),
    )
    user_metadata = models.JSONField(
        _("user metadata"), default=dict, blank=True, help_text=_("Written by the person’s client.")
    )
    app_metadata = models.JSONField(
        _("app metadata"), default=email_provider, blank=True, help_text=_("Written by the project.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        app_label = "auth_sessions_supabase"  # also where the app is not installed, which E025 reports
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return str(self.uuid)
