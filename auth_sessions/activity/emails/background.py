"""The project's backend for background tasks: that of Django 6.0, or of the package ``django-tasks`` on Django 5.2."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import django

ALIAS = "default"


def get_tasks() -> Any:
    """The module that has tasks: ``django.tasks`` or ``django_tasks``; None if neither is there."""
    name = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
    return import_module(name) if "." in name or find_spec(name) is not None else None


def runs_elsewhere() -> bool:
    """Whether the default backend of ``TASKS`` runs tasks outside of the request; the immediate one does not."""
    tasks = get_tasks()
    if tasks is None:
        return False
    try:
        backend = tasks.task_backends[ALIAS]
    except (KeyError, tasks.exceptions.InvalidTaskBackend if django.VERSION >= (6, 0) else Exception):
        return False
    immediate = import_module(f"{tasks.__name__}.backends.immediate")
    return not isinstance(backend, immediate.ImmediateBackend)
