"""E022: a database router that separates users from sessions."""

import pytest
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
