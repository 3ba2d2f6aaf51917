from project.defaults import *  # noqa: F403

INSTALLED_APPS = [
    "project",
    "rest_framework",
    "django.contrib.auth",
    "django.contrib.contenttypes",
]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "project.authentication.SupabaseAuthentication",
    ],
}
SUPABASE_JWT_SECRET = "the-legacy-secret-of-the-supabase-project-as-in-its-settings"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
