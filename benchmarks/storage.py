"""``python -m benchmarks.storage [--rows 1000000]``: what a session takes up on PostgreSQL, new and after use."""

import argparse

from benchmarks import stored

RELATIONS = """
SELECT relname, pg_table_size(oid) FROM pg_class
WHERE relkind IN ('r', 'i') AND relname LIKE 'auth_sessions_%' ORDER BY relkind DESC, relname
"""


def report(rows: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(RELATIONS)
        sizes = cursor.fetchall()
    for name, size in [*sizes, ("together", sum(size for _, size in sizes))]:
        print(f"{name:60} {size / 2**20:8.0f} MiB {size / rows:6.0f} bytes per session")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    stored.configure("auth_sessions_storage")
    with stored.filled(rows=rows, over=0):
        print(f"{rows} token sessions, {stored.SESSIONS_OF_A_USER} for each user, just begun")
        report(rows)


if __name__ == "__main__":
    main()
