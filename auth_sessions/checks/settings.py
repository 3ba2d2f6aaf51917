"""System checks: every wrong setting and every trap that can be seen before the first request."""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import django
import rest_framework
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import checks
from django.db.models import CASCADE, PROTECT, RESTRICT, ForeignKey, Model
from django.db.models.signals import post_delete, pre_delete
from django.urls import NoReverseMatch, reverse
from django.utils.encoding import force_bytes
from django.utils.module_loading import import_string
from django.utils.version import get_version_tuple
from rest_framework.settings import api_settings

from auth_sessions.authentication import CachedSessionJWTAuthentication, SessionJWTAuthentication
from auth_sessions.conf import Settings, conf
from auth_sessions.core import alive_cache
from auth_sessions.middleware import BrowserSessionMiddleware
from auth_sessions.models import RefreshToken, Session
from auth_sessions.pages.conf import PagesSettings
from auth_sessions.pages.conf import conf as pages_conf
from auth_sessions.supabase.conf import SupabaseSettings
from auth_sessions.tokens.keys import HMAC_KEY_BYTES, access_backend, fallback_backends, simple_jwt

Messages = Iterator[checks.CheckMessage]

PREFIX = "AUTH_SESSIONS_"

LONGEST = timedelta(days=365_000)
"""A thousand years; beyond the calendar's end, adding to a time fails."""

AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
BROWSERS = "auth_sessions.middleware.BrowserSessionMiddleware"

FIXED_CLAIMS = ("exp", "iat", "nbf", "aud", "iss", "session_id", "generation", "rotated_at")

UNREAD_SIMPLE_JWT = {
    "REFRESH_TOKEN_LIFETIME": "AUTH_SESSIONS_LIFETIME and AUTH_SESSIONS_IDLE_TIMEOUT replace it.",
    "ROTATE_REFRESH_TOKENS": "Refresh tokens always rotate.",
    "BLACKLIST_AFTER_ROTATION": "A rotated token is recognised by its generation; there is no blacklist.",
    "CHECK_REVOKE_TOKEN": "A session always ends with its password.",
    "UPDATE_LAST_LOGIN": "Django's user_logged_in signal always updates last_login.",
    "CHECK_USER_IS_ACTIVE": "An inactive user is always refused.",
    "USER_AUTHENTICATION_RULE": "Whether a person may sign in is decided by AUTHENTICATION_BACKENDS.",
    "TOKEN_OBTAIN_SERIALIZER": "Subclass auth_sessions.views.SignInView, or listen to access_token_issuing.",
    "TOKEN_REFRESH_SERIALIZER": "Subclass auth_sessions.views.RefreshView, or listen to access_token_issuing.",
    "TOKEN_VERIFY_SERIALIZER": "There is no verify endpoint; GET sessions/current/ tells.",
    "TOKEN_BLACKLIST_SERIALIZER": "Subclass auth_sessions.views.SignOutView.",
    "SLIDING_TOKEN_OBTAIN_SERIALIZER": "There are no sliding tokens.",
    "SLIDING_TOKEN_REFRESH_SERIALIZER": "There are no sliding tokens.",
}


def register() -> None:
    checks.register(check_project, checks.Tags.security)
    checks.register(check_deployment, checks.Tags.security, deploy=True)


def check_project(**kwargs: Any) -> list[checks.CheckMessage]:
    """Everything below; one small generator per concern."""
    concerns = (
        _values(),
        _simple_jwt_values(),
        _unknown_names(),
        _unread_simple_jwt(),
        _user_model(),
        _signing(),
        _related_models(),
        _delete_receivers(),
        _authentication(),
        _versions(),
        _middleware(),
        _cache(),
        _pages(),
    )
    return [message for concern in concerns for message in concern]


def check_deployment(**kwargs: Any) -> list[checks.CheckMessage]:
    """What may be so while a project is built, but not where it runs: E015, see W016."""
    return [checks.Error(text, hint=hint, id="auth_sessions.E015") for text, hint in _unshared_cache()]


def _positive(value: object, *, below: timedelta = LONGEST) -> bool:
    return isinstance(value, timedelta) and timedelta(0) < value < below


def _count(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _values() -> Messages:
    """E001: a setting has a value that it cannot have."""
    duration = "a positive datetime.timedelta of less than a thousand years"
    idle_timeout = conf.IDLE_TIMEOUT if _positive(conf.IDLE_TIMEOUT) else None
    rules = {
        "LIFETIME": (conf.LIFETIME is None or _positive(conf.LIFETIME), f"{duration}, or None"),
        "IDLE_TIMEOUT": (conf.IDLE_TIMEOUT is None or _positive(conf.IDLE_TIMEOUT), f"{duration}, or None"),
        "TOUCH_INTERVAL": (
            _positive(conf.TOUCH_INTERVAL, below=idle_timeout or LONGEST),
            "a positive datetime.timedelta, shorter than AUTH_SESSIONS_IDLE_TIMEOUT",
        ),
        "REUSE_INTERVAL": (_positive(conf.REUSE_INTERVAL), duration),
        "FRESH_AGE": (pages_conf.FRESH_AGE is None or _positive(pages_conf.FRESH_AGE), f"{duration}, or None"),
        "REUSE_POLICY": (conf.REUSE_POLICY in ("confirmed", "lenient"), '"confirmed" or "lenient"'),
        "MAX_PER_USER": (
            conf.MAX_PER_USER is None or _count(conf.MAX_PER_USER, least=1),
            "a positive integer or None",
        ),
        "LIMIT_POLICY": (
            conf.LIMIT_POLICY in ("evict_oldest", "refuse"),
            '"evict_oldest" or "refuse"',
        ),
        "LIMIT_BY": (conf.LIMIT_BY in ("user", "tag"), '"user" or "tag"'),
        "CACHE": (_named_cache(), "a name in CACHES, or None"),
        "CACHE_TTL": (_positive(conf.CACHE_TTL), duration),
        "TRUSTED_PROXIES": (_count(conf.TRUSTED_PROXIES, least=0), "an integer, 0 or more"),
        "VERIFYING_KEY_FALLBACKS": (_readable_fallbacks(), "a list of keys that can be read"),
    }
    for name, (is_right, must_be) in rules.items():
        if not is_right:
            shown = (
                "" if name == "VERIFYING_KEY_FALLBACKS" else f", not {getattr(pages_conf, name)!r}"
            )  # keys are not shown
            yield checks.Error(f"{PREFIX}{name} must be {must_be}{shown}.", id="auth_sessions.E001")


def _named_cache() -> bool:
    return conf.CACHE is None or (isinstance(conf.CACHE, str) and conf.CACHE in settings.CACHES)


def _readable_fallbacks() -> bool:
    keys = conf.VERIFYING_KEY_FALLBACKS
    if not isinstance(keys, (list, tuple)) or not all(isinstance(key, (str, bytes)) and key for key in keys):
        return False
    try:
        fallback_backends()
    except ValueError:
        return False
    return True


def _simple_jwt_values() -> Messages:
    """E001, for those settings of simplejwt that this app reads, and that no signing shows to be wrong."""
    claims = [
        simple_jwt("USER_ID_CLAIM"),
        simple_jwt("TOKEN_TYPE_CLAIM") or "token_type",
        simple_jwt("JTI_CLAIM") or "jti",
        *FIXED_CLAIMS,
    ]
    leeway = simple_jwt("LEEWAY")
    seconds = leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
    rules = {
        "ACCESS_TOKEN_LIFETIME": (_positive(simple_jwt("ACCESS_TOKEN_LIFETIME")), "a positive datetime.timedelta"),
        "LEEWAY": (
            seconds is None or (isinstance(seconds, (int, float)) and 0 <= seconds < LONGEST.total_seconds()),
            "seconds or a datetime.timedelta, 0 or more",
        ),
    }
    for name, claim in zip(("USER_ID_CLAIM", "TOKEN_TYPE_CLAIM", "JTI_CLAIM"), claims, strict=False):
        is_right = isinstance(claim, str) and bool(claim) and claims.count(claim) == 1
        rules[name] = is_right, "the name of a claim that is not used for something else"
    for name, (is_right, must_be) in rules.items():
        if not is_right:
            yield checks.Error(
                f'SIMPLE_JWT["{name}"] must be {must_be}, not {simple_jwt(name)!r}.', id="auth_sessions.E001"
            )


def _unknown_names() -> Messages:
    """W002: a name that no setting has, most likely a slip."""
    faces = (Settings, PagesSettings, SupabaseSettings)
    known = {f"{PREFIX}{name}" for face in faces for name in vars(face) if name.isupper()}
    for name in dir(settings):
        if name.startswith(PREFIX) and name not in known:
            yield checks.Warning(f"There is no setting {name}.", id="auth_sessions.W002")


def _unread_simple_jwt() -> Messages:
    """W003: a setting of simplejwt that this app does not read."""
    for name in getattr(settings, "SIMPLE_JWT", None) or {}:
        if name in UNREAD_SIMPLE_JWT:
            yield checks.Warning(
                f'SIMPLE_JWT["{name}"] is not read by auth_sessions.',
                hint=UNREAD_SIMPLE_JWT[name],
                id="auth_sessions.W003",
            )


def _user_model() -> Messages:
    """E004: the user model carries no password hash. E005: it has no field to name the user by in a token."""
    user_model: type[Model] = get_user_model()
    if not issubclass(user_model, AbstractBaseUser):
        yield checks.Error(
            f"{settings.AUTH_USER_MODEL} must be a subclass of AbstractBaseUser.",
            id="auth_sessions.E004",
        )
    names = ["pk", *(field.attname for field in user_model._meta.concrete_fields)]
    if simple_jwt("USER_ID_FIELD") not in names:
        yield checks.Error(
            f"{settings.AUTH_USER_MODEL} has no field {simple_jwt('USER_ID_FIELD')!r}.",
            hint='Name its unique key in SIMPLE_JWT["USER_ID_FIELD"].',
            id="auth_sessions.E005",
        )


def _signing() -> Messages:
    """E006: access tokens cannot be signed and verified. W007: an HMAC key is too short (RFC 7518, section 3.2)."""
    try:
        with warnings.catch_warnings(action="ignore"):
            backend = access_backend()
            signed = backend.encode({"token_type": "access"})
            if not simple_jwt("JWK_URL"):
                backend.decode(cast("Any", signed))
    except Exception as error:  # noqa: BLE001 - whatever simplejwt, PyJWT, cryptography or an encoder raise is the finding
        yield checks.Error(
            f"Access tokens cannot be signed and verified as SIMPLE_JWT says: {error}",
            hint="Look at ALGORITHM, SIGNING_KEY, VERIFYING_KEY, AUDIENCE, ISSUER, JWK_URL and JSON_ENCODER.",
            id="auth_sessions.E006",
        )
        return
    algorithm, key = simple_jwt("ALGORITHM"), simple_jwt("SIGNING_KEY")
    needed = HMAC_KEY_BYTES.get(algorithm, 0)
    if len(force_bytes(key)) < needed:
        yield checks.Warning(
            f"The key that signs access tokens has {len(force_bytes(key))} bytes; {algorithm} needs {needed}.",
            hint='Set SIMPLE_JWT["SIGNING_KEY"] or a longer SECRET_KEY.',
            id="auth_sessions.W007",
        )


def _related_models() -> Messages:
    """E008: a foreign key, to a session or to what falls with it, that would make signing out fail."""
    keys = [
        field
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if isinstance(field, ForeignKey)
    ]
    falling = _falling_with({Session, RefreshToken}, keys)
    for key in keys:
        if _target(key) in falling and key.remote_field.on_delete in (PROTECT, RESTRICT):
            yield checks.Error(
                f"{key.model._meta.label}.{key.name} protects {_target(key)._meta.label}, so that signing out fails.",
                hint="Use on_delete=CASCADE or SET_NULL.",
                obj=key,
                id="auth_sessions.E008",
            )


def _falling_with(models: set[type[Model]], keys: list[ForeignKey[Any, Any]]) -> set[type[Model]]:
    """The models, and all that ``CASCADE`` to them, directly or not."""
    more = {key.model for key in keys if _target(key) in models and key.remote_field.on_delete is CASCADE}
    return models if more <= models else _falling_with(models | more, keys)


def _target(key: ForeignKey[Any, Any]) -> type[Model]:
    return cast("type[Model]", key.remote_field.model._meta.concrete_model)


def _delete_receivers() -> Messages:
    """W009: a receiver that makes Django delete row by row."""
    for model in (Session, RefreshToken):
        if pre_delete.has_listeners(model) or post_delete.has_listeners(model):
            yield checks.Warning(
                f"There is a pre_delete or post_delete receiver for {model._meta.label}: it is not called for "
                "sessions, and for refresh tokens it makes the cost of a sign-out grow with their number.",
                hint="Listen to auth_sessions.signals.sessions_ending and sessions_ended.",
                id="auth_sessions.W009",
            )


def _authentication() -> Messages:
    """W010: by default no view of the project looks at sessions."""
    if conf.REUSE_POLICY != "confirmed":
        return
    if not _by_default(SessionJWTAuthentication):
        yield checks.Warning(
            "No class in REST_FRAMEWORK['DEFAULT_AUTHENTICATION_CLASSES'] looks at sessions: a signed-out access token "
            "stays valid until it expires, and theft is found late, since use is not seen.",
            hint="Put auth_sessions.authentication.SessionJWTAuthentication there, or silence this if that is meant.",
            id="auth_sessions.W010",
        )


def _by_default(wanted: type[SessionJWTAuthentication]) -> bool:
    return any(
        isinstance(authentication, type) and issubclass(authentication, wanted)
        for authentication in api_settings.DEFAULT_AUTHENTICATION_CLASSES
    )


DJANGO_REDIS = "django_redis.cache.RedisCache"

TIMEOUTS = {
    "django.core.cache.backends.memcached.PyMemcacheCache": ("timeout", "connect_timeout"),
    "django.core.cache.backends.redis.RedisCache": ("socket_timeout", "socket_connect_timeout"),
    DJANGO_REDIS: ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT"),
}
"""The options, by backend, without which a client waits for ever."""


def _cache() -> Messages:
    """W016: the cached check has no cache to go by. W017: it would hang the requests. W019: it hides that it fails."""
    for text, hint in _unshared_cache():
        yield checks.Warning(text, hint=hint, id="auth_sessions.W016")
    if not _named_cache() or conf.CACHE is None or not alive_cache.is_shared():
        return
    chosen: dict[str, Any] = settings.CACHES[conf.CACHE]
    options = chosen.get("OPTIONS", {})
    hides = options.get("IGNORE_EXCEPTIONS", getattr(settings, "DJANGO_REDIS_IGNORE_EXCEPTIONS", False))
    if hides and chosen["BACKEND"] == DJANGO_REDIS:
        yield checks.Warning(
            f"CACHES[{conf.CACHE!r}] hides its failures: it is asked though it is down, and no log tells what it lost.",
            hint="Set IGNORE_EXCEPTIONS to False there; the cached check goes on without the cache by itself.",
            id="auth_sessions.W019",
        )
    needed = TIMEOUTS.get(chosen["BACKEND"], ())
    names = [name for name in needed if not options.get(name)]
    if names:
        example = ", ".join(f'"{name}": 0.25' for name in needed)
        yield checks.Warning(
            f"CACHES[{conf.CACHE!r}] has no {' and no '.join(names)}: while it hangs, requests may hang with it.",
            hint=f"Set it in OPTIONS, in seconds, such as {{{example}}}.",
            id="auth_sessions.W017",
        )


def _unshared_cache() -> Iterator[tuple[str, str]]:
    is_wanted = _by_default(CachedSessionJWTAuthentication) or getattr(settings, f"{PREFIX}CACHE", None) is not None
    if is_wanted and _named_cache() and not alive_cache.is_shared():
        yield (
            "CachedSessionJWTAuthentication asks the database each time: it has no cache that all processes share.",
            "Name one of Redis or Memcached in AUTH_SESSIONS_CACHE, or use SessionJWTAuthentication.",
        )


def _versions() -> Messages:
    """E011: Django 6.1 with a Django REST framework that cannot work with it."""
    if django.VERSION >= (6, 1) and get_version_tuple(rest_framework.VERSION) < (3, 18):
        yield checks.Error(
            f"Django {django.get_version()} needs djangorestframework 3.18 or newer, not {rest_framework.VERSION}.",
            id="auth_sessions.E011",
        )


def _middleware() -> Messages:
    """E014: the middleware of browser sessions stands where there is no user yet."""
    order = [settings.MIDDLEWARE.index(name) for name in (AUTHENTICATION, BROWSERS) if name in settings.MIDDLEWARE]
    if order != sorted(order):
        yield checks.Error(f"{BROWSERS} must stand after {AUTHENTICATION} in MIDDLEWARE.", id="auth_sessions.E014")


def _pages() -> Messages:
    """E018: "Your devices" is mounted, but nothing tells which of the devices is this browser."""
    if _is_mounted("auth_sessions_pages:devices") and not _knows_browsers():
        yield checks.Error(f"The pages need {BROWSERS} in MIDDLEWARE.", id="auth_sessions.E018")


def _is_mounted(name: str) -> bool:
    if not getattr(settings, "ROOT_URLCONF", None):
        return False
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True


def _knows_browsers() -> bool:
    """Whether the middleware, or a subclass of it, is installed."""
    for name in settings.MIDDLEWARE:
        with suppress(ImportError):
            installed = import_string(name)
            if isinstance(installed, type) and issubclass(installed, BrowserSessionMiddleware):
                return True
    return False
