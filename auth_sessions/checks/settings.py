"""E001, W002, W003, E055: the values and the names of settings."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.utils.timezone import is_aware

from auth_sessions.activity.alerts import ALERTS
from auth_sessions.choices import SessionKind
from auth_sessions.conf import Settings, conf
from auth_sessions.core.freshness import SHORTEST
from auth_sessions.moments import LONGEST
from auth_sessions.presets import LIMITED, PRESETS
from auth_sessions.tokens.keys import fallback_backend, simple_jwt

PREFIX = "AUTH_SESSIONS_"

RESERVED_CLAIMS = ("exp", "iat", "nbf", "aud", "iss", "session_id", "generation", "rotated_at", "auth_time", "act")

CLEAR_SITE_DATA = ("cache", "cookies", "storage", "executionContexts", "*")

UNREAD_SIMPLE_JWT = {
    "REFRESH_TOKEN_LIFETIME": "AUTH_SESSIONS_LIFETIME and AUTH_SESSIONS_IDLE_TIMEOUT replace it.",
    "ROTATE_REFRESH_TOKENS": "Refresh tokens always rotate. AUTH_SESSIONS_REUSE_POLICY decides about clients that keep "
    "an earlier one.",
    "BLACKLIST_AFTER_ROTATION": "A rotated token is recognised by its generation; there is no blacklist.",
    "CHECK_REVOKE_TOKEN": "AUTH_SESSIONS_PASSWORD_CHANGE_ENDS replaces it.",
    "UPDATE_LAST_LOGIN": "Django's user_logged_in signal always updates last_login.",
    "CHECK_USER_IS_ACTIVE": "An inactive user is always refused.",
    "USER_AUTHENTICATION_RULE": "Whether a person may sign in is decided by AUTHENTICATION_BACKENDS.",
    "TOKEN_OBTAIN_SERIALIZER": "For claims, listen to access_token_issuing; for the response, get_response_data().",
    "TOKEN_REFRESH_SERIALIZER": "For claims, listen to access_token_issuing; for the response, get_response_data().",
    "TOKEN_VERIFY_SERIALIZER": "Subclass TokenVerifyView of auth_sessions.contrib.simplejwt.views.",
    "TOKEN_BLACKLIST_SERIALIZER": "Subclass TokenBlacklistView of auth_sessions.contrib.simplejwt.views.",
    "SLIDING_TOKEN_OBTAIN_SERIALIZER": "Mount auth_sessions.contrib.simplejwt.sliding_urls.",
    "SLIDING_TOKEN_REFRESH_SERIALIZER": "Mount auth_sessions.contrib.simplejwt.sliding_urls.",
}


def check() -> Iterator[checks.CheckMessage]:
    yield from _values()
    yield from _simple_jwt_values()
    yield from _unknown_names()
    yield from _unread_simple_jwt()
    yield from _preset()


def _values() -> Iterator[checks.CheckMessage]:
    """E001: a setting has an invalid value."""
    duration = "a positive datetime.timedelta of less than a thousand years"
    idle_timeout = conf.AUTH_SESSIONS_IDLE_TIMEOUT if _is_duration(conf.AUTH_SESSIONS_IDLE_TIMEOUT) else None
    interval = conf.AUTH_SESSIONS_LAST_SEEN_INTERVAL
    rules = {
        "AUTH_SESSIONS_PRESET": (
            (preset := conf.AUTH_SESSIONS_PRESET) is None or (isinstance(preset, str) and preset in PRESETS),
            '"aal1", "aal2", "aal3" or None',
        ),
        "AUTH_SESSIONS_LIFETIME": (_is_duration_or_none(conf.AUTH_SESSIONS_LIFETIME), f"{duration}, or None"),
        "AUTH_SESSIONS_IDLE_TIMEOUT": (_is_duration_or_none(conf.AUTH_SESSIONS_IDLE_TIMEOUT), f"{duration}, or None"),
        "AUTH_SESSIONS_LAST_SEEN_INTERVAL": (
            _is_duration(interval, below=idle_timeout or LONGEST),
            "a positive datetime.timedelta, shorter than AUTH_SESSIONS_IDLE_TIMEOUT",
        ),
        "AUTH_SESSIONS_REUSE_INTERVAL": (_is_duration(conf.AUTH_SESSIONS_REUSE_INTERVAL), duration),
        "AUTH_SESSIONS_REUSE_POLICY": (
            conf.AUTH_SESSIONS_REUSE_POLICY in ("confirmed", "strict", "lenient", "off"),
            '"confirmed", "strict", "lenient" or "off"',
        ),
        "AUTH_SESSIONS_MAX_PER_USER": (
            conf.AUTH_SESSIONS_MAX_PER_USER is None or _is_count(conf.AUTH_SESSIONS_MAX_PER_USER, least=1),
            "a positive integer or None",
        ),
        "AUTH_SESSIONS_LIMIT_POLICY": (
            conf.AUTH_SESSIONS_LIMIT_POLICY in ("evict_oldest", "refuse"),
            '"evict_oldest" or "refuse"',
        ),
        "AUTH_SESSIONS_LIMIT_BY": (conf.AUTH_SESSIONS_LIMIT_BY in ("user", "tag"), '"user" or "tag"'),
        "AUTH_SESSIONS_PASSWORD_CHANGE_ENDS": (
            _are_kinds(conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS),
            '("token", "browser") or ("browser",): Django itself ends browser sessions',
        ),
        "AUTH_SESSIONS_CACHE": (is_named_cache(), "a name in CACHES, or None"),
        "AUTH_SESSIONS_CACHE_TTL": (_is_duration(conf.AUTH_SESSIONS_CACHE_TTL), duration),
        "AUTH_SESSIONS_TRUSTED_PROXIES": (
            _is_count(conf.AUTH_SESSIONS_TRUSTED_PROXIES, least=0),
            "an integer, 0 or more",
        ),
        "AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS": (
            _are_keys_readable(),
            'a list of public keys that can be read, or of secrets as ("HS256", secret)',
        ),
        "AUTH_SESSIONS_REAUTHENTICATION_AGE": (
            (age := conf.AUTH_SESSIONS_REAUTHENTICATION_AGE) is None or (_is_duration(age) and age >= SHORTEST),
            "a datetime.timedelta of a second or more, and of less than a thousand years, or None",
        ),
        "AUTH_SESSIONS_REAUTHENTICATION_URL": (
            (url := conf.AUTH_SESSIONS_REAUTHENTICATION_URL) is None or (isinstance(url, str) and bool(url)),
            "a path, the name of a URL, or None",
        ),
        "AUTH_SESSIONS_CLEAR_SITE_DATA": (
            _are_of(conf.AUTH_SESSIONS_CLEAR_SITE_DATA, CLEAR_SITE_DATA),
            f"a list of some of {', '.join(CLEAR_SITE_DATA)}",
        ),
        "AUTH_SESSIONS_ACTIVITY_DAYS": (
            (days := conf.AUTH_SESSIONS_ACTIVITY_DAYS) is None or (_is_count(days, least=1) and days <= LONGEST.days),
            "a number of days, 1 or more, or None",
        ),
        "AUTH_SESSIONS_IP_RETENTION_DAYS": (
            (days := conf.AUTH_SESSIONS_IP_RETENTION_DAYS) is None
            or (_is_count(days, least=0) and days <= LONGEST.days),
            "a number of days, 0 or more, or None",
        ),
        "AUTH_SESSIONS_ACTIVITY_EMAILS": (
            _are_of(conf.AUTH_SESSIONS_ACTIVITY_EMAILS, ALERTS),
            f"a list of some of {', '.join(ALERTS)}",
        ),
        "AUTH_SESSIONS_ACTIVITY_URL": (
            (url := conf.AUTH_SESSIONS_ACTIVITY_URL) is None or _is_absolute_url(url),
            "an absolute URL (https://...), or None",
        ),
        "AUTH_SESSIONS_SIMPLEJWT_UNTIL": (
            (until := conf.AUTH_SESSIONS_SIMPLEJWT_UNTIL) is None
            or (isinstance(until, datetime) and is_aware(until) == settings.USE_TZ),
            "a datetime, with a time zone where USE_TZ is True, or None",
        ),
        "AUTH_SESSIONS_SUPABASE_SIGNUP": (isinstance(conf.AUTH_SESSIONS_SUPABASE_SIGNUP, bool), "True or False"),
        "AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD": (
            isinstance(demand := conf.AUTH_SESSIONS_SUPABASE_REQUIRE_CURRENT_PASSWORD, bool)
            or demand == "unless_recent",
            'True, False or "unless_recent"',
        ),
    }
    for name, (is_right, must_be) in rules.items():
        if not is_right:
            is_secret = name == "AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS"
            value = "" if is_secret else f", not {getattr(conf, name)!r}"
            yield checks.Error(f"{name} must be {must_be}{value}.", id="auth_sessions.E001")


def _is_duration(value: object, *, below: timedelta = LONGEST) -> bool:
    return isinstance(value, timedelta) and timedelta(0) < value < below


def _is_duration_or_none(value: object) -> bool:
    return value is None or _is_duration(value)


def _is_count(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _are_kinds(value: object) -> bool:
    if not isinstance(value, (list, tuple, set, frozenset)) or not all(isinstance(kind, str) for kind in value):
        return False
    return {"browser"} <= set(value) <= set(SessionKind)


def is_named_cache() -> bool:
    alias = conf.AUTH_SESSIONS_CACHE
    return alias is None or (isinstance(alias, str) and alias in settings.CACHES)


def _are_of(value: object, known: Sequence[str]) -> bool:
    return isinstance(value, (list, tuple)) and all(each in known for each in value)


def _is_absolute_url(value: object) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    is_one_word = parts is not None and not any(each.isspace() for each in str(value))
    return parts is not None and is_one_word and parts.scheme in ("http", "https") and bool(parts.hostname)


def _are_keys_readable() -> bool:
    keys = conf.AUTH_SESSIONS_VERIFYING_KEY_FALLBACKS
    if not isinstance(keys, (list, tuple)):
        return False
    try:
        for key in keys:
            fallback_backend(key)
    except (TypeError, ValueError):
        return False
    return True


def _simple_jwt_values() -> Iterator[checks.CheckMessage]:
    """E001, for the settings of simplejwt that the app reads, and whose error the check of the keys does not find."""
    claims = [
        simple_jwt("USER_ID_CLAIM"),
        simple_jwt("TOKEN_TYPE_CLAIM") or "token_type",
        simple_jwt("JTI_CLAIM") or "jti",
        *RESERVED_CLAIMS,
    ]
    leeway = simple_jwt("LEEWAY")
    seconds = leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
    rules = {
        "ACCESS_TOKEN_LIFETIME": (_is_duration(simple_jwt("ACCESS_TOKEN_LIFETIME")), "a positive datetime.timedelta"),
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


def _unknown_names() -> Iterator[checks.CheckMessage]:
    """W002: a name that no setting has, most likely a typo."""
    for name in dir(settings):
        if name.startswith(PREFIX) and name not in vars(Settings):
            yield checks.Warning(f"There is no setting {name}.", id="auth_sessions.W002")


def _unread_simple_jwt() -> Iterator[checks.CheckMessage]:
    """W003: a setting of simplejwt that the app does not read."""
    for name in getattr(settings, "SIMPLE_JWT", None) or {}:
        if name in UNREAD_SIMPLE_JWT:
            yield checks.Warning(
                f'SIMPLE_JWT["{name}"] is not read by auth_sessions.',
                hint=UNREAD_SIMPLE_JWT[name],
                id="auth_sessions.W003",
            )


def _preset() -> Iterator[checks.CheckMessage]:
    """E055: a setting exceeds what the preset says."""
    chosen = conf.AUTH_SESSIONS_PRESET
    preset = PRESETS.get(chosen, {}) if isinstance(chosen, str) else {}
    for name in LIMITED:
        value = getattr(conf, name)
        if name in preset and _is_duration_or_none(value) and (value is None or value > preset[name]):
            yield checks.Error(
                f"{name} is {value!r}, and {chosen!r} (AUTH_SESSIONS_PRESET) allows {preset[name]!r} at most.",
                hint="Remove it, or make it shorter.",
                id="auth_sessions.E055",
            )
