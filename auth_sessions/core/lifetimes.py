"""How long a session lasts."""

from datetime import datetime, timedelta
from typing import Final

from auth_sessions import moments
from auth_sessions.choices import EndReason
from auth_sessions.conf import conf


class Default:
    """The type of ``DEFAULT``, which means "as the setting says"; None already means "no limit"."""


DEFAULT: Final = Default()

Lifetime = timedelta | None | Default


def allowed_lifetime(lifetime: Lifetime) -> timedelta | None:
    """The lifetime that a session gets. With ``AUTH_SESSIONS_PRESET`` no sign-in exceeds ``AUTH_SESSIONS_LIFETIME``."""
    usual = conf.AUTH_SESSIONS_LIFETIME
    if isinstance(lifetime, Default) or (lifetime is None and conf.AUTH_SESSIONS_PRESET is not None):
        return usual
    if lifetime is None or usual is None or conf.AUTH_SESSIONS_PRESET is None:
        return lifetime
    return min(lifetime, usual)


def end_by_time(expires_at: datetime | None, *, last_used_at: datetime) -> EndReason | None:
    """Whether a session has expired, or is idle; None if neither."""
    if expires_at is not None and moments.has_passed(expires_at):
        return EndReason.EXPIRED
    idle_timeout = conf.AUTH_SESSIONS_IDLE_TIMEOUT
    is_idle = idle_timeout is not None and moments.age(last_used_at) >= idle_timeout
    return EndReason.IDLE if is_idle else None
