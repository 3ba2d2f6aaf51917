"""The app's settings. Each is read from Django's settings at the moment of use."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal, cast

from django.conf import settings


class Settings:
    """One property per ``AUTH_SESSIONS_`` setting; the default stands in the line."""

    @property
    def LIFETIME(self) -> timedelta | None:
        """Absolute end of a session, counted from its start; None: no end."""
        return cast("timedelta | None", self._read("LIFETIME", timedelta(days=30)))

    @property
    def IDLE_TIMEOUT(self) -> timedelta | None:
        """A session unused for this long is over; None: never."""
        return cast("timedelta | None", self._read("IDLE_TIMEOUT", timedelta(days=14)))

    @property
    def TOUCH_INTERVAL(self) -> timedelta:
        """``Session.last_seen_at`` is written at most this often."""
        return cast("timedelta", self._read("TOUCH_INTERVAL", timedelta(minutes=5)))

    @property
    def REUSE_INTERVAL(self) -> timedelta:
        """How long after a rotation the previous refresh token is simply answered again."""
        return cast("timedelta", self._read("REUSE_INTERVAL", timedelta(seconds=10)))

    @property
    def REUSE_POLICY(self) -> Literal["confirmed", "lenient"]:
        """After the interval: theft once the child was seen in use, or never (Supabase's rule)."""
        return cast("Literal['confirmed', 'lenient']", self._read("REUSE_POLICY", "confirmed"))

    @property
    def MAX_PER_USER(self) -> int | None:
        """Limit of live sessions; None: no limit."""
        return cast("int | None", self._read("MAX_PER_USER", None))

    @property
    def LIMIT_POLICY(self) -> Literal["evict_oldest", "refuse"]:
        """At the limit: end the least recently used session, or refuse the sign-in."""
        return cast("Literal['evict_oldest', 'refuse']", self._read("LIMIT_POLICY", "evict_oldest"))

    @property
    def LIMIT_BY(self) -> Literal["user", "tag"]:
        """Count all of a user's sessions together, or those of each tag by itself."""
        return cast("Literal['user', 'tag']", self._read("LIMIT_BY", "user"))

    @property
    def CACHE(self) -> str | None:
        """The alias of the cache that the cached check goes by; None: there is none."""
        return cast("str | None", self._read("CACHE", "default"))

    @property
    def CACHE_TTL(self) -> timedelta:
        """How long after a sign-out that the cache never heard of the cached check may still accept a token."""
        return cast("timedelta", self._read("CACHE_TTL", timedelta(seconds=60)))

    @property
    def TRUSTED_PROXIES(self) -> int:
        """How many proxies in front of the project append to ``X-Forwarded-For``."""
        return cast("int", self._read("TRUSTED_PROXIES", 0))

    @property
    def VERIFYING_KEY_FALLBACKS(self) -> Sequence[str | bytes]:
        """Earlier keys of access tokens, public ones or (HS256) secrets: still accepted."""
        return cast("Sequence[str | bytes]", self._read("VERIFYING_KEY_FALLBACKS", ()))

    @staticmethod
    def _read(name: str, default: object) -> Any:
        return getattr(settings, f"AUTH_SESSIONS_{name}", default)


conf = Settings()
