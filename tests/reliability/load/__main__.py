"""Load with sign-outs: ``python -m tests.reliability.load --minutes 5``.

Several server processes, SQL and cached check, tokens and cookies, and ends by every door. Ends with 1 if a request was
accepted that began after the answer to a sign-out of its session.
"""

import argparse
import os
import random
import sys
import time

from tests.reliability.load.clients import run
from tests.reliability.load.fleet import SERVERS, fleet
from tests.reliability.load.report import faults, table
from tests.support.servers import Unavailable, exit_on_signals


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="at most (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=0, help="end after so many")
    parser.add_argument("--seed", type=int, default=None, help="of what each client chooses")
    options = parser.parse_args(arguments)
    seed = random.randrange(2**32) if options.seed is None else options.seed
    exit_on_signals()
    try:
        with fleet() as whole:
            began = time.monotonic()
            seen = run(whole, seconds=60 * options.minutes, requests=options.requests, seed=seed)
            seconds = time.monotonic() - began
            cached = whole.looked_up()
    except Unavailable as error:
        print(error)
        return os.EX_UNAVAILABLE
    print(f"{len(SERVERS)} server processes, {seconds:.0f} s, seed {seed}; cache: {cached}")
    print(table(seen))
    return 1 if faults(seen) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
