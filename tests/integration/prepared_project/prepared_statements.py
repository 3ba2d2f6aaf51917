"""What a connection sends often is prepared, and planned once for all values."""

from django.db import connection

from auth_sessions.models import RefreshToken, Session

TIMES = 4


def prepared():
    """The statements that the server keeps for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def test_a_request_and_a_refresh_are_prepared(laptop, phone):
    for device in (laptop, phone) * TIMES:
        device.refresh()
        assert device.is_signed_in()
    sessions, tokens = (f'"{model._meta.db_table}"' for model in (Session, RefreshToken))
    for start, table in (("SELECT ", sessions), ("UPDATE ", tokens)):
        assert [statement for statement in prepared() if statement.startswith(start) and table in statement]
