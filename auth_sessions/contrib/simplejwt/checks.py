"""System checks of this app, in one sequence of numbers with those of ``auth_sessions.checks``."""

from collections.abc import Sequence

from django.apps import apps
from django.core import checks
from django.db import DatabaseError, connections

from auth_sessions.contrib.simplejwt.models import ExchangedToken, RefusedTokens
from auth_sessions.contrib.simplejwt.old_tokens import BLACKLIST, is_over, is_type_known
from auth_sessions.core import checks as shared
from auth_sessions.core.database import write_alias

TABLES = ("token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken")


def register() -> None:
    checks.register(check_claims)
    checks.register(check_database)
    checks.register(check_tables, checks.Tags.database)


def check_claims(**kwargs: object) -> list[checks.CheckMessage]:
    """E031: nothing tells an old refresh token from an old access token."""
    if is_type_known() or is_over():
        return []
    return [
        checks.Error(
            "Both TOKEN_TYPE_CLAIM and JTI_CLAIM of SIMPLE_JWT are None: no old token says of which type it is, and "
            "all of them are refused.",
            hint="Remove one of them from SIMPLE_JWT. Whoever has an old token signs in again.",
            id="auth_sessions.E031",
        )
    ]


def check_database(**kwargs: object) -> list[checks.CheckMessage]:
    """E040: what is known of old tokens cannot be written in the transaction of a sign-out."""
    return shared.check_tables(
        ExchangedToken, RefusedTokens, consequence="an old token could be neither exchanged nor signed out."
    )


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
