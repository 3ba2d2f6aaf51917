"""A project on simplejwt, as it was (``STATE=old``), as the guide changes it (``new``), and without the blacklist app
(``left``); and as it was, but for both apps, on the way back (``back``).

``VARIANT`` is what the project uses of simplejwt; ``DATABASE`` the file of its database.
"""

import os
from datetime import timedelta

from tests.support.guides import replace_entry, run_block

STATE, VARIANT = os.environ["STATE"], os.environ["VARIANT"]
GUIDE = "from-simplejwt.md"

SECRET_KEY = "the-key-of-an-old-project-is-long-enough-for-hs256"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}}
ROOT_URLCONF = "tests.integration.simplejwt_project.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]}
SERIALIZER = "tests.integration.simplejwt_project.serializers.OwnTokenObtainPairSerializer"
SIMPLE_JWT = {
    "plain": {},
    "rotating": {"ROTATE_REFRESH_TOKENS": True},
    "blacklist": {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True, "CHECK_REVOKE_TOKEN": True},
    "sliding": {"AUTH_TOKEN_CLASSES": ("rest_framework_simplejwt.tokens.SlidingToken",)},
}[VARIANT]
if VARIANT == "blacklist" and STATE != "left":
    INSTALLED_APPS.append("rest_framework_simplejwt.token_blacklist")
if STATE != "old":
    run_block(GUIDE, "INSTALLED_APPS +=", globals())
if STATE in ("old", "back"):
    SIMPLE_JWT |= {"REFRESH_TOKEN_LIFETIME": timedelta(days=120), "TOKEN_OBTAIN_SERIALIZER": SERIALIZER}
else:
    replace_entry(GUIDE, REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"])
    if VARIANT == "plain":  # its clients never store another refresh token
        run_block(GUIDE, "AUTH_SESSIONS_REUSE_POLICY", globals())
