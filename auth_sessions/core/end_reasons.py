"""Why a session has ended, as far as an app remembers it: the row is gone, and the core remembers nothing."""

from collections.abc import Callable
from uuid import UUID

Finder = Callable[[UUID], str | None]

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Ask ``finder`` why a session has ended: it returns a word, or None."""
    if finder not in _finders:
        _finders.append(finder)


def unregister(finder: Finder) -> None:
    if finder in _finders:
        _finders.remove(finder)


def find(session_id: UUID) -> str | None:
    """Why the session of this key has ended; None if nothing remembers it."""
    return next((reason for finder in _finders if (reason := finder(session_id)) is not None), None)
