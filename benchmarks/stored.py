"""A PostgreSQL database full of sessions, made in SQL, and dropped afterwards.

The server is that of ``PGHOST``, ``PGPORT``, ``PGUSER`` and ``PGPASSWORD``.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

PASSWORD = "md5$salt$of-everybody"
USER_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/144.0 Mobile/15E148 Safari/604.1"
)
SESSIONS_OF_A_USER = 4

USERS = """
INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser, first_name, last_name, email, date_joined)
SELECT 'user' || n, %(password)s, true, false, false, '', '', '', now() FROM generate_series(1, %(users)s) AS n
"""
SESSIONS = """
INSERT INTO auth_sessions_session (id, user_id, kind, created_at, authenticated_at, last_seen_at,
    confirmed_generation, expires_at, has_dependents,
    name, user_agent, ip_address, tag, amr, earlier_proofs, auth_backend,
    password_fingerprint)
SELECT (lpad(to_hex((extract(epoch FROM began) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
        || '8' || substr(md5(n::text), 4, 15))::uuid,
    1 + n * 7919 %% %(users)s, 'token', began, began, now() - interval '20 days' * (over %% 2), 0,
    now() + CASE WHEN over = 2 THEN interval '-1 minute' ELSE interval '90 days' END, false,
    '', %(user_agent)s, '192.0.2.1', '', '["pwd"]', '{}', 'django.contrib.auth.backends.ModelBackend', %(fingerprint)s
FROM (
    SELECT n, now() - interval '80 days' * (1 - n::float / %(rows)s) AS began,
        CASE WHEN n * 7919 %% %(rows)s < %(over)s THEN 1 + n %% 2 ELSE 0 END AS over
    FROM generate_series(1, %(rows)s::bigint) AS n
) AS numbered
"""
REFRESH_TOKENS = """
INSERT INTO auth_sessions_refreshtoken (session_id, secret, generation, rotated_at)
SELECT id, sha256(id::text::bytea), 0, last_seen_at FROM auth_sessions_session ORDER BY id
"""


def configure(name: str) -> None:
    """A project with this app alone, over the database ``name``."""
    settings.configure(
        DATABASES={
            "default": {"ENGINE": "django.db.backends.postgresql", "NAME": name},
            "server": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"},
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["auth_sessions", "django.contrib.auth", "django.contrib.contenttypes"],
        SECRET_KEY="the-key-of-the-benchmark-is-long-enough-for-every-algorithm",
        TIME_ZONE="UTC",
        USE_TZ=True,
    )
    django.setup()


@contextmanager
def filled(*, rows: int, over: int, before: Iterable[str] = ()) -> Iterator[None]:
    """The database, with ``rows`` token sessions; ``over`` of them, evenly spread, are expired or idle.

    The statements of ``before`` run on the empty tables.
    """
    from auth_sessions import passwords

    name = connection.settings_dict["NAME"]
    values: dict[str, Any] = {
        "rows": rows,
        "over": over,
        "users": max(rows // SESSIONS_OF_A_USER, 1),
        "password": PASSWORD,
        "user_agent": USER_AGENT,
        "fingerprint": passwords.fingerprint(PASSWORD),
    }
    with connections["server"].cursor() as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
        try:
            call_command("migrate", verbosity=0)
            with connection.cursor() as cursor:
                for statement in before:
                    cursor.execute(statement)
                for statement in (USERS, SESSIONS, REFRESH_TOKENS):
                    cursor.execute(statement, values)
                cursor.execute("VACUUM ANALYZE")
            yield
        finally:
            connection.close()
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
