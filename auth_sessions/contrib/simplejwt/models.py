"""What is known of the old tokens, those that simplejwt has issued. Rows are written in ``exchange``."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ExchangedToken(models.Model):
    """An old token that will not be exchanged again. The row stays until the token has expired.

    There is no foreign key to the session: the token of a session that has ended opens no other.
    """

    digest = models.CharField(_("digest"), max_length=64, primary_key=True, editable=False)
    session_id = models.UUIDField(
        _("session"),
        null=True,
        editable=False,
        help_text=_("The session it was exchanged for; empty if it was signed out before."),
    )
    expires_at = models.DateTimeField(_("expires"), db_index=True, editable=False)

    class Meta:
        app_label = "auth_sessions_simplejwt"  # also where the app is not installed, which E030 reports
        verbose_name = _("exchanged token")
        verbose_name_plural = _("exchanged tokens")

    def __str__(self) -> str:
        return self.digest


class RefusedTokens(models.Model):
    """The old tokens of a user that are refused, because they were signed out everywhere or have a new password."""

    # No constraint: the row is written while sessions are locked, and would lock the user's.
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        db_constraint=False,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("user"),
    )
    issued_until = models.DateTimeField(_("issued until"), editable=False)

    class Meta:
        app_label = "auth_sessions_simplejwt"
        verbose_name = _("refused tokens")
        verbose_name_plural = _("refused tokens")

    def __str__(self) -> str:
        return str(self.user_id)
