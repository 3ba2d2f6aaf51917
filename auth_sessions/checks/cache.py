"""W016, E015, W017, W019: the cache of the cached check."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks

from auth_sessions.authentication import CachedSessionJWTAuthentication
from auth_sessions.checks.installation import is_default
from auth_sessions.checks.settings import is_named_cache
from auth_sessions.conf import conf
from auth_sessions.core import session_cache

DJANGO_REDIS = "django_redis.cache.RedisCache"

TIMEOUTS = {
    "django.core.cache.backends.memcached.PyMemcacheCache": ("timeout", "connect_timeout"),
    "django.core.cache.backends.redis.RedisCache": ("socket_timeout", "socket_connect_timeout"),
    DJANGO_REDIS: ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT"),
}
"""The options, by backend, without which a client waits without limit."""


def check() -> Iterator[checks.CheckMessage]:
    """W016: there is no shared cache. W017: requests may wait without limit. W019: the client hides failures."""
    for text, hint in _unshared_cache():
        yield checks.Warning(text, hint=hint, id="auth_sessions.W016")
    alias = conf.AUTH_SESSIONS_CACHE
    if alias is None or not is_named_cache() or not session_cache.is_shared():
        return
    chosen: dict[str, Any] = settings.CACHES[alias]
    options = chosen.get("OPTIONS", {})
    hides = options.get("IGNORE_EXCEPTIONS", getattr(settings, "DJANGO_REDIS_IGNORE_EXCEPTIONS", False))
    if hides and chosen["BACKEND"] == DJANGO_REDIS:
        yield checks.Warning(
            f"CACHES[{alias!r}] hides its failures: it is called while it is down, and lost tombstones are not logged.",
            hint="Set IGNORE_EXCEPTIONS to False there; the cached check handles a failure of the cache itself.",
            id="auth_sessions.W019",
        )
    needed = TIMEOUTS.get(chosen["BACKEND"], ())
    names = [name for name in needed if not options.get(name)]
    if names:
        example = ", ".join(f'"{name}": 0.25' for name in needed)
        yield checks.Warning(
            f"CACHES[{alias!r}] has no {' and no '.join(names)}: requests may wait for it without limit.",
            hint=f"Set it in OPTIONS, in seconds, such as {{{example}}}.",
            id="auth_sessions.W017",
        )


def _unshared_cache() -> Iterator[tuple[str, str]]:
    is_wanted = is_default(CachedSessionJWTAuthentication) or getattr(settings, "AUTH_SESSIONS_CACHE", None) is not None
    if is_wanted and is_named_cache() and not session_cache.is_shared():
        yield (
            "CachedSessionJWTAuthentication reads the database each time: it has no cache that all processes share.",
            "Set AUTH_SESSIONS_CACHE to a cache on Redis or Memcached, or use SessionJWTAuthentication.",
        )


def check_deployment() -> Iterator[checks.CheckMessage]:
    """E015: see W016."""
    for text, hint in _unshared_cache():
        yield checks.Error(text, hint=hint, id="auth_sessions.E015")
