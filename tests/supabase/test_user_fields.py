"""What the user object says of a person besides their id: confirmed addresses, metadata, and what a project adds."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model

from auth_sessions.supabase.apps import SupabaseConfig
from auth_sessions.supabase.models import Profile
from tests.support.device import Device
from tests.support.supabase import EMAIL, IDENTITY, needs_email, share_tokens, written

pytestmark = [needs_email, pytest.mark.any_database]

SIGNED_UP = "2026-11-24T12:00:00.000000Z"


@pytest.fixture
def project_config(monkeypatch):
    """The app's configuration is the project's subclass, as ``INSTALLED_APPS`` would name it."""

    def install(**methods):
        config = apps.get_app_config("auth_sessions_supabase")
        monkeypatch.setattr(config, "__class__", type("Config", (SupabaseConfig,), methods))

    return install


def identity(user):
    return {name: value for name, value in user["user_metadata"].items() if name in IDENTITY}


def answers(device):
    """The user object of each answer that has one."""
    return [
        device.try_sign_in().json()["user"],
        device.refresh().json()["user"],
        device.user().json(),
        device.update(data={}).json(),
    ]


def test_an_address_is_confirmed_at_the_sign_up(clock, laptop):
    clock.shift(60)
    for user in answers(laptop):
        assert user["email_confirmed_at"] == user["confirmed_at"] == user["created_at"] == SIGNED_UP
        assert identity(user) == user["identities"][0]["identity_data"] == identity(laptop.claims)
        assert identity(user) == {"sub": user["id"], "email": EMAIL, "email_verified": True, "phone_verified": False}


def test_a_sign_up_is_confirmed(clock, nobody, settings):
    settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
    user = nobody.signup(data={"name": "Ada"}).json()["user"]
    assert user["email_confirmed_at"] == SIGNED_UP
    assert user["user_metadata"] == {**identity(user), "name": "Ada"}


def test_a_person_without_an_address(clock, laptop):
    get_user_model().objects.update(email="")
    user = laptop.user().json()
    assert {"email_confirmed_at", "confirmed_at"}.isdisjoint(user)
    assert user["user_metadata"] == {"sub": user["id"], "email_verified": False, "phone_verified": False}


def test_a_client_says_nothing_of_it(laptop):
    """It sends back the metadata that it has read, or worse."""
    read = laptop.user().json()["user_metadata"]
    lies = {"sub": "1", "email": "eve@example.org", "email_verified": "no", "phone_verified": True}
    for data in ({**read, "name": "Ada"}, lies, dict.fromkeys(IDENTITY)):
        answer = laptop.update(data=data)
        assert answer.status_code == 200
        assert identity(answer.json()) == {name: read[name] for name in IDENTITY}
    assert Profile.objects.get().user_metadata == {"name": "Ada"}
    laptop.refresh()
    assert identity(laptop.claims) == {name: read[name] for name in IDENTITY}


class TestAProject:
    """One method of the app's configuration decides for every answer and every token."""

    def test_an_address_that_is_not_confirmed(self, laptop, project_config):
        project_config(get_user_fields=lambda self, user: {"email_confirmed_at": None})
        for user in answers(laptop):
            assert {"email_confirmed_at", "confirmed_at"}.isdisjoint(user)
            assert user["user_metadata"]["email_verified"] is False
        assert laptop.claims["user_metadata"]["email_verified"] is False

    def test_fields(self, laptop, project_config):
        confirmed = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)

        def get_user_fields(self, user):
            return {
                **SupabaseConfig.get_user_fields(self, user),
                "phone": "15551234",
                "phone_confirmed_at": confirmed,
                "user_metadata": {"name": user.get_username()},
                "app_metadata": {"role": "editor"},
                "invited_at": confirmed,
                "banned_until": None,
                "id": "not theirs to change",
            }

        project_config(get_user_fields=get_user_fields)
        laptop.update(data={"name": "Eve", "colour": "green"})
        for user in answers(laptop):
            assert (
                user["phone_confirmed_at"]
                == user["confirmed_at"]
                == user["invited_at"]
                == "2026-11-01T09:30:00.000000Z"
            )
            assert user["email_confirmed_at"] > user["confirmed_at"]
            assert "banned_until" not in user
            assert user["id"] == laptop.user_id
            assert user["user_metadata"]["phone_verified"] is True
            assert written(user) == {"name": get_user_model().objects.get().get_username(), "colour": "green"}
            assert user["app_metadata"] == {"provider": "email", "providers": ["email"], "role": "editor"}
            claims = laptop.claims
            assert {name: claims[name] for name in ("phone", "user_metadata", "app_metadata")} == {
                name: user[name] for name in ("phone", "user_metadata", "app_metadata")
            }
        assert Profile.objects.get().user_metadata == {"name": "Eve", "colour": "green"}

    def test_tokens_of_the_rest_api(self, ada, project_config):
        project_config(get_user_fields=lambda self, user: {"app_metadata": {"plan": "free"}})
        device = share_tokens(Device().sign_in(ada))
        assert device.claims["app_metadata"]["plan"] == "free"
        assert device.user().json()["app_metadata"]["plan"] == "free"

    def test_a_sign_up_that_is_confirmed_later(self, nobody, settings, project_config):
        """The user object without a session, on which clients wait."""
        settings.AUTH_SESSIONS_SUPABASE_SIGNUP = True
        settings.AUTHENTICATION_BACKENDS = ["tests.host.backends.LetsNobodyIn"]
        project_config(get_user_fields=lambda self, user: {"email_confirmed_at": None})
        user = nobody.signup().json()
        assert user["email"] == EMAIL
        assert "email_confirmed_at" not in user
