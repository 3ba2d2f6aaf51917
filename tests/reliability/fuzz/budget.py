"""Hypothesis in rounds, until the budget is spent."""

import itertools

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

ROUND = 500
"""Examples: then Hypothesis forgets what it has tried."""

RULES = settings(
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


def explore(check, strategy, *, examples, seed):
    """Call ``check`` with as many examples; the first failure is made small, and raised."""

    @seeded(seed)
    @settings(RULES, max_examples=examples)
    @given(drawn=strategy)
    def run(drawn):
        check(drawn)

    run()


def until(tally, explored, *, seed):
    """Rounds of ``explored(examples=, seed=)``, each with another seed, until the budget is spent."""
    for number in itertools.count():
        if tally.is_spent:
            return
        explored(examples=ROUND, seed=seed + number)
