"""The host project of the tests.

``AUTH_SESSIONS_TEST_DATABASE`` is ``sqlite`` (default), ``postgresql`` or ``mariadb``;
``AUTH_SESSIONS_TEST_USER`` is the user model: ``auth.User`` (integer key), ``people.EmailUser`` (UUID key) or
``people.CodeUser`` (string key). ``AUTH_SESSIONS_TEST_WITHOUT`` is a part of Django or of the app that the host does
not use: ``middleware`` (of browser sessions), ``sessions`` (Django's), ``admin`` or ``supabase``.
"""

import os
import tempfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import django

from auth_sessions import __version__
from tests.support.servers import MariaDBServer, PostgreSQLServer

DATABASE = os.environ.get("AUTH_SESSIONS_TEST_DATABASE", "sqlite")
WITHOUT = os.environ.get("AUTH_SESSIONS_TEST_WITHOUT", "")
AUTH_USER_MODEL = os.environ.get("AUTH_SESSIONS_TEST_USER", "auth.User")

SECRET_KEY = "the-key-of-the-tests-is-long-enough-for-every-algorithm-of-the-hs-family"
ALLOWED_HOSTS = ["*"]
TIME_ZONE = "UTC"
USE_TZ = True
ROOT_URLCONF = "tests.urls"
SILENCED_SYSTEM_CHECKS = ["auth_sessions.W032"]  # of EdgeView, which only checks signatures
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_URL = "static/"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}

INSTALLED_APPS = [
    "tests.people",
    "tests.host",
    "auth_sessions",
    "tests.host.configs.SilentActivityConfig",
    "auth_sessions.contrib.simplejwt",
    "auth_sessions.supabase",
    "rest_framework",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "axes",
]
AXES_ENABLED = False
# The host has come from simplejwt long ago: nothing of its tokens is remembered, which would cost statements.
AUTH_SESSIONS_SIMPLEJWT_UNTIL = datetime(2020, 1, 1, tzinfo=UTC)
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "auth_sessions.middleware.BrowserSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
if WITHOUT in {"middleware", "sessions"}:
    MIDDLEWARE.remove("auth_sessions.middleware.BrowserSessionMiddleware")
if WITHOUT == "sessions":
    MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    INSTALLED_APPS.remove("django.contrib.sessions")
    INSTALLED_APPS.remove("django.contrib.messages")
if WITHOUT in {"sessions", "admin"}:  # the admin needs sessions
    INSTALLED_APPS.remove("django.contrib.admin")
if WITHOUT == "supabase":
    INSTALLED_APPS.remove("auth_sessions.supabase")
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
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["auth_sessions.authentication.SessionJWTAuthentication"],
}
if find_spec("drf_spectacular"):
    INSTALLED_APPS.append("drf_spectacular")
    REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"] = "drf_spectacular.openapi.AutoSchema"
    SPECTACULAR_SETTINGS = {
        "TITLE": "django-auth-sessions",
        "DESCRIPTION": "The REST API, and the API of Supabase's clients, as a project mounts them.",
        "VERSION": ".".join(__version__.split(".")[:2]),
    }

# Of this process alone, so that two runs on one server do not meet.
TEST_NAME = f"test_auth_sessions_{os.getpid()}"
# A file, because an SQLite database in memory is not shared between threads as one on disk is.
SQLITE_FILE = Path(tempfile.gettempdir()) / f"{TEST_NAME}.sqlite3"
POSTGRESQL, MARIADB = PostgreSQLServer.named(), MariaDBServer.named()

DATABASES = {
    "default": {
        "sqlite": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": SQLITE_FILE,
            # Nobody needs these rows after a power failure.
            "OPTIONS": {"timeout": 30, "init_command": "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY"},
            "TEST": {"NAME": SQLITE_FILE},
        },
        "postgresql": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "auth_sessions",
            "HOST": POSTGRESQL["PGHOST"],
            "PORT": POSTGRESQL["PGPORT"],
            "USER": POSTGRESQL["PGUSER"],
            "PASSWORD": POSTGRESQL["PGPASSWORD"],
            "OPTIONS": {"options": "-c synchronous_commit=off"},
            "TEST": {"NAME": TEST_NAME},
        },
        "mariadb": {
            "ENGINE": "django.db.backends.mysql",
            "NAME": "auth_sessions",
            "HOST": MARIADB["MYSQL_HOST"],
            "PORT": MARIADB["MYSQL_TCP_PORT"],
            "USER": MARIADB["MYSQL_USER"],
            "PASSWORD": MARIADB["MYSQL_PWD"],
            "TEST": {"NAME": TEST_NAME},
        },
    }[DATABASE],
}

if DATABASE == "mariadb":
    import pymysql

    # Django asks for mysqlclient's version; PyMySQL speaks the same interface.
    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
