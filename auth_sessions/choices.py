"""The choices of the models, of the API and of the signals."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Scope(TextChoices):
    """Which of a person's sessions a sign-out ends (Supabase Auth's three scopes)."""

    GLOBAL = "global", _("every device")
    LOCAL = "local", _("this device")
    OTHERS = "others", _("every other device")


class SessionKind(TextChoices):
    """What carries the session: a pair of tokens, or Django's own session cookie."""

    TOKEN = "token", _("app")
    BROWSER = "browser", _("browser")


class EndReason(TextChoices):
    """Why a session ended: the ``reason`` of the signals."""

    SIGNED_OUT = "signed_out", pgettext_lazy("end reason", "signed out")
    REVOKED = "revoked", pgettext_lazy("end reason", "revoked by staff")
    DELETED = "deleted", pgettext_lazy("end reason", "deleted")
    PASSWORD_CHANGED = "password_changed", pgettext_lazy("end reason", "password changed")
    USER_INACTIVE = "user_inactive", pgettext_lazy("end reason", "user inactive")
    USER_DELETED = "user_deleted", pgettext_lazy("end reason", "user deleted")
    REFRESH_TOKEN_REUSED = "refresh_token_reused", pgettext_lazy("end reason", "refresh token reused")
    LIMIT = "limit", pgettext_lazy("end reason", "too many sessions")
    EXPIRED = "expired", pgettext_lazy("end reason", "expired")
    IDLE = "idle", pgettext_lazy("end reason", "unused for too long")


class DeviceType(TextChoices):
    """The type of a device, by its user agent."""

    PHONE = "phone", _("phone")
    TABLET = "tablet", _("tablet")
    DESKTOP = "desktop", _("desktop")
    APP = "app", _("app")
    BOT = "bot", _("bot")
    UNKNOWN = "unknown", _("unknown")
