"""Requests that nobody should send: ``python -m tests.reliability.fuzz --requests 100000``."""

import argparse
import logging
import os
import random
import sys
import time

SHARES = {"schema": 0.15, "tokens": 0.3, "anything": 0.15, "signed_out": 0.4}
"""Of the requests. Schemathesis takes longest for each."""


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, help="in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="of another run, to repeat it")
    parser.add_argument("--parts", default=",".join(SHARES), help="default: %(default)s")
    options = parser.parse_args(arguments)
    seed = random.randrange(2**32) if options.seed is None else options.seed  # noqa: S311 - no secret

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.test.runner import DiscoverRunner

    from tests.reliability.fuzz.parts import run, table

    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    databases = runner.setup_databases()
    print(f"seed {seed}")
    began = time.monotonic()
    parts = options.parts.split(",")
    total = sum(SHARES[part] for part in parts)
    try:
        tally = run({part: round(options.requests * SHARES[part] / total) for part in parts}, seed=seed)
    finally:
        runner.teardown_databases(databases)
    print(table(tally))
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
