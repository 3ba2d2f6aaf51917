"""E-mails by background tasks: of Django 6.0, or of django-tasks on Django 5.2."""

import json

import django
import pytest
from django.utils.module_loading import import_string

from auth_sessions.activity.emails import background
from tests.support.activity_emails import NEW, sent
from tests.support.device import IPHONE, MACBOOK, Device

NAME = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
pytestmark = [pytest.mark.usefixtures("emails"), pytest.mark.any_database]
if background.get_tasks() is None:
    pytest.skip("needs Django 6.0, or django-tasks", allow_module_level=True)


@pytest.fixture
def broker(settings):
    from tests.host.tasks import Broker

    settings.TASKS = {"default": {"BACKEND": "tests.host.tasks.Broker"}}
    Broker.kept.clear()
    return Broker


def work(kept):
    """A worker of another process: it has what JSON keeps."""
    path, args, kwargs = json.loads(json.dumps(kept))
    import_string(path).func(*args, **kwargs)


def test_a_worker_sends_it_once(ada, broker):
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    assert sent() == []
    (kept,) = broker.kept
    for _ in range(3):
        work(kept)
    (message,) = sent()
    assert message.subject == NEW
    assert "http://testserver/account/activity/" in message.body


def test_what_a_task_is_told_is_no_secret(ada, broker):
    Device(IPHONE).sign_in(ada)
    laptop = Device(MACBOOK).sign_in(ada)
    (kept,) = broker.kept
    assert "ada" not in str(kept)
    assert laptop.refresh_token not in str(kept)


@pytest.mark.parametrize(
    "tasks",
    [
        {},
        {"default": {"BACKEND": f"{NAME}.backends.immediate.ImmediateBackend"}},
        {"other": {"BACKEND": "tests.host.tasks.Broker"}},
        {"default": {"BACKEND": "tests.host.tasks.Broker", "QUEUES": ["reports"]}},
    ],
)
def test_without_a_backend_that_takes_it_it_is_sent_at_once(ada, settings, tasks):
    settings.TASKS = tasks
    Device(IPHONE).sign_in(ada)
    Device(MACBOOK).sign_in(ada)
    assert len(sent()) == 1


def test_a_broker_that_cannot_be_reached_refuses_no_sign_in(ada, settings, caplog):
    settings.TASKS = {"default": {"BACKEND": "tests.host.tasks.Failing"}}
    Device(IPHONE).sign_in(ada)
    assert Device(MACBOOK).sign_in(ada).is_signed_in()
    assert "was not sent" in caplog.text
    assert "a-password" not in caplog.text
