"""The settings of a project that are as safe as settings can be, and changes of them that the audit must see."""

from datetime import timedelta

from django.conf import settings
from django.urls import path
from rest_framework.authentication import BaseAuthentication
from rest_framework.views import APIView

MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.clickjacking.XFrameOptionsMiddleware"]

SAFE = {
    "DEBUG": False,
    "MIDDLEWARE": [*MIDDLEWARE, *settings.MIDDLEWARE],
    "SECRET_KEY": "x9!k2#m5$p8%r1&t4*w7(z0)b3-d6=f9+h2@j5^l8~n1_q4v7r3s6",
    "SECURE_HSTS_SECONDS": 31536000,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_SSL_REDIRECT": True,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "SESSION_COOKIE_AGE": 3600,
    "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
    "CSRF_COOKIE_SECURE": True,
    "CSRF_COOKIE_NAME": "__Host-csrftoken",
    "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"],
    "AUTH_SESSIONS_PRESET": "aal3",
    "AUTH_SESSIONS_REUSE_POLICY": "strict",
    "AUTH_SESSIONS_CLEAR_SITE_DATA": ["cookies", "storage"],
    "REST_FRAMEWORK": {
        "DEFAULT_AUTHENTICATION_CLASSES": ["auth_sessions.authentication.SessionJWTAuthentication"],
        "DEFAULT_THROTTLE_RATES": {"auth_sessions_token": "10/min"},
    },
    "SIMPLE_JWT": {"AUDIENCE": "api", "ISSUER": "https://example.org", "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5)},
}
WITHOUT_COOKIES = {"MIDDLEWARE": ["django.middleware.common.CommonMiddleware"]}

MET, NOT_MET, DUTY, NOT_APPLICABLE = "met", "not met", "the project's duty", "not applicable"


class OwnAuthentication(BaseAuthentication):
    """Nobody but the project knows what it accepts."""


def view_with(**members):
    return path("view/", type("View", (APIView,), members).as_view())


def asked_by(*classes):
    return view_with(authentication_classes=classes)


def with_framework(**members):
    return {"REST_FRAMEWORK": {**SAFE["REST_FRAMEWORK"], **members}}


def with_simple_jwt(**members):
    return {"SIMPLE_JWT": {**SAFE["SIMPLE_JWT"], **members}}
