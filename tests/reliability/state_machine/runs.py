"""Runs of the machine with a budget."""

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.reliability.state_machine.machine import machine_of

STEPS_OF_A_RUN = 60


def run(policy, *, steps, number):
    """About so many steps under one policy, the same for the same number. Returns how many there were."""
    machine = seed(number)(machine_of(policy))
    budget = settings(
        max_examples=max(1, round(steps / STEPS_OF_A_RUN)),
        stateful_step_count=STEPS_OF_A_RUN,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=budget)
    return machine.steps
