"""``python -m benchmarks.history_cleanup [--database postgresql|mariadb|sqlite] [--rows 1000000]``: what
``clearauthsessions`` does to a long history.

Of rows that are spread evenly over 120 days it deletes a quarter, and shortens the addresses of a half. A transaction
is timed from its first statement to the next statement after it. The last lines say whether the targets are met.
"""

import argparse
import time
from datetime import timedelta
from io import StringIO
from typing import Any

from benchmarks import databases

DAYS = 120
MEMORY_TARGET, TRANSACTION_TARGET = 30, 1.0

INSERT = """
INSERT INTO auth_sessions_activity_activity (id, user_id, kind, created_at, session_id, reason, scope, actor_id, name,
    user_agent, ip_address, last_used_at, presented_user_agent, presented_ip_address, device_key, has_full_address,
    emailed_at, reported_at)
SELECT {key}, 1 + n %% 1000, 'signed_in', {time}, {key}, '', '', 1 + n %% 1000, '',
    %(user_agent)s, '192.0.2.77', NULL, '', NULL, 'Chrome|iOS|phone', {true}, NULL, NULL
FROM {numbers}
"""
MOMENT = "(%(since)s + n * %(step)s)"
"""Milliseconds."""

DIALECTS = {
    "postgresql": {
        "key": f"(lpad(to_hex({MOMENT}::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)"
        " || '8' || substr(md5(n::text), 4, 15))::uuid",
        "time": f"to_timestamp({MOMENT} / 1000)",
        "true": "true",
        "numbers": "generate_series(1, %(rows)s::bigint) AS numbers (n)",
    },
    "mariadb": {
        "key": f"CAST(CONCAT(LPAD(HEX(FLOOR({MOMENT})), 12, '0'), '7', SUBSTR(MD5(n), 1, 3), '8',"
        " SUBSTR(MD5(n), 4, 15)) AS {uuid})",
        "time": f"FROM_UNIXTIME({MOMENT} / 1000)",
        "true": "1",
        "numbers": "(SELECT seq AS n FROM seq_1_to_{rows}) AS numbers",
    },
    "sqlite": {
        "key": f"printf('%%012x7%%03x8%%015x', CAST({MOMENT} AS integer), n %% 4096, n)",
        "time": f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {MOMENT} / 1000, 'unixepoch')",
        "true": "1",
        "numbers": "(WITH RECURSIVE counted(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < %(rows)s)"
        " SELECT n FROM counted)",
    },
}


def fill(database: str, rows: int) -> None:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.utils import timezone

    from benchmarks.stored import USER_AGENT

    people = get_user_model()
    people.objects.bulk_create(people(pk=number, username=f"user{number}") for number in range(1, 1001))
    since = timezone.now() - timedelta(days=DAYS)
    values = {
        "rows": rows,
        "since": since.timestamp() * 1000,
        "step": DAYS * 86_400_000 / rows,
        "user_agent": USER_AGENT,
    }
    uuid = "uuid" if connection.features.has_native_uuid_field else "char(32)"
    parts = {
        name: part.replace("{rows}", str(rows)).replace("{uuid}", uuid) for name, part in DIALECTS[database].items()
    }
    with connection.cursor() as cursor:
        if database == "mariadb":
            cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(INSERT.format(**parts), values)
        cursor.execute("ANALYZE TABLE auth_sessions_activity_activity" if database == "mariadb" else "ANALYZE")


class Watch:
    """The longest transaction, and the longest statement, in seconds."""

    def __init__(self) -> None:
        self.transaction = self.statement = 0.0
        self.began: float | None = None

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        if not context["connection"].in_atomic_block:
            self.end_transaction(began)
        elif self.began is None:
            self.began = began
        try:
            return execute(sql, params, many, context)
        finally:
            self.statement = max(self.statement, time.perf_counter() - began)

    def end_transaction(self, now: float) -> None:
        if self.began is not None:
            self.transaction, self.began = max(self.transaction, now - self.began), None


def sweep() -> tuple[float, float, Watch]:
    """The seconds it took, the megabytes of memory that it added, and the longest of its statements."""
    import resource

    from django.core.management import call_command
    from django.db import connection

    from benchmarks.cleanup import resident

    watch, before, began = Watch(), resident(), time.perf_counter()
    with connection.execute_wrapper(watch):
        call_command("clearauthsessions", stdout=StringIO())
    watch.end_transaction(time.perf_counter())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return time.perf_counter() - began, peak - before, watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=databases.NAMES, default="postgresql")
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    with databases.temporary(given.database):
        from auth_sessions.activity.models import Activity
        from benchmarks.cleanup import verdict

        fill(given.database, given.rows)
        seconds, memory, watch = sweep()
        left, full = Activity.objects.count(), Activity.objects.filter(has_full_address=True).count()
        again, _, _ = sweep()
    done = f"{given.rows - left} deleted, {left - full} shortened in {seconds:.0f} s"
    print(f"{given.rows} rows on {given.database}: {done}")
    print(f"a run with nothing to do: {1000 * again:.0f} ms")
    verdict("memory above the start", memory, MEMORY_TARGET, "MB")
    verdict("longest transaction", watch.transaction, TRANSACTION_TARGET, "s")
    verdict("longest statement", watch.statement, TRANSACTION_TARGET, "s")


if __name__ == "__main__":
    main()
