"""System checks of the history, in one sequence of numbers with those of ``auth_sessions.checks``."""

from collections.abc import Iterator

from django.core import checks

from auth_sessions import moments
from auth_sessions.activity.emails import checks as emails
from auth_sessions.activity.models import Activity
from auth_sessions.conf import conf
from auth_sessions.core.database import has_table, write_alias


def register() -> None:
    checks.register(check_project, checks.Tags.security)
    emails.register()


def check_project(**kwargs: object) -> list[checks.CheckMessage]:
    return [*_database(), *_retention()]


def _database() -> Iterator[checks.CheckMessage]:
    """E040: the history cannot be written in the transaction of what it tells."""
    alias = write_alias()
    if not has_table(Activity):
        yield checks.Error(
            f'The table of auth_sessions.activity is not in the database of the sessions, "{alias}": every sign-in and '
            "sign-out would fail.",
            hint=f'Let DATABASE_ROUTERS allow the migrations of auth_sessions_activity in "{alias}".',
            id="auth_sessions.E040",
        )


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
