"""Many stored sessions of other people, written by the database itself. PostgreSQL only."""

from contextlib import suppress

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import DatabaseError, connection

SESSIONS_PER_PERSON = 10

OTHERS = """
INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser, first_name, last_name, email, date_joined)
SELECT 'other-' || n, %s, true, false, false, '', '', '', now() FROM generate_series(1, %s) n
"""
# Sessions begun one after the other over the last ten days, so that keys ascend as they do in life.
BEGUN = "now() - interval '10 days' * (1 - n / %(number)s::float)"
VALUES = {
    "id": f"""(
        lpad(to_hex((extract(epoch FROM {BEGUN}) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15)
    )::uuid""",
    "user_id": "%(first)s + (random() * (%(people)s - 1))::int",
    "created_at": BEGUN,
    "authenticated_at": BEGUN,
    "last_seen_at": BEGUN,
    "expires_at": f"{BEGUN} + interval '30 days'",
}
TOKENS = """
INSERT INTO auth_sessions_refreshtoken (session_id, secret, generation, rotated_at)
SELECT id, decode(md5(random()::text) || md5(random()::text), 'hex'), 0, created_at FROM auth_sessions_session
ON CONFLICT DO NOTHING
"""


def fill(number: int) -> None:
    """Store so many sessions of people who never call, each like one of this app's own."""
    from auth_sessions.models import Session
    from benchmarks.contenders.ours import contender

    if number <= 0:
        return
    people = max(1, number // SESSIONS_PER_PERSON)
    model = contender.session(User(pk=0, password=make_password("x")))
    columns = [field.column for field in Session._meta.concrete_fields]
    stored = {
        field.column: field.get_db_prep_save(getattr(model, field.attname), connection)
        for field in Session._meta.concrete_fields
    }
    values = ", ".join(VALUES.get(column, f"%({column})s") for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(OTHERS, [make_password("x"), people])
        cursor.execute("SELECT min(id) FROM auth_user WHERE username LIKE 'other-%%'", [])
        (first,) = cursor.fetchone()
        cursor.execute(
            f"INSERT INTO auth_sessions_session ({', '.join(columns)}) "  # noqa: S608 - columns of our own model
            f"SELECT {values} FROM generate_series(1, %(number)s) n ON CONFLICT DO NOTHING",
            {**stored, "number": number, "people": people, "first": first},
        )
        cursor.execute(TOKENS)


def settle() -> None:
    """Leave nothing of the filling to be tidied up while the clock runs."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        with suppress(DatabaseError):
            cursor.execute("CHECKPOINT")
