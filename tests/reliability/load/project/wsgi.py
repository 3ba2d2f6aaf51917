"""For gunicorn; on a busy machine, whose cache is not slow for that."""

from importlib import import_module

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
import_module("auth_sessions.core.circuit_breaker").SLOW = 30
