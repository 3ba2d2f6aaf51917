"""The example, as several processes that share a database and a Redis.

``LOAD_ENGINE`` is the ``SESSION_ENGINE``. With ``LOAD_ASGI`` no connection stays open: an asynchronous server answers
each request in a thread of its own, and would keep one for each.
"""

import os
from datetime import timedelta

from example_project.settings import *  # noqa: F403 - what a project's own settings would do
from example_project.settings import DATABASES, REST_FRAMEWORK

DEBUG = False
DATABASES["default"]["CONN_MAX_AGE"] = 0 if "LOAD_ASGI" in os.environ else 60
ROOT_URLCONF = "tests.reliability.load.project.urls"
SESSION_ENGINE = f"django.contrib.sessions.backends.{os.environ.get('LOAD_ENGINE', 'db')}"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {}}
AUTH_SESSIONS_REUSE_INTERVAL = timedelta(seconds=1)  # a thief does not wait for ten
AUTH_SESSIONS_REAUTHENTICATION_AGE = None  # no page asks for the password again
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}  # no token is refused for its age
