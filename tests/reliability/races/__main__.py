"""``python -m tests.reliability.races``: pairs of operations, interleaved at each statement, and a table of them."""

import argparse
import os
import random
import sys
import time
from collections import Counter, defaultdict

from tests.support.servers import Unavailable, exit_on_signals, running, say

LEVELS = ("read committed", "repeatable read")


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.races", description=__doc__)
    parser.add_argument("--database", choices=["postgresql", "mariadb"], default="postgresql")
    parser.add_argument("--isolation", choices=LEVELS, default=LEVELS[0])
    parser.add_argument("--atomic-requests", action="store_true")
    parser.add_argument("--interleavings", type=int, default=1000, help="random ones, besides those that are forced")
    parser.add_argument("--forced", type=int, help="how many pairs are forced at each statement; by default all")
    parser.add_argument("--only", help="pairs in which an operation of this name takes part")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    chosen = arguments()
    exit_on_signals()
    try:
        with running(chosen.database) as where:
            os.environ.update(where, AUTH_SESSIONS_TEST_DATABASE=chosen.database)
            os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
            return run(chosen)
    except Unavailable as error:
        say(error)
        return os.EX_UNAVAILABLE


def run(chosen):
    import django

    django.setup()
    from tests.reliability.races.databases import prepared

    with prepared(isolation=chosen.isolation, atomic_requests=chosen.atomic_requests) as races:
        return report(chosen, races)


def report(chosen, races):
    from tests.reliability.races.interleavings import all_pairs

    began, table, failures = time.monotonic(), defaultdict(Counter), []
    pairs = [pair for pair in all_pairs() if chosen.only in (None, *pair)]
    forced = random.Random(chosen.seed).sample(pairs, len(pairs))[: chosen.forced]
    sources = [races.switches(pair) for pair in forced]
    sources.append(races.random(pairs, chosen.interleavings, chosen.seed))
    for outcomes in sources:
        for outcome in outcomes:
            row = table[outcome.names]
            row["interleavings"] += 1
            row["waited"] += outcome.trace.has_waited
            row[outcome.answers] += 1
            if outcome.problems:
                failures.append(outcome)
                say(outcome)
    for line in lines_of(table):
        show(line)
    total, waited = (sum(row[name] for row in table.values()) for name in ("interleavings", "waited"))
    show(
        f"{chosen.database}, {chosen.isolation}, {'ATOMIC_REQUESTS' if chosen.atomic_requests else 'autocommit'}, "
        f"seed {chosen.seed}: {len(table)} pairs, {total} interleavings, {waited} with a wait for a lock, "
        f"{len(failures)} failures, {time.monotonic() - began:.0f} s"
    )
    return 1 if failures else 0


def lines_of(table):
    """For each pair, how often it was run, how often one has waited for the other, and the answers of both."""
    yield f"{'A':22} {'B':22} {'runs':>5} {'waited':>6}  answers of A and B"
    for (first, second), row in sorted(table.items()):
        counts = Counter({key: count for key, count in row.items() if isinstance(key, tuple)})
        answers = ", ".join(f"{one}/{other}: {count}" for (one, other), count in counts.most_common())
        yield f"{first:22} {second:22} {row['interleavings']:5} {row['waited']:6}  {answers}"


def show(line):
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
