import pytest

ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies", "cache redis", "cached_db redis"]


@pytest.fixture(params=ENGINES)
def any_engine(request, settings, tmp_path):
    engine, _, redis = request.param.partition(" ")
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    if redis:
        address = f"{request.getfixturevalue('redis_address')}/15"
        redis_cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": address}
        settings.CACHES = {"default": redis_cache}
