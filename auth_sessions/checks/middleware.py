"""Where a middleware stands in the project's MIDDLEWARE."""

from contextlib import suppress

from django.conf import settings
from django.utils.module_loading import import_string

from auth_sessions.middleware import BrowserSessionMiddleware


def has_browser_sessions() -> bool:
    """Whether the middleware of browser sessions, or a subclass of it, is installed."""
    return bool(positions_of(BrowserSessionMiddleware))


def positions_of(middleware: type) -> list[int]:
    """Where a middleware, or a subclass of it, stands in MIDDLEWARE."""
    positions = []
    for position, name in enumerate(settings.MIDDLEWARE):
        with suppress(ImportError):
            installed = import_string(name)
            if isinstance(installed, type) and issubclass(installed, middleware):
                positions.append(position)
    return positions
