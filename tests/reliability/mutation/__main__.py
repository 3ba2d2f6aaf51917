"""``python -m tests.reliability.mutation [MODULE ...]``: changes the app in one place at a time, and runs its tests.

Cosmic Ray changes a copy of the project, never the clone. Prints each change that no test has noticed, and a table.
Ends with 1 if one of them is not explained in ``explained.py``.
"""

import argparse
import math
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.reliability.mutation.explained import explanation_of
from tests.reliability.mutation.modules import MODULES
from tests.reliability.mutation.mutants import CannotBeMadeError, command_of, copy_project, find_mutants, run_tests


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"by default all: {', '.join(MODULES)}")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="at most, for each module; by default all mutants"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the order in which they are tried")
    parser.add_argument("--after", type=int, default=0, help="so many in that order, which an earlier run has tried")
    parser.add_argument("--lines", type=int, nargs="+", help="those of these lines of the module alone")
    options = parser.parse_args(arguments)
    unknown = set(options.modules) - set(MODULES)
    if unknown:
        parser.error(f"no tests are named for {', '.join(sorted(unknown))} in modules.py")
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        os.chdir(folder)
        os.environ["PYTHONPATH"] = folder
        rows = [row_of(name, options) for name in options.modules or MODULES]
    totals = [sum(column) for column in zip(*(row[1:] for row in rows), strict=True)]
    print_table([*rows, ("all", *totals)])
    return int(any(explained < survived for *_, survived, explained in rows))


def row_of(module, options):
    """What the table says of a module: all of its mutants, those that were tried, and what came of them."""
    command = command_of(MODULES[module])
    seconds = run_unchanged(module, command)
    mutants = find_mutants(module)
    if options.lines:
        mutants = [mutant for mutant in mutants if mutant.line in options.lines]
    random.Random(options.seed).shuffle(mutants)
    tried = killed = explained = not_made = 0
    began = time.monotonic()
    for mutant in mutants[options.after :]:
        if time.monotonic() - began > 60 * options.minutes:
            break
        try:
            diff = mutant.survives(command, timeout=60 + 10 * seconds)
        except CannotBeMadeError as error:
            not_made += 1
            print(f"{module}, line {mutant.line}: {str(error).strip().splitlines()[-1]}\nNOT MADE\n", flush=True)
            continue
        tried += 1
        print(f"{module}: {tried} of {len(mutants)}", end="\r", file=sys.stderr)
        if diff is None:
            killed += 1
        elif why := explanation_of(module, diff):
            explained += 1
            print(f"{diff}\nexplained: {why}\n", flush=True)
        else:
            print(f"{diff}\nSURVIVED\n", flush=True)
    print(f"{module}: {killed} of {tried} killed in {time.monotonic() - began:.0f} s\n", flush=True)
    return module, len(mutants) - not_made, tried, killed, tried - killed, explained


def run_unchanged(module, command):
    """How long the tests take that have to pass before anything is changed."""
    began = time.monotonic()
    passed, output = run_tests(command)
    if not passed:
        sys.exit(f"The tests of {module} fail without a change:\n{output}")
    return time.monotonic() - began


def print_table(rows):
    print("| module | mutants | tried | killed | survived | explained |\n|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(str(value) for value in row)} |")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
