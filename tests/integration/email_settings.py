"""The example, which sends e-mails to a mail server on the loopback interface."""

import os
from datetime import timedelta

import django

from tests.integration.strict_settings import *  # noqa: F403

ROOT_URLCONF = "tests.integration.email_urls"
AUTH_SESSIONS_ACTIVITY_EMAILS = ["refresh_token_reused", "new_device", "session_moved"]
AUTH_SESSIONS_REUSE_INTERVAL = timedelta(seconds=1)
SMTP_PORT = int(os.environ["AUTH_SESSIONS_TEST_SMTP_PORT"])
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"OPTIONS": {"host": "127.0.0.1", "port": SMTP_PORT}}}
else:
    EMAIL_HOST, EMAIL_PORT = "127.0.0.1", SMTP_PORT
