"""A circuit breaker: stops calling a cache that fails or is slow."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

logger = logging.getLogger("auth_sessions")

SLOW = 0.1
"""Seconds. A cache that takes longer is not called for a while, like one that fails."""

PAUSE = 5.0
"""Seconds during which this process does not call a cache that has failed. Then one request tries it again."""


class CircuitBreaker:
    """Allows calls until one fails or is slow, which opens the circuit; then one in each ``PAUSE``, until one succeeds.

    :meth:`hold_open` opens it for a fixed time, whatever succeeds meanwhile. The first call may be slow: it imports the
    client, and connects.
    """

    def __init__(self) -> None:
        self.open_until = 0.0
        """0 while the circuit is closed."""
        self.held_until = 0.0
        self.has_answered = False

    def allows_call(self) -> bool:
        """Whether the cache may be called now. While the circuit is open, True once in each ``PAUSE``."""
        if not self.open_until and not self.held_until:
            return True
        now = monotonic()
        if now < max(self.open_until, self.held_until):
            return False
        self.held_until = 0.0
        if not self.open_until:
            return True
        self.open_until = now + PAUSE
        return True

    def hold_open(self, seconds: float) -> None:
        """Open the circuit for this time."""
        self.held_until = max(self.held_until, monotonic() + seconds)

    def call(self, operation: Callable[..., Any], *args: Any, may_be_slow: bool = False, on_error: Any = None) -> Any:
        """The result of ``operation(*args)``, or ``on_error`` if it raises.

        A slow call opens the circuit, unless it ``may_be_slow``.
        """
        is_first, started = not self.has_answered, monotonic()
        try:
            answer = operation(*args)
        except Exception as error:  # noqa: BLE001 - a cache may raise anything; the database is read instead
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
            logger.warning("The cache of sessions is not called for a while: %s", reason)
        self.open_until = monotonic() + PAUSE
