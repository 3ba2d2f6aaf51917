"""``RecentlyAuthenticated``: a view that asks for a recent proof of identity, and its challenge (RFC 9470)."""

import operator
from base64 import b64encode
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from auth_sessions import api
from auth_sessions.core.freshness import is_fresh
from auth_sessions.models import RefreshToken, Session
from auth_sessions.permissions import RecentlyAuthenticated
from tests.support.browser import Browser
from tests.support.device import PASSWORD, Device, code
from tests.support.inputs import each
from tests.support.shared_cache import asked
from tests.support.statements import statements
from tests.support.step_up import CODE, STALE, challenge, make_stale, row

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def _host(settings):
    settings.ROOT_URLCONF = "tests.host.step_up_urls"


def get(device, path="guarded/", **more):
    return device.client.get(f"/{path}", **device.headers, **more)


@each("path", ["guarded/", "guarded/usual/", "guarded/function/", "guarded/cached/"])
def test_only_a_fresh_session_passes(laptop, path):
    make_stale(laptop, timedelta(minutes=9))
    assert get(laptop, path).status_code == 200
    for age in (STALE, timedelta(days=400), None):
        make_stale(laptop, age)
        assert challenge(get(laptop, path)) == {
            "error": CODE,
            "error_description": "More recent authentication is required",
            "max_age": "600",
        }
    make_stale(laptop, timedelta(0))


def test_a_proof_is_too_old_at_the_very_age(clock, laptop):
    make_stale(laptop, timedelta(minutes=10))
    challenge(get(laptop))
    make_stale(laptop, timedelta(minutes=10, seconds=-1))
    assert get(laptop).status_code == 200


def test_a_clock_that_is_ahead(laptop):
    """What another machine has written may be in the future, but not by more than a proof may be old."""
    make_stale(laptop, -timedelta(minutes=2))
    assert get(laptop).status_code == 200
    make_stale(laptop, -timedelta(days=2))
    challenge(get(laptop))


def test_by_cookie(office_browser):
    assert get(office_browser).status_code == 200
    make_stale(office_browser)
    challenge(get(office_browser))
    challenge(office_browser.client.post("/guarded/"))


def test_nobody_is_signed_in(ada):
    assert get(Device()).status_code == 401
    assert get(Device()).json()["detail"] == "Authentication credentials were not provided."


def test_without_a_session(ada):
    """Somebody whom another class has authenticated cannot prove more than they have."""
    basic = b64encode(f"{ada.get_username()}:{PASSWORD}".encode()).decode()
    response = Device().client.get("/guarded/", HTTP_AUTHORIZATION=f"Basic {basic}")
    assert response.status_code == 403
    assert response.json() == {"detail": "This requires a sign-in of your own on this device."}


def test_acting_in_another_persons_name(grace, staff_device, ada, help_device):
    Session.objects.filter(pk=help_device.session_id).update(authenticated_at=row(staff_device).authenticated_at)
    for path in ("guarded/", "guarded/mfa/", "guarded/cached/"):
        response = get(help_device, path)
        assert response.status_code == 403
        assert response.json()["detail"].startswith("You act in another person’s name")
    assert not is_fresh(row(help_device))
    assert get(staff_device).status_code == 200


def test_the_setting_is_the_usual_age(laptop, settings):
    make_stale(laptop, timedelta(minutes=30))
    assert challenge(get(laptop, "guarded/usual/"))["max_age"] == "600"
    settings.AUTH_SESSIONS_REAUTHENTICATION_AGE = timedelta(hours=1)
    assert get(laptop, "guarded/usual/").status_code == 200
    challenge(get(laptop))  # which has an age of its own
    settings.AUTH_SESSIONS_REAUTHENTICATION_AGE = None
    make_stale(laptop, None)
    assert get(laptop, "guarded/usual/").status_code == 200


class TestMethods:
    def test_one_of_them_is_needed(self, laptop):
        parameters = challenge(get(laptop, "guarded/mfa/"))
        assert parameters["acr_values"] == "mfa hwk"
        assert parameters["error_description"] == "A different authentication is required"
        api.mark_reauthenticated(row(laptop), amr=["hwk"])
        assert get(laptop, "guarded/mfa/").status_code == 200

    def test_each_has_a_time_of_its_own(self, laptop):
        """A password alone renews no second factor."""
        make_stale(laptop, amr=["pwd", "otp", "mfa"])
        parameters = challenge(get(laptop, "guarded/mfa/"))
        assert parameters["error_description"] == "More recent authentication is required"
        for methods in (["pwd"], []):
            api.mark_reauthenticated(row(laptop), amr=methods)
            assert get(laptop).status_code == 200
            challenge(get(laptop, "guarded/mfa/"))
        api.mark_reauthenticated(row(laptop), amr=["otp", "mfa"])
        assert get(laptop, "guarded/mfa/").status_code == 200

    def test_of_a_login_whose_time_is_not_known(self, laptop):
        make_stale(laptop, None, amr=["mfa"])
        api.mark_reauthenticated(row(laptop), amr=["pwd"])
        assert row(laptop).proved_at("mfa") is None
        challenge(get(laptop, "guarded/mfa/"))


def test_what_it_costs(laptop, office_browser):
    """Nothing for a fresh session; one SELECT before a refusal, since there may be a newer proof."""
    for device, usual in ((laptop, 1), (office_browser, 3)):
        with CaptureQueriesContext(connection) as queries:
            assert get(device).status_code == 200
        assert statements(queries) == ["SELECT"] * usual
        make_stale(device)
        with CaptureQueriesContext(connection) as queries:
            challenge(get(device))
        assert statements(queries) == ["SELECT"] * (usual + 1)


@pytest.mark.usefixtures("rest_only", "shared_cache")
class TestTheCachedCheck:
    REDIS = "django.core.cache.backends.redis.RedisCache"

    @pytest.fixture(params=["in this process", "Redis"], autouse=True)
    def _any_cache(self, request, settings):
        if request.param == "Redis":
            location = f"{request.getfixturevalue('redis_address')}/13"
            settings.CACHES = {**settings.CACHES, "shared": {"BACKEND": self.REDIS, "LOCATION": location}}
            caches["shared"].clear()

    def test_what_it_costs(self, laptop):
        get(laptop, "guarded/cached/")
        assert asked(lambda: get(laptop, "guarded/cached/"))[0] == []

    def test_a_renewed_proof_counts_at_once(self, laptop):
        make_stale(laptop)
        for _ in range(2):  # the second time, the entry is in the cache
            challenge(get(laptop, "guarded/cached/"))
        assert laptop.post("reauthenticate/", {"password": PASSWORD}).status_code == 200
        assert get(laptop, "guarded/cached/").status_code == 200
        assert asked(lambda: get(laptop, "guarded/cached/"))[0] == ["SELECT"]  # until the entry has gone

    def test_an_entry_grows_old(self, laptop, clock_from_now, settings):
        """What was fresh when it was read is judged by its time, not by that of the entry."""
        settings.AUTH_SESSIONS_CACHE_TTL = timedelta(hours=1)
        settings.SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=1)}
        settings.AUTH_SESSIONS_LAST_SEEN_INTERVAL = timedelta(hours=1)
        device = Device().keep(laptop.try_refresh())
        assert get(device, "guarded/cached/").status_code == 200
        clock_from_now.shift(STALE)
        verbs = asked(lambda: challenge(get(device, "guarded/cached/")))[0]
        assert verbs[-1] == "SELECT"

    def test_a_session_that_has_ended_meanwhile(self, laptop):
        make_stale(laptop)
        get(laptop, "guarded/cached/")
        RefreshToken.objects.all()._raw_delete("default")  # nothing tells the cache
        Session.objects.filter(pk=laptop.session_id)._raw_delete("default")
        assert code(get(laptop, "guarded/cached/")) == (401, "session_not_found")


class TestCombinations:
    def test_and(self, laptop):
        for path in ("guarded/and/", "guarded/and-first/"):
            make_stale(laptop, timedelta(0))
            assert [get(laptop, path).status_code, get(laptop, f"{path}?please").status_code] == [403, 200]
            make_stale(laptop)
            challenge(get(laptop, f"{path}?please"))
        assert get(laptop, "guarded/and/").status_code == 403

    def test_or(self, laptop):
        make_stale(laptop)
        for path in ("guarded/or/", "guarded/or-last/"):
            challenge(get(laptop, path))
            assert get(laptop, f"{path}?please").status_code == 200

    def test_not(self):
        for permission in (RecentlyAuthenticated, RecentlyAuthenticated.within(minutes=1)):
            with pytest.raises(TypeError, match="cannot be negated"):
                operator.invert(permission)


def test_the_class_that_authenticates_has_the_last_word(laptop):
    make_stale(laptop)
    response = get(laptop, "guarded/own-words/")
    assert code(response) == (401, f"own_{CODE}")
    assert 'max_age="600"' in response["WWW-Authenticate"]


def test_the_projects_exception_handler_is_asked(laptop, settings):
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "EXCEPTION_HANDLER": "tests.host.exception_handlers.with_codes",
    }
    make_stale(laptop)
    response = get(laptop)
    assert response.status_code == 401
    assert response.json() == {
        "error": {"detail": CODE, "code": CODE, "max_age": CODE},
        "data": {"detail": "Show again that it is you.", "code": CODE, "max_age": 600},
    }
    assert response["WWW-Authenticate"].startswith("Bearer error=")


def test_what_programs_read_is_not_translated(laptop):
    make_stale(laptop)
    with translation.override("de"):
        challenge(get(laptop, HTTP_ACCEPT_LANGUAGE="de"))


@pytest.mark.usefixtures("any_transaction_mode")
def test_in_any_transaction_mode(laptop):
    make_stale(laptop)
    challenge(get(laptop))
    laptop.post("reauthenticate/", {"password": PASSWORD})
    assert get(laptop).status_code == 200


@each(
    ("args", "kwargs", "error"),
    {
        "no timedelta": ((600,), {}, TypeError),
        "a class, as without parentheses": ((RecentlyAuthenticated,), {}, TypeError),
        "two ages": ((timedelta(1),), {"minutes": 1}, TypeError),
        "no such unit": ((), {"fortnights": 1}, TypeError),
        "no age": ((), {"minutes": 0}, ValueError),
        "less than a second": ((), {"seconds": 0.999}, ValueError),
        "negative": ((timedelta(-1),), {}, ValueError),
        "endless": ((), {"days": 400_000}, ValueError),
        "a thousand years": ((), {"days": 365_000}, ValueError),
        "one method": ((), {"methods": "mfa"}, TypeError),
        "a number": ((), {"methods": [1]}, ValueError),
        "two words": ((), {"methods": ["a b"]}, ValueError),
        "a quote": ((), {"methods": ['a"']}, ValueError),
        "a new line": ((), {"methods": ["a\n"]}, ValueError),
        "nothing": ((), {"methods": [""]}, ValueError),
    },
)
def test_what_cannot_be_required(args, kwargs, error):
    with pytest.raises(error):
        RecentlyAuthenticated.within(*args, **kwargs)


def test_the_shortest_age():
    assert RecentlyAuthenticated.within(seconds=1).requirement.age == timedelta(seconds=1)


def test_another_persons_session_says_nothing(ada, bob, laptop):
    """Bob's cookie is old, and Ada's token is not: the permission is about whoever is ``request.user``."""
    browser = make_stale(Browser().sign_in(bob))
    response = browser.client.get("/guarded/", **laptop.headers)
    assert response.json() == {"user": str(ada.pk)}
