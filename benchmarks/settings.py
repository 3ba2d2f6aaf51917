"""The settings of one contender, chosen by environment variables that ``workers`` sets."""

import os
from datetime import timedelta

from benchmarks.contenders import CONTENDERS

ENTRY = CONTENDERS[os.environ["AUTH_SESSIONS_BENCHMARK_CONTENDER"]]
NAME = os.environ["AUTH_SESSIONS_BENCHMARK_NAME"]

SECRET_KEY = "the-key-of-the-benchmarks-is-long-enough-for-every-algorithm-of-the-hs-family"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
ROOT_URLCONF = f"benchmarks.contenders.{ENTRY.module}"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The cheapest there is: it must not hide what else a sign-in costs.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [*ENTRY.apps, "rest_framework", "django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", *ENTRY.middleware]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [ENTRY.authentication],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}
AUTH_SESSIONS_REUSE_INTERVAL = timedelta(microseconds=1)  # within it a refresh rotates nothing, and would cost less
if ENTRY.module == "simplejwt":
    SIMPLE_JWT |= {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True, "UPDATE_LAST_LOGIN": True}
REST_KNOX = {"TOKEN_TTL": timedelta(days=1)}
if ENTRY.redis:
    CACHES = {
        "default": {
            "BACKEND": ENTRY.redis,
            "LOCATION": f"redis://127.0.0.1:{os.environ.get('REDIS_PORT', '6379')}/15",
            "KEY_PREFIX": NAME,
        }
    }
globals().update(ENTRY.settings)

DATABASES = {
    "default": {
        "sqlite": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": NAME,
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",  # or two that read first and write later fail at once
                "init_command": "PRAGMA synchronous=NORMAL; PRAGMA journal_mode=WAL",
            },
        },
        "postgresql": {"ENGINE": "django.db.backends.postgresql", "NAME": NAME},
    }[os.environ["AUTH_SESSIONS_BENCHMARK_DATABASE"]]
}
if os.environ["AUTH_SESSIONS_BENCHMARK_POOL"]:
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 4}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = None
if ENTRY.prepares:
    DATABASES["default"].setdefault("OPTIONS", {}).update(server_side_binding=True, prepare_threshold=5)
