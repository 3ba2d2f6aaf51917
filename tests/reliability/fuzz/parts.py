"""The parts of a run, one after the other, and the table of what was answered."""

from tests.reliability.fuzz import anything, schema, signed_out, tokens
from tests.reliability.fuzz.wire import Application, Tally

PARTS = {"schema": schema, "tokens": tokens, "anything": anything, "signed_out": signed_out}


def run(budget, *, seed):
    """``budget``: the number of requests of each part. Raises the first failure."""
    application = Application(Tally())
    for name, requests in budget.items():
        PARTS[name].run(application, requests=requests, seed=seed)
    return application.tally


def table(tally):
    lines = [f"{'part':14}{'requests':>10}{'2xx':>8}{'3xx':>8}{'4xx':>8}{'5xx':>8}"]
    for part in PARTS.values():
        if number := tally.requests(part.PART):
            answered = "".join(f"{tally.answered(part.PART, digit):8}" for digit in (2, 3, 4, 5))
            lines.append(f"{part.PART:14}{number:10}{answered}")
    lines.append(f"{'all':14}{sum(tally.counts.values()):10}")
    if tally.devices:
        fewest = min(tally.devices.values())
        lines.append(f"{len(tally.devices)} devices that were signed out, each with {fewest} requests or more, got 0")
    return "\n".join(lines)
