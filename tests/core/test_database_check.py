"""E022: a database router that separates users from sessions. E040: one that keeps tables of ours elsewhere."""

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model

from auth_sessions.models import RefreshToken, Session
from tests.support.checks import findings, messages

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def router(**aliases):
    """A router that writes these apps, or models, to other databases."""

    class Router:
        def db_for_write(self, model, **hints):
            return aliases.get(model._meta.model_name, aliases.get(model._meta.app_label))

        def db_for_read(self, model, **hints):
            return "replica"

    return [Router()]


@pytest.mark.parametrize(
    "aliases",
    [
        {get_user_model()._meta.app_label: "people"},
        {"auth_sessions": "sessions"},
        {get_user_model()._meta.app_label: "people", "auth_sessions": "sessions"},
        {"refreshtoken": "tokens"},
    ],
)
def test_separated(aliases):
    assert "auth_sessions.E022" in findings(DATABASE_ROUTERS=router(**aliases))


@pytest.mark.parametrize(
    "aliases",
    [
        {},
        {get_user_model()._meta.app_label: "default"},
        {get_user_model()._meta.app_label: "one", "auth_sessions": "one"},
        {"sessions": "elsewhere", "host": "elsewhere"},
    ],
)
def test_together(aliases):
    assert "auth_sessions.E022" not in findings(DATABASE_ROUTERS=router(**aliases))


def test_it_names_the_models_and_the_databases():
    found = messages(DATABASE_ROUTERS=router(**{get_user_model()._meta.app_label: "people"}))
    [message] = [message for message in found if message.id == "auth_sessions.E022"]
    assert f"{get_user_model()._meta.label} to 'people'" in message.msg
    for model in (Session, RefreshToken):
        assert f"{model._meta.label} to 'default'" in message.msg


@pytest.mark.parametrize("app", ["auth_sessions.activity", "auth_sessions.contrib.simplejwt", "auth_sessions.supabase"])
def test_a_table_in_another_database(app):
    """A router that names the app auth_sessions alone, as it might name auth."""
    if not apps.is_installed(app):
        pytest.skip("not installed")
    label = next(config.label for config in apps.get_app_configs() if config.name == app)

    class Router:
        def allow_migrate(self, db, app_label, **hints):
            return False if app_label == label else None

    [message] = messages(DATABASE_ROUTERS=[Router()])
    assert message.id == "auth_sessions.E040"
    assert f"of {app} " in message.msg
    assert label in message.hint


def test_tables_that_another_alias_migrates():
    """Such as a direct connection beside that of a pooler: the router allows no migration by this one."""

    class Router:
        def allow_migrate(self, db, app_label, **hints):
            return db == "direct"

    assert messages(DATABASE_ROUTERS=[Router()]) == []
