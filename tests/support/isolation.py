"""Isolation levels: the test's connections, and those of its threads, get another one than the database's default."""

from django.db import connection

LEVELS = {
    "sqlite": [None],
    "postgresql": [None, "REPEATABLE_READ", "SERIALIZABLE"],
    "mysql": [None, "repeatable read"],
}[connection.vendor]
"""None is Django's default."""

SNAPSHOTS = [level for level in LEVELS if level == "SERIALIZABLE" or (level or "").lower().startswith("repeatable")]
"""The levels at which a transaction reads what was there when it began."""


def set_level(monkeypatch, level):
    if level is None:
        return
    if connection.vendor == "postgresql":
        from django.db.backends.postgresql.psycopg_any import IsolationLevel

        level = IsolationLevel[level]
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "isolation_level", level)
    connection.close()
