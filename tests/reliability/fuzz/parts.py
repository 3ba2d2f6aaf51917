"""The parts of a run, and the table of what was answered."""

import time

from tests.reliability.fuzz import anything, schema, signed_out, tokens
from tests.reliability.fuzz.wire import Application, Tally

PARTS = {"schema": schema, "tokens": tokens, "anything": anything, "signed_out": signed_out}


def run(part, requests, *, seed, seconds=float("inf")):
    """As many requests of a part, or a few more, or what fits into the time. Raises the first failure."""
    tally = Tally(PARTS[part].PART, requests, time.monotonic() + seconds)
    PARTS[part].run(Application(tally), seed=seed)
    return tally


def table(tally):
    answered = "".join(f"{tally.answered(digit):8}" for digit in (2, 3, 4, 5))
    lines = [
        f"{'':14}{'requests':>10}{'2xx':>8}{'3xx':>8}{'4xx':>8}{'5xx':>8}",
        f"{tally.part:14}{tally.requests:10}{answered}",
    ]
    if tally.devices:
        fewest = min(tally.devices.values())
        lines.append(
            f"{len(tally.devices)} ways to be signed out, {fewest} requests or more after each; got through: 0"
        )
    return "\n".join(lines)
