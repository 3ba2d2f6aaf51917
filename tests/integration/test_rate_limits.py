"""A limit that holds against requests at the same moment: django-ratelimit, which counts in one step, over Redis."""

import pytest
from django.urls import path

from auth_sessions.views import RefreshView
from tests.support.device import Device
from tests.support.races import statuses, together

ratelimit = pytest.importorskip("django_ratelimit.decorators", reason="needs django-ratelimit").ratelimit

AT_ONCE, LIMIT = 30, 5

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def limited(redis_address, settings):
    """The endpoint behind the decorator, counted in a Redis."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"{redis_address}/13",
            "KEY_PREFIX": settings.TEST_NAME,
        }
    }
    view = ratelimit(key="ip", rate=f"{LIMIT}/h", method="POST", block=True)(RefreshView.as_view())
    settings.ROOT_URLCONF = type("Urls", (), {"urlpatterns": [path("api/auth/token/refresh/", view)]})


def refresh(address):
    device = Device()
    device.client.defaults["REMOTE_ADDR"] = address
    return device.post("token/refresh/", {"refresh": "x"})


def test_of_requests_at_once_no_more_than_the_limit_pass(limited):
    """403, unless RATELIMIT_EXCEPTION_CLASS or a handler says otherwise."""
    answers = statuses(together(*[lambda: refresh("192.0.2.1")] * AT_ONCE))
    assert answers.count(401) == LIMIT
    assert answers.count(403) == AT_ONCE - LIMIT
    assert refresh("192.0.2.2").status_code == 401


def test_an_ipv6_client_is_counted_by_its_64(limited):
    answers = [refresh(f"2001:db8:1:2::{number}").status_code for number in range(LIMIT + 2)]
    assert answers == [401] * LIMIT + [403] * 2
    assert refresh("2001:db8:1:3::1").status_code == 401
