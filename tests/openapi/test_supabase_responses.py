"""The API of Supabase's clients, in both formats of a refusal: real responses against docs/openapi.yaml."""

import pytest
from django.db import OperationalError
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from tests.support.device import PASSWORD
from tests.support.nested_runs import usual_host
from tests.support.openapi import described, is_request, operations
from tests.support.signing_keys import Key
from tests.support.supabase import NEW_PASSWORD, VALIDATORS, VERSION, SupabaseDevice, add_user

pytestmark = [pytest.mark.any_database, usual_host]

TOO_LARGE = b" " * (1024 * 1024 + 1)


@pytest.fixture(params=[None, VERSION])
def version(request):
    return request.param


@pytest.fixture
def ada(make_user):
    return add_user(make_user)


@pytest.fixture
def failing(monkeypatch):
    """A project whose own throttle fails in this way."""

    def fail(error=None):
        class Throttle(BaseThrottle):
            def allow_request(self, request, view):
                if error:
                    raise error
                return False

        monkeypatch.setattr(APIView, "throttle_classes", [Throttle])

    return fail


def with_tokens(version):
    device = SupabaseDevice(version)
    assert is_request("supabase_token", {"email": "ada@example.org", "password": PASSWORD})
    yield device.try_sign_in()
    yield device.try_sign_in(password="wrong")
    yield device.try_sign_in(email=None, phone="123")
    yield device.send("POST", "token?grant_type=password", b"junk")
    yield device.send("POST", "token?grant_type=password", TOO_LARGE)
    yield device.send("POST", "token?grant_type=id_token", {})
    device.sign_in()
    yield device.try_refresh()
    device.refresh_token = "x"
    yield device.try_refresh()


def user(device):
    yield device.user()
    yield device.user(HTTP_X_JWT_AUD="others")
    yield device.update(data={"name": "Ada"})
    yield device.update(email="new@example.org")
    yield device.update(app_metadata={})
    yield device.update(password="1")
    yield device.update(password=PASSWORD)
    yield device.update(password=NEW_PASSWORD, current_password="wrong")
    yield device.update(password=NEW_PASSWORD)
    yield device.send("PUT", "user", TOO_LARGE)
    yield device.send("PUT", "user", [])
    yield device.logout("nowhere")


def refused(device):
    for headers in ({"HTTP_AUTHORIZATION": None}, {"HTTP_AUTHORIZATION": "Bearer x"}):
        yield device.send("GET", "user", **headers)
        yield device.send("PUT", "user", {}, **headers)
        yield device.send("POST", "logout", **headers)
    bent = device.copy().bend(sub="7")
    yield from (bent.user(), bent.update(), bent.logout())
    yield device.logout()
    yield from (device.user(), device.update(), device.logout("others"))


def signing_up(version, settings):
    device = SupabaseDevice(version)
    yield device.signup("bob@example.org")
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    yield device.signup("bob@example.org")
    yield device.signup("bob@example.org")
    yield device.signup("")
    yield device.signup("", phone="123")
    yield device.signup("eve@example.org", password="1")
    yield device.send("POST", "signup", TOO_LARGE)


def public(device):
    for path in ("health", "settings", ".well-known/jwks.json"):
        yield device.send("GET", path)


def everything(device):
    yield from public(device)
    yield device.user()
    for path in ("token?grant_type=password", "logout", "signup"):
        yield device.send("POST", path, {})
    yield device.update()


def test_the_supabase_api(ada, version, settings, failing):
    settings.AUTH_PASSWORD_VALIDATORS = VALIDATORS
    responses = list(with_tokens(version))
    device = SupabaseDevice(version).sign_in()
    responses += [*public(device), *user(device), *refused(device)]
    settings.AUTH_SESSIONS_LIMIT_POLICY, settings.AUTH_SESSIONS_MAX_PER_USER = "refuse", 1
    responses += [SupabaseDevice(version).try_sign_in(password=NEW_PASSWORD) for _ in range(2)]
    responses += signing_up(version, settings)
    settings.AUTH_SESSIONS_MAX_PER_USER = None
    device.sign_in(password=NEW_PASSWORD)
    for error in (None, RuntimeError(), OperationalError()):
        failing(error)
        responses += everything(device)
    assert {described(response) for response in responses} == operations("supabase")


def test_the_user_alone(settings, version, db):
    """Where a new user must be confirmed first, the response is the user object."""
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.LetsNobodyIn"]
    assert described(SupabaseDevice(version).signup("bob@example.org")) == ("supabase_signup", 200)


def test_public_keys(settings, version):
    settings.SIMPLE_JWT = Key("ES256").settings
    response = SupabaseDevice(version).send("GET", ".well-known/jwks.json")
    assert len(response.json()["keys"]) == 1
    assert described(response) == ("supabase_keys", 200)
