"""System checks of this app, in one sequence of numbers with those of ``auth_sessions.checks``."""

from collections.abc import Sequence

from django.apps import apps
from django.core import checks
from django.db import DatabaseError, connections

from auth_sessions.contrib.simplejwt.old_tokens import BLACKLIST
from auth_sessions.core.database import write_alias

TABLES = ("token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken")


def register() -> None:
    checks.register(check_tables, checks.Tags.database)


def check_tables(databases: Sequence[str] | None = None, **kwargs: object) -> list[checks.CheckMessage]:
    """W031: simplejwt's blacklist is no longer installed, and its tables keep users from being deleted."""
    alias = write_alias()
    if alias not in (databases or ()) or apps.is_installed(BLACKLIST):
        return []
    try:
        left = sorted({*connections[alias].introspection.table_names()} & {*TABLES})
    except DatabaseError:  # the database is not there yet
        return []
    if not left:
        return []
    return [
        checks.Warning(
            f"{BLACKLIST} is not installed, but its tables are there ({', '.join(left)}): the database refuses to "
            "delete a user whose token they hold.",
            hint="By settings that have the app, delete its rows and undo its migrations (docs/from-simplejwt.md).",
            id="auth_sessions.W031",
        )
    ]
