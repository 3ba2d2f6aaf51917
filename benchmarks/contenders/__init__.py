"""Who is measured: one small Django project for each, with what it needs and nothing more."""

from dataclasses import dataclass, field
from typing import Any

DAY = 24 * 60 * 60
REDIS = "django.core.cache.backends.redis.RedisCache"
SESSION_MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One contender: ``module`` of this package holds its URLs, and how a client speaks to it."""

    label: str
    module: str
    authentication: str
    apps: tuple[str, ...] = ()
    middleware: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    """What must be installed, by import name."""
    redis: str = ""
    """The class of the cache, where it uses one in Redis."""
    prepares: bool = False
    """Whether PostgreSQL keeps its statements prepared."""


def _ours(label: str, authentication: str = "SessionJWTAuthentication", **more: Any) -> Entry:
    return Entry(
        label=label,
        module="ours",
        authentication=f"auth_sessions.authentication.{authentication}",
        apps=("auth_sessions",),
        **more,
    )


def _simplejwt(label: str, **more: Any) -> Entry:
    return Entry(
        label=label,
        module="simplejwt",
        authentication="rest_framework_simplejwt.authentication.JWTAuthentication",
        apps=("rest_framework_simplejwt.token_blacklist",),
        **more,
    )


def _allauth(label: str, *, stateful: bool) -> Entry:
    return Entry(
        label=label,
        module="allauth",
        authentication="allauth.headless.contrib.rest_framework.authentication.JWTTokenAuthentication",
        apps=("allauth", "allauth.account", "allauth.headless", "allauth.usersessions", "django.contrib.sessions"),
        middleware=(*SESSION_MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"),
        settings={
            "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
            "ACCOUNT_EMAIL_VERIFICATION": "none",
            "ACCOUNT_RATE_LIMITS": False,
            "HEADLESS_ONLY": True,
            "HEADLESS_CLIENTS": ("app",),
            "HEADLESS_TOKEN_STRATEGY": "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy",
            "HEADLESS_JWT_ALGORITHM": "HS256",
            "HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN": DAY,
            "HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED": stateful,
        },
        packages=("allauth.headless", "cryptography"),
    )


def _django(label: str, engine: str, **more: Any) -> Entry:
    return Entry(
        label=label,
        module="django_session",
        authentication="rest_framework.authentication.SessionAuthentication",
        apps=("django.contrib.sessions",),
        middleware=SESSION_MIDDLEWARE,
        settings={"SESSION_ENGINE": f"django.contrib.sessions.backends.{engine}"},
        **more,
    )


CONTENDERS = {
    "ours": _ours("auth_sessions, SQL check"),
    "ours_prepared": _ours("auth_sessions, SQL check, prepared", prepares=True),
    "ours_cached": _ours("auth_sessions, cached check", "CachedSessionJWTAuthentication", redis=REDIS),
    "ours_cached_django_redis": _ours(
        "auth_sessions, cached check, django-redis[hiredis]",
        "CachedSessionJWTAuthentication",
        redis="django_redis.cache.RedisCache",
        packages=("django_redis", "hiredis"),
    ),
    "simplejwt": _simplejwt("simplejwt, blacklist"),
    "simplejwt_prepared": _simplejwt("simplejwt, blacklist, prepared", prepares=True),
    "signature": Entry(
        label="simplejwt, signature alone",
        module="signature",
        authentication="rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication",
    ),
    "knox": Entry(
        label="knox",
        module="knox",
        authentication="knox.auth.TokenAuthentication",
        apps=("knox",),
        packages=("knox",),
    ),
    "allauth": _allauth("allauth JWT", stateful=False),
    "allauth_stateful": _allauth("allauth JWT, stateful", stateful=True),
    "django_db": _django("Django session, db", "db"),
    "django_cached_db": _django("Django session, cached_db", "cached_db", redis=REDIS),
    "floor": Entry(label="floor", module="floor", authentication="benchmarks.contenders.floor_check.Authentication"),
}
