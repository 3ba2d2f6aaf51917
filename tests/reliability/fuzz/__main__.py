"""Requests that nobody should send: ``python -m tests.reliability.fuzz --requests 100000``.

Each part runs in a process of its own, over a throw-away SQLite database. Ends with 1, after the smallest example that
was found, where a request did what it should not.
"""

import argparse
import logging
import os
import random
import subprocess
import sys
import time

SHARES = {"schema": 0.15, "tokens": 0.3, "anything": 0.15, "signed_out": 0.4}
"""Of the requests. Schemathesis takes longest for each."""


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, help="in all (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="at most")
    parser.add_argument("--seed", type=int, default=None, help="of another run, to repeat it")
    parser.add_argument("--parts", default=",".join(SHARES), help="default: %(default)s")
    options = parser.parse_args(arguments)
    seed = random.randrange(2**32) if options.seed is None else options.seed
    parts = options.parts.split(",")
    total = sum(SHARES[part] for part in parts)
    budget = {part: round(options.requests * SHARES[part] / total) for part in parts}
    if len(parts) > 1:
        return run_apart(budget, minutes=options.minutes, seed=seed)
    began = time.monotonic()
    for part, requests in budget.items():
        print(run_here(part, requests, minutes=options.minutes, seed=seed))
    print(f"seed {seed}, {time.monotonic() - began:.0f} s", flush=True)
    return 0


def run_apart(budget, *, minutes, seed):
    """Each part in a process, all at the same time."""
    command = [sys.executable, "-m", "tests.reliability.fuzz", "--minutes", str(minutes), "--seed", str(seed)]
    processes = [
        subprocess.Popen([*command, "--parts", part, "--requests", str(requests)], stdout=subprocess.PIPE, text=True)
        for part, requests in budget.items()
    ]
    for process in processes:
        print(process.communicate()[0], flush=True)
    return int(any(process.returncode for process in processes))


def run_here(part, requests, *, minutes, seed):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.test.runner import DiscoverRunner

    from tests.reliability.fuzz.parts import run, table

    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    databases = runner.setup_databases()
    try:
        return table(run(part, requests, seconds=60 * minutes, seed=seed))
    finally:
        runner.teardown_databases(databases)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
