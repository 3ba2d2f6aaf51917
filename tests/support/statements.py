"""What an action costs, in SQL statements. Transaction control is not counted."""

from django.db import connection

CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET")

CREATED = {"postgresql": ["WITH"]}.get(connection.vendor, ["INSERT", "INSERT"])
"""A session and its refresh token; PostgreSQL writes both in one."""

LOCKED = {"sqlite": ["UPDATE", "SELECT"], "postgresql": ["SELECT"], "mysql": ["SELECT", "SELECT"]}[connection.vendor]
"""The sessions that end."""

DELETED = ["DELETE"] * 3
"""What is related to them (a model of the tests, the token), and the rows."""

ENDED = [*LOCKED, "DELETE", *DELETED]
"""With what a receiver of the tests deletes."""


def statements(queries):
    """The verbs, in order."""
    verbs = (query["sql"].lstrip("(").split()[0].upper() for query in queries)
    return [verb for verb in verbs if verb not in CONTROL]
