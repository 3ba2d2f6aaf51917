"""A host project with django-otp and, on it, django-two-factor-auth."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE

ROOT_URLCONF = "tests.integration.two_factor_project.urls"
INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_email",
    "formtools",
    "two_factor",
]
after = MIDDLEWARE.index("auth_sessions.middleware.BrowserSessionMiddleware") + 1
MIDDLEWARE = [*MIDDLEWARE[:after], "django_otp.middleware.OTPMiddleware", *MIDDLEWARE[after:]]
LOGIN_REDIRECT_URL = "/who/"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
