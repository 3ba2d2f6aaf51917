"""Counters for OpenTelemetry, where ``opentelemetry-api`` is installed; otherwise nothing is counted.

Names and attributes follow the semantic conventions: dotted names, units in braces, ``error.type`` for what went wrong.
There are no gauges: each process of a project would count all sessions at each export, where one
``authsessionsreport`` is enough.
"""

from typing import Any

from auth_sessions import __version__

try:
    from opentelemetry.metrics import get_meter
except ImportError:
    is_available = False
else:
    is_available = True

KIND = "auth_sessions.session.kind"
REASON = "auth_sessions.end.reason"
OUTCOME = "auth_sessions.refresh.outcome"
REFUSED = "auth_sessions.refused"
ERROR = "error.type"


class Counter:
    """A counter of OpenTelemetry; one that counts nothing where that is not installed."""

    def __init__(self, name: str, unit: str, description: str) -> None:
        self.name = name
        self._counter: Any = None
        if is_available:
            meter = get_meter("auth_sessions", __version__)
            self._counter = meter.create_counter(name, unit=unit, description=description)

    def add(self, attributes: dict[str, str], amount: int = 1) -> None:
        if self._counter is not None:
            self._counter.add(amount, attributes)


STARTS = Counter("auth_sessions.sessions.started", "{session}", "Sessions that were created, by kind")
ENDS = Counter("auth_sessions.sessions.ended", "{session}", "Sessions that ended, by kind and reason")
REFRESHES = Counter("auth_sessions.refreshes", "{refresh}", "Refreshes that were answered, by outcome")
REUSES = Counter("auth_sessions.refresh_tokens.reused", "{reuse}", "Sessions that ended since their token was reused")
REFUSALS = Counter("auth_sessions.refusals", "{refusal}", "Refusals, by what was refused and by the code")

COUNTERS = (STARTS, ENDS, REFRESHES, REUSES, REFUSALS)
