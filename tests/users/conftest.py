"""A project that decides by more than ``is_active`` who may be signed in: it marks people as staff."""

import pytest
from django.contrib.auth import get_user_model
from django.test import override_settings

MODEL = "django.contrib.auth.backends.ModelBackend"
ALLOW_ALL = "django.contrib.auth.backends.AllowAllUsersModelBackend"


@pytest.fixture
def use_backends(settings):
    def use(*paths):
        settings.AUTHENTICATION_BACKENDS = [path if "." in path else f"tests.host.backends.{path}" for path in paths]

    return use


@pytest.fixture
def mark(ada):
    """Mark Ada past every signal, as a query of the project's does."""

    def mark(user=ada, **fields):
        get_user_model()._base_manager.filter(pk=user.pk).update(**(fields or {"is_staff": True}))

    return mark


@pytest.fixture
def other_secret_key():
    """Another process: a worker, or a shell, whose ``SECRET_KEY`` is another."""
    another = "the-key-of-a-worker-that-somebody-has-configured-badly-once-again"
    return lambda **changes: override_settings(SECRET_KEY=another, **changes)
