"""Tenants that share a cache and a ``SECRET_KEY``: what the cache says of one is believed of no other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from auth_sessions.core import session_cache
from tests.host.caches import Shared
from tests.support.device import code

GONE = (401, "session_not_found")


pytestmark = pytest.mark.usefixtures("shared_cache")


@pytest.mark.parametrize(
    "change",
    [
        {"NAME": "other"},
        {"HOST": "db.other.example"},
        {"PORT": "6543"},
        {"OPTIONS": {"service": "other"}},
        {"OPTIONS": {"read_default_file": "/etc/other.cnf"}},
        {"OPTIONS": {"db": "other"}},
        {"OPTIONS": {"options": "-c search_path=other"}},
        {"OPTIONS": {"options": "-c statement_timeout=5000 -csearch_path=other,public"}},
        {"OPTIONS": {"assume_role": "other"}},
    ],
    ids=str,
)
def test_each_part_of_an_address_is_another_origin(monkeypatch, change):
    before = session_cache.get_database_id()
    for name, value in change.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    assert session_cache.get_database_id() != before


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("-c search_path=a,public", "-c search_path=b,public", False),
        (r"-c search_path=public,\ a", r"-c search_path=public,\ b", False),
        ("--search_path=a", "--search_path=b", False),
        ("--search-path=a", "--search-path=b", False),
        ("-c SEARCH_PATH=a", "-c SEARCH_PATH=b", False),
        ("-c search_path=a -c statement_timeout=1", "-c statement_timeout=2 -c search_path=a", True),
        ("-c statement_timeout=1", "-c lock_timeout=1", True),
    ],
)
def test_a_search_path_in_the_settings_is_another_origin(monkeypatch, one, other, is_same):
    """What else these options say differs between processes of one project, which share their entries."""
    ids = set()
    for options in (one, other):
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"options": options})
        ids.add(session_cache.get_database_id())
    assert len(ids) == (1 if is_same else 2)


def test_a_schema_is_another_origin(monkeypatch):
    before = session_cache.get_database_id()
    monkeypatch.setattr(connection, "schema_name", "tenant_b", raising=False)
    assert session_cache.get_database_id() != before


def test_an_entry_of_another_schema_is_not_believed(laptop, monkeypatch, rest_only):
    assert laptop.fast().status_code == 200
    Shared.asked = []
    monkeypatch.setattr(connection, "schema_name", "tenant_b", raising=False)
    assert laptop.fast().status_code == 200  # the tests have one schema: the database says yes
    assert Shared.asked == ["get", "add"]
    monkeypatch.undo()
    Shared.asked = []
    assert laptop.fast().status_code == 200
    assert Shared.asked == ["get"]


def test_a_sign_out_reaches_the_entry_whatever_its_origin(laptop, monkeypatch):
    """A tombstone needs no id of a database: a key is of one session alone."""
    assert laptop.fast().status_code == 200
    with monkeypatch.context() as other:
        other.setattr(connection, "schema_name", "named otherwise in this process", raising=False)
        assert laptop.sign_out().status_code == 204
    assert code(laptop.fast()) == GONE


TWO_TENANTS = """
import sys

import django
from django.conf import settings

import tests.settings as host

databases = {
    alias: {**host.DATABASES["default"], "NAME": path}
    for alias, path in zip(("default", "tenant_b"), sys.argv[1:3], strict=True)
}
hosts = {"a.example": "default", "b.example": "tenant_b"}
tenant = "default"


def by_host(get_response):
    def middleware(request):
        global tenant
        tenant = hosts[request.get_host()]
        return get_response(request)

    return middleware


class Router:
    def db_for_read(self, model, **hints):
        return tenant

    db_for_write = db_for_read

    def allow_relation(self, *objects, **hints):
        return True


configured = {name: getattr(host, name) for name in dir(host) if name.isupper()}
configured["DATABASES"] = databases
configured["DATABASE_ROUTERS"] = [Router()]
configured["MIDDLEWARE"] = ["__main__.by_host", *host.MIDDLEWARE]
configured["CACHES"] = {"default": {
    "BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": sys.argv[3], **CACHE_OPTIONS,
}}
configured["AUTH_SESSIONS_CACHE"] = "default"
settings.configure(**configured)
django.setup()

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.management import call_command

from tests.support.device import PASSWORD, Device, code

cache.clear()
users = {}
for tenant, name in (("default", "member"), ("tenant_b", "owner")):
    call_command("migrate", database=tenant, verbosity=0)
    users[tenant] = get_user_model().objects.create_user(name, password=PASSWORD)
assert users["default"].pk == users["tenant_b"].pk

member = Device()
member.client.defaults["HTTP_HOST"] = "a.example"
member.sign_in(users["default"])
answers = [member.fast("name/").json()["name"] for _ in range(2)]
member.client.defaults["HTTP_HOST"] = "b.example"
print(answers, code(member.fast("name/")), code(member.me()))
member.client.defaults["HTTP_HOST"] = "a.example"
print(member.fast("name/").status_code)
cache.clear()
"""

OPTIONS = [
    "{}",
    '{"KEY_PREFIX": "one"}',
    '{"KEY_FUNCTION": lambda key, prefix, version: key, "VERSION": 7}',
]


@pytest.mark.integration
@pytest.mark.skipif(connection.vendor != "sqlite", reason="makes two databases of its own, of SQLite")
@pytest.mark.parametrize("options", OPTIONS)
def test_an_owner_is_not_signed_in_by_a_members_token(tmp_path, redis_address, options):
    """User 1 of tenant a is a member, user 1 of tenant b the owner; a router chooses by host, over a real Redis."""
    program = TWO_TENANTS.replace("CACHE_OPTIONS", options)
    command = [sys.executable, "-c", program, *(str(tmp_path / name) for name in "ab"), f"{redis_address}/13"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [f"['member', 'member'] {GONE} {GONE}", "200"]


def test_a_project_may_name_its_tenants_itself(laptop, monkeypatch):
    from auth_sessions.authentication import CachedSessionJWTAuthentication

    assert laptop.fast().status_code == 200
    original = CachedSessionJWTAuthentication.get_database_id
    monkeypatch.setattr(CachedSessionJWTAuthentication, "get_database_id", lambda self: original(self) + "search_path")
    Shared.asked = []
    assert laptop.fast().status_code == 200
    assert Shared.asked == ["get", "add"]
