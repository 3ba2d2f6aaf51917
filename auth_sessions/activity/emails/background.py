"""The project's backend for background tasks: that of Django 6.0, or of the package ``django-tasks`` on Django 5.2."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import django
from django.conf import settings

ALIAS = QUEUE = "default"


def get_tasks() -> Any:
    """The module that has tasks: ``django.tasks`` or ``django_tasks``; None if neither is there."""
    if django.VERSION >= (6, 0):
        return import_module("django.tasks")
    return None if find_spec("django_tasks") is None else import_module("django_tasks")


def runs_elsewhere() -> bool:
    """Whether the default backend of ``TASKS`` takes tasks to run outside of the request: the immediate one does not.

    Neither does one without the queue "default".
    """
    tasks = get_tasks()
    if tasks is None or ALIAS not in getattr(settings, "TASKS", {}):
        return False
    backend = tasks.task_backends[ALIAS]
    immediate = import_module(f"{tasks.__name__}.backends.immediate")
    takes_task = not backend.queues or QUEUE in backend.queues
    return takes_task and not isinstance(backend, immediate.ImmediateBackend)
