"""Moves the time of a whole process: that of Django, of the tokens and of the caches."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import timezone as fixed_offset
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

ANY_OFFSET = fixed_offset(timedelta(hours=1))
"""The same moment with an offset that belongs to no place."""


class Clock:
    """The time of the process, which stands still until it is moved."""

    def __init__(self, package: str, moved: Any) -> None:
        self._package, self._moved = package, moved

    def shift(self, by: timedelta | float) -> None:
        """Move the time by a timedelta, or by seconds."""
        by = by if isinstance(by, timedelta) else timedelta(seconds=by)
        before = timezone.now()
        if self._package == "time_machine":
            self._moved.shift(by)
        else:
            self._moved.move_to(datetime.now(UTC) + by)
        if by and timezone.now() == before:
            raise RuntimeError("The time has not moved: something has stopped it since, such as freezegun in the test.")


@contextmanager
def stopped_clock(at: datetime | None = None) -> Iterator[Clock]:
    """Stop the time, now or ``at`` a moment with a time zone.

    It takes time-machine or freezegun, the first of the two that is installed. They replace the time everywhere in the
    process: ``timezone.now()`` alone would leave the tokens of other packages, signed cookies and caches behind. The
    local time zone stays. Where freezegun has stopped the time, it takes freezegun, which time-machine cannot move.
    """
    at = datetime.now(UTC) if at is None else at
    if at.tzinfo is None:
        raise ValueError("The moment needs a time zone.")
    is_frozen = datetime.__name__ == "FakeDatetime"
    if find_spec("time_machine") and not is_frozen:
        # UTC, or a ZoneInfo, would become the local time zone as well: naive times would be those of another place.
        moving = import_module("time_machine").travel(at.astimezone(ANY_OFFSET), tick=False)
        package = "time_machine"
    elif find_spec("freezegun"):
        if not (is_frozen or settings.USE_TZ) and (time.timezone or time.daylight):
            raise ImproperlyConfigured(
                "freezegun takes local time for UTC. With USE_TZ = False and another TIME_ZONE, install time-machine."
            )
        moving = import_module("freezegun").freeze_time(at)
        package = "freezegun"
    else:
        raise ImproperlyConfigured(
            'To move the time, install "django-auth-sessions[testing]", which brings time-machine, or freezegun.'
        )
    with moving as moved:
        yield Clock(package, moved)
