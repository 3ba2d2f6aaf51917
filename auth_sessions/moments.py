"""Arithmetic with moments, in UTC also where ``USE_TZ`` is False and a moment is a naive local time.

So it is where a database has a ``TIME_ZONE``, in which what is read from it then is.

When the clocks are set back, an hour of local time is repeated. Python tells the two apart by ``fold``, which no
database stores. A moment that was read and is ambiguous is therefore understood as the later one, unless a moment that
has certainly passed would then be in the future.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

LONGEST = timedelta(days=365_000)
"""A thousand years: adding a longer time to a date would exceed the calendar of Python."""


def add(moment: datetime, duration: timedelta) -> datetime:
    """The moment so much later, or earlier if the duration is negative."""
    if moment.tzinfo is not None:  # in that of the database, Python would add to the local time
        return moment.astimezone(UTC) + duration
    return datetime.fromtimestamp(moment.timestamp() + duration.total_seconds())  # noqa: DTZ006 - naive as USE_TZ says


def add_to_past(moment: datetime, duration: timedelta) -> datetime:
    """As :func:`add`, to a moment that has passed and may have been read from the database."""
    return add(moment if moment.tzinfo is not None else from_seconds(to_past_seconds(moment)), duration)


def is_plausible(seconds: float) -> bool:
    """Whether a Unix time lies between the years 1970 and 5138: any duration of the settings can be added to it."""
    return 0 <= seconds < 10**11


def to_seconds(moment: datetime) -> float:
    """Unix time of a moment, which may be in the future."""
    return moment.timestamp() if moment.tzinfo is not None else moment.replace(fold=1).timestamp()


def to_past_seconds(moment: datetime) -> float:
    """Unix time of a moment that has passed."""
    seconds = to_seconds(moment)
    is_certain = moment.tzinfo is not None or seconds <= timezone.now().timestamp()
    return seconds if is_certain else moment.replace(fold=0).timestamp()


def from_seconds(seconds: float) -> datetime:
    """The moment of a Unix time, as the database has it."""
    return datetime.fromtimestamp(seconds, tz=UTC if settings.USE_TZ else None)


def has_passed(moment: datetime) -> bool:
    """Whether a moment, which may be in the future, is now or earlier."""
    now = timezone.now()
    is_aware = moment.tzinfo is not None and now.tzinfo is not None
    return moment <= now if is_aware else to_seconds(moment) <= now.timestamp()


def latest(one: datetime, other: datetime) -> datetime:
    """The later of two moments that have passed."""
    return max(one, other) if one.tzinfo is UTC else max(one, other, key=to_past_seconds)


def as_bound(moment: datetime) -> datetime:
    """What to compare stored moments with in SQL: no later one is stored with a smaller value.

    In the first of two repeated hours it is an hour less, so that what is found may be up to an hour earlier.
    """
    if moment.tzinfo is not None or moment.fold:
        return moment
    return moment - timedelta(seconds=max(moment.replace(fold=1).timestamp() - moment.timestamp(), 0))


def as_upper_bound(moment: datetime) -> datetime:
    """What to compare stored moments with in SQL: no earlier one is stored with a larger value.

    In the second of two repeated hours it is an hour more, so that what is found may be up to an hour later.
    """
    if moment.tzinfo is not None or not moment.fold:
        return moment
    return moment + timedelta(seconds=max(moment.timestamp() - moment.replace(fold=0).timestamp(), 0))


def age(moment: datetime) -> timedelta:
    """How long ago a moment was that has passed. Negative if the clock of another machine was ahead."""
    now = timezone.now()
    if moment.tzinfo is not None:
        return now - moment
    return timedelta(seconds=now.timestamp() - to_past_seconds(moment))
