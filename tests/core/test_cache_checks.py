"""What the checks say of caches."""

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from tests.support.checks import findings

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # Django 6.1 asks SQLite what it can do


CACHED = {"DEFAULT_AUTHENTICATION_CLASSES": ["auth_sessions.authentication.CachedSessionJWTAuthentication"]}
BACKENDS = "django.core.cache.backends"
WITH_TIMEOUTS = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}


@pytest.mark.parametrize(
    "backend", ["locmem.LocMemCache", "dummy.DummyCache", "filebased.FileBasedCache", "db.DatabaseCache"]
)
def test_w016_and_e015_a_cache_that_is_not_shared(backend, tmp_path):
    caches = {"default": {"BACKEND": f"{BACKENDS}.{backend}", "LOCATION": str(tmp_path)}}
    assert findings(CACHES=caches) == []
    for wanted in ({"REST_FRAMEWORK": CACHED}, {"AUTH_SESSIONS_CACHE": "default"}):
        assert findings(CACHES=caches, **wanted) == ["auth_sessions.W016"]
    with override_settings(CACHES=caches, REST_FRAMEWORK=CACHED):
        deployed = [message.id for message in run_checks(include_deployment_checks=True)]
    assert "auth_sessions.E015" in deployed


def test_w016_no_cache_at_all():
    assert findings(REST_FRAMEWORK=CACHED, AUTH_SESSIONS_CACHE=None) == ["auth_sessions.W016"]


@pytest.mark.parametrize(
    ("backend", "names"),
    [
        ("django_redis.cache.RedisCache", ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT")),
        (f"{BACKENDS}.memcached.PyMemcacheCache", ("timeout", "connect_timeout")),
    ],
)
def test_w017_other_clients(backend, names):
    pytest.importorskip("django_redis" if "redis" in backend else "pymemcache")
    chosen = {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1"}
    assert findings(CACHES={"default": chosen}, REST_FRAMEWORK=CACHED) == ["auth_sessions.W017"]
    chosen["OPTIONS"] = dict.fromkeys(names, 0.25)
    assert findings(CACHES={"default": chosen}, REST_FRAMEWORK=CACHED) == []


def test_w019_a_client_that_hides_failures():
    pytest.importorskip("django_redis")
    options = {"SOCKET_TIMEOUT": 1, "SOCKET_CONNECT_TIMEOUT": 1}
    caches = {
        "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1", "OPTIONS": options}
    }
    wanted = {"CACHES": caches, "REST_FRAMEWORK": CACHED}
    assert findings(**wanted, DJANGO_REDIS_IGNORE_EXCEPTIONS=True) == ["auth_sessions.W019"]
    options["IGNORE_EXCEPTIONS"] = False
    assert findings(**wanted, DJANGO_REDIS_IGNORE_EXCEPTIONS=True) == []
    options["IGNORE_EXCEPTIONS"] = True
    assert findings(**wanted) == ["auth_sessions.W019"]
    django_s_own = {
        "BACKEND": f"{BACKENDS}.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:1",
        "OPTIONS": WITH_TIMEOUTS,
    }
    assert findings(**{**wanted, "CACHES": {"default": django_s_own}}, DJANGO_REDIS_IGNORE_EXCEPTIONS=True) == []


@pytest.mark.parametrize(
    ("options", "found"),
    [({}, ["auth_sessions.W017"]), ({"socket_timeout": 1}, ["auth_sessions.W017"]), (WITH_TIMEOUTS, [])],
)
def test_w017_a_redis_without_timeouts(options, found):
    caches = {
        "default": {"BACKEND": f"{BACKENDS}.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1", "OPTIONS": options}
    }
    assert findings(CACHES=caches, REST_FRAMEWORK=CACHED) == found
    assert findings(CACHES=caches, AUTH_SESSIONS_CACHE="default") == found
    assert findings(CACHES=caches) == []
    with override_settings(CACHES=caches, REST_FRAMEWORK=CACHED):
        deployed = [message.id for message in run_checks(include_deployment_checks=True)]
    assert "auth_sessions.E015" not in deployed
