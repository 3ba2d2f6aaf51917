"""``python -m tests.reliability.state_machine --steps 1000000``: random steps in any order, under each policy."""

import argparse
import time

from tests.reliability.state_machine.database import open_database

STEPS_AT_A_TIME = 3000


def say(text):
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one; each batch takes the next")
    options = parser.parse_args()
    open_database()
    from tests.reliability.state_machine.machine import POLICIES
    from tests.reliability.state_machine.play import COUNTS
    from tests.reliability.state_machine.runs import run

    began, done, number = time.monotonic(), 0, options.seed
    while done < options.steps:
        policy = POLICIES[number % len(POLICIES)]
        done += run(policy, steps=min(STEPS_AT_A_TIME, options.steps - done), number=number)
        seconds = time.monotonic() - began
        say(f"{done} steps in {seconds:.0f} s ({done / seconds:.0f}/s), seed {number} ({policy})")
        number += 1
    for (what, answer), count in sorted(COUNTS.items()):
        say(f"{count:8} {what}: {answer}")


if __name__ == "__main__":
    main()
