from project.defaults import *  # noqa: F403

INSTALLED_APPS = [
    "project",
    "rest_framework",
    "rest_framework.authtoken",
    "djoser",
    "django.contrib.auth",
    "django.contrib.contenttypes",
]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
    ],
}
