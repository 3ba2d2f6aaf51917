"""Leaves a cache alone that fails or is slow."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

logger = logging.getLogger("auth_sessions")

SLOW = 0.1
"""Seconds; a cache that takes longer is left alone for a while, as one that fails."""

PAUSE = 5.0
"""Seconds for which this process does not call a cache that failed; then one request tries it again."""


class CircuitBreaker:
    """Allows calls until one fails or is slow (the circuit is open); then one in each ``PAUSE``, until that goes well.

    The first answers may take their time: the client is loaded, and connects.
    """

    def __init__(self) -> None:
        self.open_until = 0.0
        """0 while the circuit is closed."""
        self.has_answered = False

    def allows_call(self) -> bool:
        if not self.open_until:
            return True
        now = monotonic()
        if now < self.open_until:
            return False
        self.open_until = now + PAUSE
        return True

    def call(self, operation: Callable[..., Any], *args: Any, may_be_slow: bool = False, on_error: Any = None) -> Any:
        """What the cache answers; ``on_error`` where it fails. What ``may_be_slow`` does not open the circuit."""
        is_first, started = not self.has_answered, monotonic()
        try:
            answer = operation(*args)
        except Exception as error:  # noqa: BLE001 - whatever a cache raises: the database is asked instead
            self._open(f"{type(error).__name__}: {error}")
            return on_error
        seconds = monotonic() - started
        if seconds <= SLOW:
            self.open_until = 0.0
        elif not is_first and not may_be_slow:
            self._open(f"an answer took {seconds:.3f} s")
        self.has_answered = True
        return answer

    def _open(self, reason: str) -> None:
        if not self.open_until:
            logger.warning("The cache of sessions is left alone for a while: %s", reason)
        self.open_until = monotonic() + PAUSE
