"""What django-stubs' plugin for mypy needs to know of the project."""

SECRET_KEY = "of-a-project-that-is-never-run"
INSTALLED_APPS = [
    "auth_sessions",
    "auth_sessions.activity",
    "auth_sessions.contrib.simplejwt",
    "auth_sessions.supabase",
    "rest_framework",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
