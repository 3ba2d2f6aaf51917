import os

SECRET_KEY = "the-key-of-the-small-project-is-long-enough"
ROOT_URLCONF = "shop.urls"
USE_TZ = True
STATIC_URL = "static/"  # which a live server needs
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "auth_sessions",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "auth_sessions.middleware.BrowserSessionMiddleware",
]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["auth_sessions.authentication.SessionJWTAuthentication"]}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", ":memory:"),
        "TEST": {"NAME": "tests.sqlite3"},  # threads would share the one connection of a database in memory
    }
}
