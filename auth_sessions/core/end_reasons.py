"""Why a session has ended, as far as an app remembers it: the row is gone, and the core remembers nothing."""

from collections.abc import Callable
from uuid import UUID

from auth_sessions.registries import Registry

finders = Registry[Callable[[UUID], str | None]]()
"""Each is asked why the session of a key has ended, and returns a word, or None."""


def find(session_id: UUID) -> str | None:
    """Why the session of this key has ended; None if nothing remembers it."""
    return next((reason for finder in finders if (reason := finder(session_id)) is not None), None)
