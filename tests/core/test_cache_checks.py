"""What the checks say of caches."""

import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from tests.support.checks import findings
from tests.support.paths import ROOT

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


REDIS = f"{BACKENDS}.redis.RedisCache"
OWN = [
    ("tests.host.caches.OwnRedis", ("socket_timeout", "socket_connect_timeout")),
    ("tests.host.caches.OwnDjangoRedis", ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT")),
    ("tests.host.caches.OwnMemcached", ("timeout", "connect_timeout")),
    ("tests.host.caches.OwnValkey", ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT")),
    ("django_valkey.cache.ValkeyCache", ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT")),
    ("django_valkey.cluster_cache.cache.ClusterValkeyCache", ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT")),
]


def project(backend, location="redis://127.0.0.1:1", **options):
    """The settings of a project whose cached check uses this backend."""
    chosen = {"BACKEND": backend, "LOCATION": location, "OPTIONS": options}
    return {"CACHES": {"default": chosen}, "REST_FRAMEWORK": CACHED}


def skip_without(backend):
    from django.utils.module_loading import import_string

    try:
        import_string(backend)
    except ImportError as error:
        pytest.skip(f"{backend}: {error}")


@pytest.mark.parametrize(("backend", "names"), OWN)
def test_w017_subclasses_and_other_clients(backend, names):
    skip_without(backend)
    assert findings(**project(backend)) == ["auth_sessions.W017"]
    assert findings(**project(backend, **{names[0]: 0.25})) == ["auth_sessions.W017"]
    assert findings(**project(backend, **dict.fromkeys(names, 0.25))) == []


TIMEOUTS_IN_URL = "redis://127.0.0.1:1/0?socket_timeout=1&socket_connect_timeout=1"


@pytest.mark.parametrize("backend", [REDIS, "django_redis.cache.RedisCache", "django_valkey.cache.ValkeyCache"])
def test_w017_timeouts_elsewhere(backend):
    """In the URL, or for the connection pool."""
    skip_without(backend)
    assert findings(**project(backend, TIMEOUTS_IN_URL)) == []
    assert findings(**project(backend, [TIMEOUTS_IN_URL, TIMEOUTS_IN_URL])) == []
    assert findings(**project(backend, [TIMEOUTS_IN_URL, "redis://127.0.0.1:2"])) == ["auth_sessions.W017"]
    if backend != REDIS:
        assert findings(**project(backend, CONNECTION_POOL_KWARGS=WITH_TIMEOUTS)) == []


@pytest.mark.parametrize(
    ("backend", "setting"),
    [
        ("tests.host.caches.OwnDjangoRedis", "DJANGO_REDIS_IGNORE_EXCEPTIONS"),
        ("django_valkey.cache.ValkeyCache", "DJANGO_VALKEY_IGNORE_EXCEPTIONS"),
        ("tests.host.caches.OwnValkey", "DJANGO_VALKEY_IGNORE_EXCEPTIONS"),
    ],
)
def test_w019_subclasses_and_other_clients(backend, setting):
    skip_without(backend)
    timeouts = {"SOCKET_TIMEOUT": 1, "SOCKET_CONNECT_TIMEOUT": 1}
    assert findings(**project(backend, **timeouts)) == []
    assert findings(**project(backend, **timeouts), **{setting: True}) == ["auth_sessions.W019"]
    assert findings(**project(backend, **timeouts, IGNORE_EXCEPTIONS=True)) == ["auth_sessions.W019"]
    assert findings(**project(backend, **timeouts, IGNORE_EXCEPTIONS=False), **{setting: True}) == []


@pytest.mark.integration
class TestE026:
    """A cache that every call fails at: the cached check would be as slow as the other, and nothing would say why."""

    @pytest.mark.parametrize("backend", [REDIS, "tests.host.caches.OwnRedis"])
    def test_without_its_package(self, backend):
        """In a process of its own, in which the package cannot be imported."""
        program = WITHOUT_PACKAGE.format(settings=project(backend, **WITH_TIMEOUTS), package="redis")
        assert run(program) == ["auth_sessions.E026"]

    def test_a_backend_for_async_code(self):
        backend = "django_valkey.async_cache.cache.AsyncValkeyCache"
        skip_without(backend)
        program = WITHOUT_PACKAGE.format(settings=project(backend), package="none")
        assert run(program) == ["auth_sessions.E026"]

    def test_only_where_it_is_wanted(self):
        wanted = project(REDIS, **WITH_TIMEOUTS)
        program = WITHOUT_PACKAGE.format(settings={"CACHES": wanted["CACHES"]}, package="redis")
        assert run(program) == []


WITHOUT_PACKAGE = """
import sys
from importlib.machinery import PathFinder


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, *rest):
        return None if name.partition(".")[0] == "{package}" else super().find_spec(name, *rest)


sys.meta_path = [Without if finder is PathFinder else finder for finder in sys.meta_path]

import django

django.setup()

from tests.support.checks import findings

print(*findings(**{settings}))
"""


def run(program):
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()
