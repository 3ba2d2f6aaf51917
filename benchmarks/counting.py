"""What one call costs the database and the cache, counted, not timed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@dataclass
class Cost:
    """``verbs`` are the statements in order; ``control`` counts what begins and ends transactions."""

    statements: int = 0
    control: int = 0
    cache: int = 0
    verbs: str = ""


@contextmanager
def counted() -> Iterator[dict[str, Any]]:
    """The cost of what happens inside, as a dictionary that is filled at the end."""
    told: dict[str, Any] = {}
    with CaptureQueriesContext(connection) as queries, _round_trips() as trips:
        yield told
    verbs = [query["sql"].lstrip("( \n").split()[0].upper().rstrip(";") for query in queries]
    statements = [verb for verb in verbs if verb not in CONTROL]
    cost = Cost(len(statements), len(verbs) - len(statements), len(trips), _in_short(statements))
    told.update(asdict(cost))


def _in_short(verbs: list[str]) -> str:
    shown = " ".join(verbs[:6])
    return f"{shown} ..." if verbs[6:] else shown


@contextmanager
def _round_trips() -> Iterator[list[None]]:
    """Each packet of commands sent to Redis, whatever client of it sends them."""
    trips: list[None] = []
    try:
        from redis.connection import AbstractConnection
    except ImportError:
        yield trips
        return
    original = AbstractConnection.send_packed_command

    def send(self: Any, *args: Any, **kwargs: Any) -> Any:
        trips.append(None)
        return original(self, *args, **kwargs)

    AbstractConnection.send_packed_command = send  # type: ignore[method-assign]
    try:
        yield trips
    finally:
        AbstractConnection.send_packed_command = original  # type: ignore[method-assign]
