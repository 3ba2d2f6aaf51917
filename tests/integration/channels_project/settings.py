"""A host project behind an ASGI server, with a channel layer and a cache in Redis."""

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.host.async_views"
ASGI_APPLICATION = "tests.integration.channels_project.asgi.application"
DATABASES = {"default": {**DATABASES["default"], **json.loads(os.environ["CHANNELS_PROJECT_DATABASE"])}}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": os.environ["CHANNELS_PROJECT_LAYER"],
        "CONFIG": {"hosts": [f"{os.environ['CHANNELS_PROJECT_REDIS']}/9"], "prefix": f"p{os.getppid()}"},
    },
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "shared": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{os.environ['CHANNELS_PROJECT_REDIS']}/9",
        "OPTIONS": {"socket_timeout": 10, "socket_connect_timeout": 10},
    },
}
AUTH_SESSIONS_CACHE = "shared"
