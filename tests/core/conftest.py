import pytest
from django.core.cache import caches

from auth_sessions.core import circuit_breaker, session_cache
from tests.host.caches import Shared


@pytest.fixture
def patient_breaker(monkeypatch):
    """A new circuit breaker, and a patient one: a busy machine is no slow cache."""
    monkeypatch.setattr(session_cache, "breaker", circuit_breaker.CircuitBreaker())
    monkeypatch.setattr(circuit_breaker, "SLOW", 30)


@pytest.fixture
def shared_cache(settings, patient_breaker):
    """A cache that all processes might share, which is asked for sessions."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "shared": {"BACKEND": "tests.host.caches.Shared", "LOCATION": "shared"},
    }
    settings.AUTH_SESSIONS_CACHE = "shared"
    Shared.asked, Shared.before = [], None
    caches["shared"].clear()
    yield Shared
    Shared.before = None
