"""Two schemas of one database, with one cache in Redis and one ``SECRET_KEY``."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from tests.integration.tenants_project.models import Domain, Tenant
from tests.support.device import PASSWORD, Device, code

GONE = (401, "session_not_found")
TENANTS = ("a", "b")

CACHES = {
    "plain keys": {},
    "one prefix": {"KEY_PREFIX": "one", "VERSION": 7},
    "keys of tenants": {"KEY_FUNCTION": "django_tenants.cache.make_key"},
}


@pytest.fixture(params=CACHES)
def _cache(request, settings, redis_address, patient_breaker):
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"{redis_address}/11"}
    settings.CACHES = {**settings.CACHES, "shared": {**redis, **CACHES[request.param]}}
    settings.AUTH_SESSIONS_CACHE = "shared"
    yield
    caches["shared"].clear()


@pytest.fixture
def people(transactional_db):
    """User 1 of tenant a is a member, user 1 of tenant b the owner."""
    connection.set_schema_to_public()
    people = {}
    for name, person in zip(TENANTS, ("member", "owner"), strict=True):
        tenant = Tenant(schema_name=f"tenant_{name}", name=name)
        tenant.save(verbosity=0)
        Domain.objects.create(domain=f"{name}.example", tenant=tenant)
        with tenant_context(tenant):
            people[name] = get_user_model().objects.create_user(person, password=PASSWORD)
    assert people["a"].pk == people["b"].pk
    yield people
    connection.set_schema_to_public()
    for tenant in Tenant.objects.all():
        tenant.delete(force_drop=True)


def at(tenant, device):
    """The device, from now on at the host of this tenant."""
    device.client.defaults["HTTP_HOST"] = f"{tenant}.example"
    return device


def ask_async(device, what):
    host = device.client.defaults["HTTP_HOST"]  # which Django's client for async views cannot set
    headers = {"authorization": f"Bearer {device.access}", "x-forwarded-host": host}
    return async_to_sync(AsyncClient().get)(f"/async/{what}/", headers=headers)


@pytest.mark.usefixtures("_cache")
def test_a_token_of_a_member_at_one_is_nobody_s_at_the_other(people):
    member = at("a", Device()).sign_in(people["a"])
    assert [member.fast("name/").json()["name"] for _ in range(2)] == ["member"] * 2
    with CaptureQueriesContext(connection) as queries:
        assert member.fast().status_code == 200
    assert "auth_sessions_session" not in str(queries.captured_queries)
    at("b", member)
    assert code(member.fast("name/")) == code(member.fast("pk/")) == code(member.me()) == GONE
    owner = at("b", Device()).sign_in(people["b"])
    assert [owner.fast("name/").json()["name"] for _ in range(2)] == ["owner"] * 2
    assert owner.sign_out().status_code == 204
    assert code(owner.fast()) == GONE
    at("a", member)
    assert member.fast("name/").json()["name"] == "member"
    assert member.sign_out().status_code == 204
    assert code(member.fast()) == GONE


@pytest.mark.usefixtures("_cache")
def test_in_async_views(people):
    """The row of a user is read from the schema of the request, in whatever thread."""
    pytest.importorskip("adrf", reason="needs adrf")
    member, owner = at("a", Device()).sign_in(people["a"]), at("b", Device()).sign_in(people["b"])
    for what in ("pk", "name", "auser", "user-of-session", "in-thread"):
        answers = [ask_async(device, what).json()["answer"] for device in (member, owner, member)]
        assert answers == ([str(people["a"].pk)] * 3 if what == "pk" else ["member", "owner", "member"])
    assert ask_async(at("b", member), "name").status_code == 401
