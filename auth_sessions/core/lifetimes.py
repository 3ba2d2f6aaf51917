"""How long a session lasts."""

from datetime import timedelta
from typing import Final

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
