"""System checks of the history, in one sequence of numbers with those of ``auth_sessions.checks``."""

from collections.abc import Iterator

from django.core import checks

from auth_sessions import moments
from auth_sessions.activity.emails import checks as emails
from auth_sessions.activity.models import Activity
from auth_sessions.conf import conf
from auth_sessions.core.checks import check_tables


def register() -> None:
    checks.register(check_project, checks.Tags.security)
    emails.register()


def check_project(**kwargs: object) -> list[checks.CheckMessage]:
    return [*_database(), *_retention()]


def _database() -> list[checks.CheckMessage]:
    """E040: the history cannot be written in the transaction of what it tells."""
    return check_tables(Activity, consequence="every sign-in and sign-out would fail.")


def _retention() -> Iterator[checks.CheckMessage]:
    """W040: no address is ever shortened, because its row is deleted before."""
    kept, full = conf.AUTH_SESSIONS_ACTIVITY_DAYS, conf.AUTH_SESSIONS_IP_RETENTION_DAYS
    if type(kept) is int and type(full) is int and 1 <= kept <= full <= moments.LONGEST.days:
        yield checks.Warning(
            f"AUTH_SESSIONS_IP_RETENTION_DAYS ({full}) is no less than AUTH_SESSIONS_ACTIVITY_DAYS ({kept}): an event "
            "is deleted before its address is shortened.",
            hint="Set fewer days, or None if addresses are to be kept as they are.",
            id="auth_sessions.W040",
        )
