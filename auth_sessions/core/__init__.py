"""The rules: how a session begins, is refreshed, is seen in use, and is signed out.

Rows are begun and changed here, and end through ``auth_sessions.db.deletion``, nowhere else. Nothing here knows HTTP
or JWT; ``request`` is Django's own and is only read for the device, and handed on to signals.
"""

from auth_sessions.core.cleanup import SweptBatch, end_outdated, purge, sweep
from auth_sessions.core.creation import DEFAULT, Default, Lifetime, or_never, sign_in, start
from auth_sessions.core.rotation import confirm, present, refresh
from auth_sessions.core.rows import all_sessions, all_users, database, in_batches, row_of
from auth_sessions.core.sign_out import change_password, clear_away, end_before_deletion, sign_out, upgrade_hash
from auth_sessions.core.statements import find
from auth_sessions.core.usage import (
    REFUSALS,
    follow_password,
    move_end,
    over,
    prove_again,
    quiet_until,
    rename,
    touch,
    touch_browser,
)

__all__ = [
    "DEFAULT",
    "REFUSALS",
    "Default",
    "Lifetime",
    "SweptBatch",
    "all_sessions",
    "all_users",
    "change_password",
    "clear_away",
    "confirm",
    "database",
    "end_before_deletion",
    "end_outdated",
    "find",
    "follow_password",
    "in_batches",
    "move_end",
    "or_never",
    "over",
    "present",
    "prove_again",
    "purge",
    "quiet_until",
    "refresh",
    "rename",
    "row_of",
    "sign_in",
    "sign_out",
    "start",
    "sweep",
    "touch",
    "touch_browser",
    "upgrade_hash",
]
