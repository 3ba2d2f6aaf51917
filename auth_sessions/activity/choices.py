"""What the history tells of."""

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy


class ActivityKind(TextChoices):
    """The events of the history."""

    SIGNED_IN = "signed_in", pgettext_lazy("event", "signed in")
    NEW_DEVICE = "new_device", pgettext_lazy("event", "new device")
    SIGNED_OUT = "signed_out", pgettext_lazy("event", "signed out")
    PASSWORD_CHANGED = "password_changed", pgettext_lazy("event", "password changed")
    REFRESH_TOKEN_REUSED = "refresh_token_reused", pgettext_lazy("event", "refresh token reused")
    SESSION_MOVED = "session_moved", pgettext_lazy("event", "session moved")
    SESSION_LIMIT_REACHED = "session_limit_reached", pgettext_lazy("event", "sign-in refused by the limit")
