"""The presets of settings that ``AUTH_SESSIONS_PRESET`` names: one for each level of NIST SP 800-63B-4."""

from datetime import timedelta
from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "aal1": {
        "AUTH_SESSIONS_LIFETIME": timedelta(days=30),
    },
    "aal2": {
        "AUTH_SESSIONS_LIFETIME": timedelta(hours=24),
        "AUTH_SESSIONS_IDLE_TIMEOUT": timedelta(hours=1),
    },
    "aal3": {
        "AUTH_SESSIONS_LIFETIME": timedelta(hours=12),
        "AUTH_SESSIONS_IDLE_TIMEOUT": timedelta(minutes=15),
        "AUTH_SESSIONS_LAST_SEEN_INTERVAL": timedelta(minutes=1),  # or 15 minutes might be 10
    },
}
"""The default of each setting under a preset. Lifetime and idle timeout are the limits of sections 2.1.3 to 2.3.3."""

LIMITED = ("AUTH_SESSIONS_LIFETIME", "AUTH_SESSIONS_IDLE_TIMEOUT")
"""The settings that may be shorter than the preset says, and not longer."""
