"""``python -m benchmarks.cleanup [--over 1000000] [--live 200000]``: what ``clearauthsessions`` asks of PostgreSQL.

One process runs the command. Another works the while on the same rows: it authenticates, refreshes and signs in, and
signs out sessions that the sweep is just about to end. The same work is timed without a sweep first. Whoever waits for
a lock is looked up every 5 ms. The last lines say whether the targets are met.
"""

# ruff: noqa: S311 - chance, not secrets

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

from benchmarks import servers, stored

DATABASE = os.environ.setdefault("AUTH_SESSIONS_CLEANUP_DATABASE", f"auth_sessions_cleanup_{os.getpid()}")
MEMORY_TARGET, TRANSACTION_TARGET, WAIT_TARGET = 30, 1.0, 0.1

WAITING = """
SELECT max(extract(epoch FROM clock_timestamp() - query_start))::float FROM pg_stat_activity
WHERE datname = %s AND wait_event_type = 'Lock'
"""
LONGEST = """
SELECT max(extract(epoch FROM clock_timestamp() - xact_start))::float FROM pg_stat_activity
WHERE datname = %s AND application_name = 'sweep' AND xact_start IS NOT NULL
"""


def resident() -> float:
    """Megabytes in memory now."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 - no path of ours
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def sweep(batch_size: int) -> None:
    """Run the command; print what it took, as JSON."""
    import resource

    from django.core.management import call_command
    from django.db import connection

    connection.settings_dict["OPTIONS"] = {"application_name": "sweep"}
    connection.ensure_connection()
    before, began, out = resident(), time.perf_counter(), StringIO()
    call_command("clearauthsessions", batch_size=batch_size, stdout=out, no_color=True)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"said": out.getvalue().strip(), "seconds": seconds, "before": before, "peak": peak}))


def actions() -> dict[str, Callable[[], object]]:
    """What people do meanwhile."""
    from django.contrib.auth import get_user_model

    from auth_sessions import api, tokens
    from auth_sessions.choices import Scope
    from auth_sessions.core.creation import create_session
    from auth_sessions.core.sign_out import sign_out
    from auth_sessions.core.statements.reading import select_session
    from auth_sessions.core.usage import touch
    from auth_sessions.models import Session

    sessions = Session.objects.select_related("user", "refresh_token")
    live = list(sessions.live().order_by("-pk")[:500])
    raws = {session.pk: tokens.issue(session).refresh for session in live}
    user = get_user_model().objects.first()

    def authenticate() -> None:
        session = select_session(random.choice(live).pk)
        session.last_seen_at -= timedelta(days=1)  # so that each use is written
        touch(session)

    def refresh() -> None:
        key = random.choice(live).pk
        raws[key] = api.refresh(raws[key]).refresh

    def sign_in() -> None:
        tokens.issue(create_session(user))

    def sign_out_of_an_old_one() -> None:
        oldest = Session.objects.order_by("pk")[:1000]
        sign_out(random.choice(oldest), Scope.LOCAL)

    return {each.__name__: each for each in (authenticate, refresh, sign_in, sign_out_of_an_old_one)}


def work() -> None:
    """Act until the standard input is closed; print the time of each SQL statement, by action, as JSON."""
    from django.db import connection

    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    times: dict[str, list[float]] = defaultdict(list)

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            times[name].append(time.perf_counter() - began)

    everything = actions()
    with connection.execute_wrapper(timed):
        for name in itertools.cycle(everything):
            everything[name]()
            if ended.is_set():
                break
    print(json.dumps(times))


class Watch(threading.Thread):
    """The longest transaction of the sweep, and the longest wait for a lock, as the server tells them."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.transaction = self.wait = 0.0
        self.is_over = threading.Event()

    def run(self) -> None:
        from django.db import connections

        with connections["server"].cursor() as cursor:
            while not self.is_over.wait(0.005):
                cursor.execute(WAITING, [DATABASE])
                self.wait = max(self.wait, cursor.fetchone()[0] or 0)
                cursor.execute(LONGEST, [DATABASE])
                self.transaction = max(self.transaction, cursor.fetchone()[0] or 0)


def child(role: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.cleanup", "--role", role, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def show(when: str, answer: str) -> float:
    """A line for each action; the longest statement of all."""
    longest = 0.0
    for name, times in json.loads(answer).items():
        ordered = sorted(times)
        figures = [statistics.median(ordered), ordered[int(len(ordered) * 0.999)], ordered[-1]]
        longest = max(longest, ordered[-1])
        told = "".join(f"{1000 * each:10.2f}" for each in figures)
        print(f"{when:8}{name:26}{len(ordered):10}{told}")
    return longest


def verdict(what: str, figure: float, target: float, unit: str) -> None:
    print(f"{'met   ' if figure < target else 'MISSED'} {what}: {figure:.3g} {unit}, target {target:g} {unit}")


def measure(given: argparse.Namespace) -> None:
    over, live, batch_size = given.over, given.live, given.batch_size
    with stored.filled(rows=over + live, over=over):
        print(f"{over} sessions over among {over + live}, batches of {batch_size}")
        print(f"{'SQL statements, ms':34}{'count':>10}{'median':>10}{'99.9 %':>10}{'longest':>10}")
        worker = child("work")
        time.sleep(given.alone)
        show("alone", worker.communicate()[0])
        worker, watch = child("work"), Watch()
        time.sleep(2)
        watch.start()
        swept = json.loads(child("sweep", f"--batch-size={batch_size}").communicate()[0])
        watch.is_over.set()
        watch.join()
        longest = show("swept", worker.communicate()[0])
    print(f"{swept['said']} {swept['seconds']:.0f} s, {over / swept['seconds']:.0f} each second")
    verdict("memory above the start", swept["peak"] - swept["before"], MEMORY_TARGET, "MB")
    verdict("longest transaction", watch.transaction, TRANSACTION_TARGET, "s")
    verdict("longest wait for a lock", watch.wait, WAIT_TARGET, "s")
    verdict("longest statement of the others", longest, WAIT_TARGET, "s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--over", type=int, default=1_000_000)
    parser.add_argument("--live", type=int, default=200_000)
    parser.add_argument("--batch-size", type=int, default=250)
    parser.add_argument("--alone", type=float, default=20, help="seconds of the work without a sweep")
    parser.add_argument("--role", choices=["sweep", "work"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    with servers.postgresql():
        stored.configure(DATABASE)
        if given.role == "sweep":
            sweep(given.batch_size)
        elif given.role == "work":
            work()
        else:
            measure(given)


if __name__ == "__main__":
    main()
