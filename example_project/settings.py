"""A small project to try the app in. Not for production: the key is public.

On SQLite; with ``PGDATABASE`` (and ``PGHOST``, ``PGUSER``, …) on PostgreSQL. With ``REDIS_URL`` sessions are checked in
that cache.
"""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = "an-example-key-that-everybody-knows-and-nobody-should-ever-use"
DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    "example_project",
    "auth_sessions",
    "auth_sessions.activity",
    "auth_sessions.supabase",
    "rest_framework",
    "corsheaders",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "auth_sessions.middleware.BrowserSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "example_project.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "example.sqlite3",
        # A transaction that reads first and writes later would fail under load instead of waiting.
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    },
}
if "PGDATABASE" in os.environ:
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PGDATABASE"],  # libpq reads the rest
        "CONN_MAX_AGE": 60,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_REDIRECT_URL = "/browser/"
STATIC_URL = "static/"
TIME_ZONE = "UTC"
USE_TZ = True

# Supabase's clients on pages of another origin: what they send, and the header by which they read error codes.
CORS_ALLOWED_ORIGINS = ["http://localhost:3000", "http://localhost:5173"]
CORS_ALLOW_HEADERS = ["accept", "apikey", "authorization", "content-type", "x-client-info", "x-supabase-api-version"]
CORS_EXPOSE_HEADERS = ["X-Supabase-Api-Version"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["auth_sessions.authentication.SessionJWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_RATES": {"auth_sessions_token": "60/min"},
}
if "REDIS_URL" in os.environ:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": os.environ["REDIS_URL"],
            "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
        },
    }
    REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] = [
        "auth_sessions.authentication.CachedSessionJWTAuthentication",
    ]
