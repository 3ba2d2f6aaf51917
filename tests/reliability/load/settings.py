"""The example, as several processes that share a database and a Redis. ``LOAD_ENGINE`` is the ``SESSION_ENGINE``."""

import os
from datetime import timedelta

from example_project.settings import *  # noqa: F403 - what a project's own settings would do
from example_project.settings import REST_FRAMEWORK

DEBUG = False
ROOT_URLCONF = "tests.reliability.load.urls"
SESSION_ENGINE = f"django.contrib.sessions.backends.{os.environ.get('LOAD_ENGINE', 'db')}"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {}}
AUTH_SESSIONS_REUSE_INTERVAL = timedelta(seconds=1)  # a thief does not wait for ten
