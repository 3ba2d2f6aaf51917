from project.defaults import *  # noqa: F403

INSTALLED_APPS = [
    "rest_framework",
    "djoser",
    "django.contrib.auth",
    "django.contrib.contenttypes",
]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
    ],
}
SIMPLE_JWT = {"AUTH_HEADER_TYPES": ["JWT"]}
DJOSER = {"TOKEN_MODEL": None}
