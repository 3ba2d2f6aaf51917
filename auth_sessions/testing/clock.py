"""Moves the time of a whole process: that of Django, of the tokens and of the caches."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured


class Clock:
    """The time of the process, which stands still until it is moved."""

    def __init__(self, package: str, moved: Any) -> None:
        self._package, self._moved = package, moved

    def shift(self, by: timedelta | float) -> None:
        """Move the time by a timedelta, or by seconds."""
        by = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if self._package == "time_machine":
            self._moved.shift(by)
        else:
            self._moved.move_to(datetime.now(UTC) + by)


@contextmanager
def stopped_clock(at: datetime | None = None) -> Iterator[Clock]:
    """Stop the time, now or ``at`` a moment with a time zone.

    It takes time-machine or freezegun, the first of the two that is installed. They replace the time everywhere in the
    process: ``timezone.now()`` alone would leave the tokens of other packages, signed cookies and caches behind.
    """
    at = datetime.now(UTC) if at is None else at
    if at.tzinfo is None:
        raise ValueError("The moment needs a time zone.")
    if find_spec("time_machine"):
        moving = import_module("time_machine").travel(at, tick=False)
        package = "time_machine"
    elif find_spec("freezegun"):
        moving = import_module("freezegun").freeze_time(at)
        package = "freezegun"
    else:
        raise ImproperlyConfigured(
            'To move the time, install "django-auth-sessions[testing]", which brings time-machine, or freezegun.'
        )
    with moving as moved:
        yield Clock(package, moved)
