import pytest

from tests.support.browser import HelpDesk

SLOW_ENGINES = ["cached_db", "cached_db redis", "cache", "file", "cache redis"]
ENGINES = [
    "db",
    "signed_cookies",
    *(pytest.param(engine, marks=[pytest.mark.slow, pytest.mark.any_database]) for engine in SLOW_ENGINES),
]


@pytest.fixture(params=ENGINES)
def any_engine(request, settings, tmp_path):
    engine, _, redis = request.param.partition(" ")
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    if redis:
        address = f"{request.getfixturevalue('redis_address')}/15"
        redis_cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": address}
        settings.CACHES = {"default": redis_cache}


@pytest.fixture
def _host_that_notes_who_acts(use_middleware):
    use_middleware("NotedActor")


@pytest.fixture
def desk(_host_that_notes_who_acts, grace):
    """The browser in which Grace is signed in, at a host that notes who acts."""
    return HelpDesk().sign_in(grace)
