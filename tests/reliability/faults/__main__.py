"""``python -m tests.reliability.faults``: every fault at every point of every door, on each database that can be had.

``--database`` chooses one, ``--doors`` those whose name holds a text. Prints a table; ends with 1 if anything is wrong.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from functools import partial

from tests.reliability.faults.here import in_database
from tests.support.paths import ROOT

DATABASES = ("postgresql", "mariadb", "sqlite")
OUTCOMES = ("before", "after", "between")
NAMES = {"postgresql": "PostgreSQL", "mariadb": "MariaDB", "sqlite": "SQLite"}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.faults", description=__doc__)
    parser.add_argument("--database", choices=DATABASES)
    parser.add_argument("--doors", default="", help="those whose name holds this text")
    parser.add_argument("--sample", type=int, help="how many faults of each kind at each door, instead of all")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        return in_database(partial(try_all, options.doors, options.sample))
    given = ["--doors", options.doors, *(["--sample", str(options.sample)] if options.sample else [])]
    codes = [start(database, given) for database in ([options.database] if options.database else DATABASES)]
    if not options.database and not options.doors:
        codes.append(of_disk_and_cache())
    return max(codes)


def of_disk_and_cache():
    tests = ["tests/reliability/faults/test_full_disk.py", "tests/reliability/faults/test_redis_faults.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "", *tests]
    return subprocess.run(command, check=False, cwd=ROOT).returncode


def start(database, given):
    """A process for each database: Django's settings name one."""
    servers = [] if database == "sqlite" else [database]
    command = [sys.executable, "-m", "tests.reliability.faults", "--here", *given]
    if servers:
        command = [sys.executable, "-m", "tests.support.servers", *servers, "--", *command]
    variables = {"AUTH_SESSIONS_TEST_DATABASE": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    code = subprocess.run(command, env={**os.environ, **variables}, check=False).returncode
    return 0 if code == os.EX_UNAVAILABLE else code


def try_all(doors, sample):
    from django.db import connection

    from tests.reliability.faults.doors import DOORS
    from tests.reliability.faults.trial import Trial
    from tests.reliability.faults.world import world
    from tests.settings import DATABASE

    kinds = {"killed": Trial.kills} if connection.vendor == "sqlite" else {"cut": Trial.cuts, "killed": Trial.kills}
    began, wrong, totals = time.monotonic(), [], {kind: Counter() for kind in kinds}
    say(f"\n### {NAMES[DATABASE]}\n")
    say("| door | points | " + " | ".join(f"{kind}: {', '.join(OUTCOMES)}" for kind in kinds) + " |")
    say("|---|---|" + "---|" * len(kinds))
    with world() as made:
        for name, door in DOORS.items():
            if doors not in name:
                continue
            trial = Trial(made, door)
            cells = []
            for kind, strike in kinds.items():
                tally = strike(trial, sample)
                totals[kind] += tally.outcomes
                wrong += tally.wrong
                cells.append(counts(tally.outcomes))
            say(f"| {name} | {len(trial.points)} | {' | '.join(cells)} |")
    say("| all | | " + " | ".join(map(counts, totals.values())) + " |")
    faults = sum(sum(total.values()) for total in totals.values())
    say(f"\n{faults + len(wrong)} faults in {time.monotonic() - began:.0f} s, {len(wrong)} wrong")
    for text in wrong:
        say(text[:1000])
    return 1 if wrong else 0


def counts(outcomes):
    return ", ".join(str(outcomes[name]) for name in OUTCOMES)


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
