"""W016, E015, W017, W019, E026: the cache of the cached check."""

from collections.abc import Iterator
from importlib.util import find_spec
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core import checks
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache

from auth_sessions.authentication import CachedSessionJWTAuthentication
from auth_sessions.checks.installation import is_default
from auth_sessions.checks.settings import is_named_cache
from auth_sessions.conf import conf
from auth_sessions.core import session_cache

CLIENT_TIMEOUTS = ("socket_timeout", "socket_connect_timeout")

TIMEOUTS = {
    "django.core.cache.backends.memcached.PyMemcacheCache": ("timeout", "connect_timeout"),
    "django.core.cache.backends.redis.RedisCache": CLIENT_TIMEOUTS,
    "django_redis.cache.RedisCache": ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT"),
    "django_valkey.base.BaseValkeyCache": ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT"),
}
"""The options, by backend, without which a client waits without limit."""

HIDING = {
    "django_redis.cache.RedisCache": "DJANGO_REDIS_IGNORE_EXCEPTIONS",
    "django_valkey.base.BaseValkeyCache": "DJANGO_VALKEY_IGNORE_EXCEPTIONS",
}
"""The backends whose option ``IGNORE_EXCEPTIONS`` hides failures, and the setting with its default."""


def check() -> Iterator[checks.CheckMessage]:
    """W016: there is no shared cache. E026, W019, W017: see the functions."""
    if problem := _find_problem():
        yield checks.Error(
            f"CACHES[{conf.AUTH_SESSIONS_CACHE!r}] cannot be used, and the cached check reads the database each time: "
            f"{problem}.",
            hint="Install the package of its client, or correct BACKEND and OPTIONS.",
            id="auth_sessions.E026",
        )
        return
    for text, hint in _unshared_cache():
        yield checks.Warning(text, hint=hint, id="auth_sessions.W016")
    alias = conf.AUTH_SESSIONS_CACHE
    if alias is not None and is_named_cache() and session_cache.is_shared():
        yield from _hidden_failures(alias)
        yield from _missing_timeouts(alias)


def _find_problem() -> str:
    """E026: why the cache cannot be used; "" if it can, or if no cache is wanted. The cache is not connected to.

    Django's own checks fail for a backend that cannot be imported.
    """
    alias = conf.AUTH_SESSIONS_CACHE
    if alias is None or not _is_wanted() or not is_named_cache():
        return ""
    cache = caches[alias]
    if isinstance(cache, RedisCache) and find_spec("redis") is None:  # which Django imports at the first use
        return "the package redis is not installed"
    if iscoroutinefunction(cache.get):
        return f"{type(cache).__name__} is for async code only"
    return ""


def _hidden_failures(alias: str) -> Iterator[checks.CheckMessage]:
    """W019: the client hides its failures."""
    for setting in _values_of_backend(alias, HIDING):
        if _options(alias).get("IGNORE_EXCEPTIONS", getattr(settings, setting, False)):
            yield checks.Warning(
                f"CACHES[{alias!r}] hides its failures: it is called while it is down, and lost tombstones are not "
                "logged.",
                hint="Set IGNORE_EXCEPTIONS to False there; the cached check handles a failure of the cache itself.",
                id="auth_sessions.W019",
            )


def _missing_timeouts(alias: str) -> Iterator[checks.CheckMessage]:
    """W017: requests may wait for the cache without limit."""
    for needed in _values_of_backend(alias, TIMEOUTS):
        names = [name for name in needed if not _options(alias).get(name) and not _is_client_timeout(alias, name)]
        if names:
            example = ", ".join(f'"{name}": 0.25' for name in needed)
            yield checks.Warning(
                f"CACHES[{alias!r}] has no {' and no '.join(names)}: requests may wait for it without limit.",
                hint=f"Set it in OPTIONS, in seconds, such as {{{example}}}.",
                id="auth_sessions.W017",
            )


def _values_of_backend(alias: str, by_backend: dict[str, Any]) -> list[Any]:
    """The values for the backend, or for the one that it is a subclass of."""
    modules = {f"{base.__module__}.{base.__qualname__}" for base in type(caches[alias]).__mro__}
    return [value for name, value in by_backend.items() if name in modules]


def _options(alias: str) -> dict[str, Any]:
    chosen: dict[str, Any] = settings.CACHES[alias]
    return chosen.get("OPTIONS") or {}


def _is_client_timeout(alias: str, option: str) -> bool:
    """Whether a timeout of the clients for Redis is set for the connection pool, or by the URL of every server."""
    name = option.lower()
    if name not in CLIENT_TIMEOUTS:
        return False
    if (_options(alias).get("CONNECTION_POOL_KWARGS") or {}).get(name):
        return True
    servers = settings.CACHES[alias].get("LOCATION") or ""
    urls = servers.replace(";", ",").split(",") if isinstance(servers, str) else servers
    return bool(urls) and all(name in parse_qs(urlsplit(str(url)).query) for url in urls)


def _is_wanted() -> bool:
    return is_default(CachedSessionJWTAuthentication) or getattr(settings, "AUTH_SESSIONS_CACHE", None) is not None


def _unshared_cache() -> Iterator[tuple[str, str]]:
    if _is_wanted() and is_named_cache() and not _find_problem() and not session_cache.is_shared():
        yield (
            "CachedSessionJWTAuthentication reads the database each time: it has no cache that all processes share.",
            "Set AUTH_SESSIONS_CACHE to a cache on Redis or Memcached, or use SessionJWTAuthentication.",
        )


def check_deployment() -> Iterator[checks.CheckMessage]:
    """E015: see W016."""
    for text, hint in _unshared_cache():
        yield checks.Error(text, hint=hint, id="auth_sessions.E015")
