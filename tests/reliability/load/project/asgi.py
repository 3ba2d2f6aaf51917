"""For daphne; on a busy machine, whose cache is not slow for that."""

from importlib import import_module

from django.core.asgi import get_asgi_application

application = get_asgi_application()
import_module("auth_sessions.core.circuit_breaker").SLOW = 30
