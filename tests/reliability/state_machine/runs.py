"""Runs of the machine with a budget."""

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.reliability.state_machine.machine import machine_of
from tests.reliability.state_machine.replay import shortening

STEPS_OF_A_RUN = 50


def run(policy, *, steps, number):
    """About so many steps under one policy, the same for the same number. Returns how many there were."""
    machine = seed(number)(machine_of(policy))
    with shortening(machine):
        run_state_machine_as_test(machine, settings=budget(steps))
    return machine.steps


def until_failure(policy, *, steps, number):
    """What went wrong, and after how many steps; None if nothing did."""
    machine = seed(number)(machine_of(policy))
    try:
        run_state_machine_as_test(machine, settings=budget(steps))
    except Exception:
        if machine.failed_at is None:
            raise
    return machine.failed_at


def budget(steps):
    return settings(
        max_examples=max(1, round(steps / STEPS_OF_A_RUN)),
        stateful_step_count=STEPS_OF_A_RUN,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=[Phase.generate],  # a sequence of requests is shortened by our own means, which know the steps
        suppress_health_check=list(HealthCheck),
    )
