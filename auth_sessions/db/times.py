"""Times read from PostgreSQL by ``datetime.fromisoformat()``: Django's loader for psycopg is slow Python code."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

TIMESTAMPTZ = 1184
"""The OID of the type, which never changes."""


def read_times_faster(cursor: Any) -> None:
    """For the results of this cursor. With another driver than psycopg 3, or another time zone, it does nothing."""
    adapters = getattr(cursor.cursor, "adapters", None)
    if adapters is not None:
        present = adapters.get_loader(TIMESTAMPTZ, 0)
        if (faster := _faster(present)) is not None:
            adapters.register_loader(TIMESTAMPTZ, faster)


@cache
def _faster(present: Any) -> Any:
    """A loader that leaves to the present one what it does not read; None if that is not Django's, for UTC."""
    try:
        from django.db.backends.postgresql.psycopg_any import BaseTzLoader  # noqa: PLC0415 - needs the driver
        from psycopg.adapt import Loader  # noqa: PLC0415
    except ImportError:
        return None
    if getattr(present, "timezone", None) is not UTC or not issubclass(present, BaseTzLoader):
        return None

    class FasterLoader(Loader):
        slower: Callable[[Any], datetime] | None = None

        def load(self, data: Any) -> datetime:
            try:
                time = datetime.fromisoformat(str(data, "ascii"))
            except ValueError:  # another DateStyle, or a time before Christ
                time = None
            if time is not None and time.tzinfo is UTC:
                return time
            if self.slower is None:
                self.slower = present(self.oid, self.connection).load
            return self.slower(data)

    return FasterLoader
