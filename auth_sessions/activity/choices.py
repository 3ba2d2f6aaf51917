"""What the history tells of."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ActivityKind(TextChoices):
    """The events of the history."""

    SIGNED_IN = "signed_in", _("signed in")
    NEW_DEVICE = "new_device", _("new device")
    SIGNED_OUT = "signed_out", _("signed out")
    PASSWORD_CHANGED = "password_changed", _("password changed")
    REFRESH_TOKEN_REUSED = "refresh_token_reused", _("refresh token reused")
    SESSION_MOVED = "session_moved", _("session moved")
    SESSION_LIMIT_REACHED = "session_limit_reached", _("sign-in refused by the limit")
