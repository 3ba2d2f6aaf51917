"""The example's application on a busy machine, whose cache is not slow for that."""

from importlib import import_module

from example_project.wsgi import application

__all__ = ["application"]

import_module("auth_sessions.core.circuit_breaker").SLOW = 30
