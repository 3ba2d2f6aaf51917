"""The settings of the app, including those of the pages and of the Supabase API.

Each is read from Django's settings at the moment of use, so that ``override_settings`` works. This module has their
types and defaults; ``auth_sessions.checks.settings`` validates them (``auth_sessions.E001``).
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from django.conf import Settings as DjangoSettings
from django.conf import settings

from auth_sessions.presets import PRESETS

__all__ = ["Settings", "conf"]

_T = TypeVar("_T")


class Settings:
    """One property for each setting, with its full name."""

    @property
    def AUTH_SESSIONS_PRESET(self) -> Literal["aal1", "aal2", "aal3"] | None:
        """The level of NIST SP 800-63B-4 whose time limits are the defaults, and which no sign-in exceeds; None."""
        return read("AUTH_SESSIONS_PRESET", None)

    @property
    def AUTH_SESSIONS_LIFETIME(self) -> timedelta | None:
        """Absolute end of a session, counted from its sign-in; None: no end."""
        return read("AUTH_SESSIONS_LIFETIME", _preset("AUTH_SESSIONS_LIFETIME", timedelta(days=30)))

    @property
    def AUTH_SESSIONS_IDLE_TIMEOUT(self) -> timedelta | None:
        """A session that is unused for this long is idle, and not live; None: never."""
        return read("AUTH_SESSIONS_IDLE_TIMEOUT", _preset("AUTH_SESSIONS_IDLE_TIMEOUT", timedelta(days=14)))

    @property
    def AUTH_SESSIONS_LAST_SEEN_INTERVAL(self) -> timedelta:
        """``Session.last_seen_at`` is written at most this often."""
        return read(
            "AUTH_SESSIONS_LAST_SEEN_INTERVAL", _preset("AUTH_SESSIONS_LAST_SEEN_INTERVAL", timedelta(minutes=5))
        )

    @property
    def AUTH_SESSIONS_REUSE_INTERVAL(self) -> timedelta:
        """How long after a rotation the previous refresh token is answered with the same child."""
        return read("AUTH_SESSIONS_REUSE_INTERVAL", timedelta(seconds=10))

    @property
    def AUTH_SESSIONS_REUSE_POLICY(self) -> Literal["confirmed", "strict", "lenient", "off"]:
        """The previous token after the interval is reuse once its child was seen in use, always, or never.

        ``"off"`` detects no reuse at all, of older tokens neither.
        """
        return read("AUTH_SESSIONS_REUSE_POLICY", "confirmed")

    @property
    def AUTH_SESSIONS_MAX_PER_USER(self) -> int | None:
        """Limit of live sessions; None: no limit."""
        return read("AUTH_SESSIONS_MAX_PER_USER", None)

    @property
    def AUTH_SESSIONS_LIMIT_POLICY(self) -> Literal["evict_oldest", "refuse"]:
        """At the limit: end the least recently used session, or refuse the sign-in."""
        return read("AUTH_SESSIONS_LIMIT_POLICY", "evict_oldest")

    @property
    def AUTH_SESSIONS_LIMIT_BY(self) -> Literal["user", "tag"]:
        """Count all of a user's sessions together, or those of each tag by itself."""
        return read("AUTH_SESSIONS_LIMIT_BY", "user")

    @property
    def AUTH_SESSIONS_PASSWORD_CHANGE_ENDS(self) -> Collection[str]:
        """The kinds of sessions that a change of the password ends (``choices.SessionKind``), always with "browser"."""
        return read("AUTH_SESSIONS_PASSWORD_CHANGE_ENDS", ("token", "browser"))

    @property
    def AUTH_SESSIONS_CACHE(self) -> str | None:
        """The alias of the cache that ``CachedSessionJWTAuthentication`` reads; None: the database only."""
        return read("AUTH_SESSIONS_CACHE", "default")

    @property
    def AUTH_SESSIONS_CACHE_TTL(self) -> timedelta:
        """How long the cached check may accept a token after a sign-out whose tombstone was lost."""
        return read("AUTH_SESSIONS_CACHE_TTL", timedelta(seconds=60))

    @property
    def AUTH_SESSIONS_TRUSTED_PROXIES(self) -> int:
        """How many proxies in front of the project append to ``X-Forwarded-For``."""
        return read("AUTH_SESSIONS_TRUSTED_PROXIES", 0)

    @property
    def AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS(self) -> Sequence[str | bytes | tuple[str, str | bytes]]:
        """Earlier keys of access tokens, still accepted: public keys, or secrets given as ``("HS256", secret)``."""
        return read("AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS", ())

    @property
    def AUTH_SESSIONS_REAUTHENTICATION_AGE(self) -> timedelta | None:
        """What requires a recent proof of identity, requires one that is younger, unless it says so itself.

        None: of any age.
        """
        return read("AUTH_SESSIONS_REAUTHENTICATION_AGE", timedelta(minutes=10))

    @property
    def AUTH_SESSIONS_REAUTHENTICATION_URL(self) -> str | None:
        """The path or the name of the project's own page on which people prove their identity again.

        It gets ``next``, ``max_age`` and ``acr_values`` in the query. None: the pages of the app ask.
        """
        return read("AUTH_SESSIONS_REAUTHENTICATION_URL", None)

    @property
    def AUTH_SESSIONS_CLEAR_SITE_DATA(self) -> Sequence[str]:
        """What a browser that signs out is told to delete, by the header ``Clear-Site-Data``."""
        return read("AUTH_SESSIONS_CLEAR_SITE_DATA", ())

    @property
    def AUTH_SESSIONS_ACTIVITY_DAYS(self) -> int | None:
        """For how many days ``auth_sessions.activity`` keeps what has happened; None: for ever."""
        return read("AUTH_SESSIONS_ACTIVITY_DAYS", 90)

    @property
    def AUTH_SESSIONS_IP_RETENTION_DAYS(self) -> int | None:
        """After how many days ``auth_sessions.activity`` shortens addresses; 0: before they are stored; None: never."""
        return read("AUTH_SESSIONS_IP_RETENTION_DAYS", 30)

    @property
    def AUTH_SESSIONS_ACTIVITY_EMAILS(self) -> Collection[str]:
        """The events of which ``auth_sessions.activity`` sends the person an e-mail; none by default."""
        return read("AUTH_SESSIONS_ACTIVITY_EMAILS", ())

    @property
    def AUTH_SESSIONS_ACTIVITY_URL(self) -> str | None:
        """The absolute address that these e-mails lead to, with ``{id}`` for the activity; None: the app's own page."""
        return read("AUTH_SESSIONS_ACTIVITY_URL", None)

    @property
    def AUTH_SESSIONS_SIMPLEJWT_UNTIL(self) -> datetime | None:
        """Until when ``auth_sessions.contrib.simplejwt`` accepts simplejwt's tokens; None: until their own end."""
        return read("AUTH_SESSIONS_SIMPLEJWT_UNTIL", None)

    @property
    def AUTH_SESSIONS_SUPABASE_SIGNUP(self) -> bool:
        """Whether the Supabase API's ``POST signup`` accepts new users."""
        return read("AUTH_SESSIONS_SUPABASE_SIGNUP", False)

    @property
    def AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD(self) -> bool | Literal["unless_recent"]:
        """A new password in the Supabase API requires the current one; or that, or a recent sign-in."""
        return read("AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD", False)


def read(name: str, default: _T) -> _T:
    """The present value of a setting, or the default.

    As ``getattr(settings, name, default)``, in which Django raises an error for each setting that is not set.
    """
    try:
        chosen = object.__getattribute__(settings, "_wrapped")
    except AttributeError:
        chosen = None
    is_plain = type(chosen) is DjangoSettings  # no override_settings()
    value: _T = vars(chosen).get(name, default) if is_plain else getattr(settings, name, default)
    return value


def _preset(name: str, default: _T) -> _T:
    """What ``AUTH_SESSIONS_PRESET`` says in the place of the default. E001 reports a preset that does not exist."""
    chosen = read("AUTH_SESSIONS_PRESET", None)
    value: _T = PRESETS.get(chosen, {}).get(name, default) if isinstance(chosen, str) else default
    return value


conf = Settings()
