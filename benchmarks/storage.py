"""``python -m benchmarks.storage [--rows 1000000] [--fillfactor 100]``: what a session takes up on PostgreSQL.

New, and after ``--uses`` of random sessions, each written as a touch and a refresh write it; and how many of these
writes touched no index (heap-only).
"""

import argparse
import os
import random

from benchmarks import servers, stored

TABLES = ("auth_sessions_session", "auth_sessions_refreshtoken")
RELATIONS = """
SELECT relname, pg_table_size(oid) FROM pg_class
WHERE relkind IN ('r', 'i') AND relname LIKE 'auth_sessions_%' ORDER BY relkind DESC, relname
"""


def show_sizes(rows):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(RELATIONS)
        sizes = cursor.fetchall()
    for name, size in [*sizes, ("together", sum(size for _, size in sizes))]:
        print(f"  {name:45} {size / 2**20:6.0f} MiB {size / rows:6.0f} bytes per session")


def use(times):
    from django.db.models import F
    from django.utils import timezone

    from auth_sessions.models import RefreshToken, Session

    keys = list(Session.objects.values_list("pk", flat=True))
    for key in random.choices(keys, k=times):  # noqa: S311 - chance, not secrets
        now = timezone.now()
        Session.objects.filter(pk=key).update(last_seen_at=now)
        RefreshToken.objects.filter(pk=key).update(generation=F("generation") + 1, rotated_at=now)


def show_heap_only():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE n_tup_upd > 0")
        for name, updated, heap_only in cursor.fetchall():
            print(f"  {name:45} {100 * heap_only / updated:5.1f} % of {updated} updates were heap-only")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--uses", type=int, default=50_000)
    parser.add_argument("--fillfactor", type=int, default=100)
    given = parser.parse_args()
    with servers.postgresql():
        stored.configure(f"auth_sessions_storage_{os.getpid()}")
        settings = [f"ALTER TABLE {table} SET (fillfactor = {given.fillfactor})" for table in TABLES]
        with stored.filled(rows=given.rows, over=0, before=settings):
            print(
                f"{given.rows} token sessions, {stored.SESSIONS_OF_A_USER} of each user, fillfactor {given.fillfactor}"
            )
            show_sizes(given.rows)
            use(given.uses)
            print(f"after {given.uses} uses")
            show_heap_only()
            show_sizes(given.rows)


if __name__ == "__main__":
    main()
