"""Pairs of operations, in the orders in which their statements may be executed."""

import random
import traceback
from dataclasses import dataclass

from django.db import connection
from django.test import override_settings

from tests.reliability.races import lock_order
from tests.reliability.races.judge import Verdict, answer_of
from tests.reliability.races.operations import OPERATIONS
from tests.reliability.races.scheduler import Random, Switch
from tests.reliability.races.world import ERRORS, World


@dataclass
class Outcome:
    """One interleaving: the ``answers``, what is wrong, and whether one has waited for a lock of the other."""

    names: tuple
    schedule: object
    trace: object
    answers: tuple
    problems: list

    def __str__(self):
        lines = [f"A, B = {self.names}, {self.schedule.name}, {self.trace}: {self.answers}"]
        for letter, statements in zip("AB", self.trace.statements, strict=False):
            lines += [f"    {letter} {each.transaction} {each.sql[:200]}" for each in statements]
        return "\n".join([*self.problems, *lines])


class Races:
    """Interleavings on one database, by threads that stay. ``is_snapshot``: REPEATABLE READ."""

    def __init__(self, scheduler, staff, *, is_snapshot):
        self.scheduler, self.staff, self.is_snapshot = scheduler, staff, is_snapshot
        self.world = World(staff)

    def run(self, names, schedule):
        """Run two operations once, in a world as new."""
        if self.world.is_old:
            self.staff.renew()
            self.world = World(self.staff)
        self.world.reset()
        operations = [OPERATIONS[name] for name in names]
        calls = [
            each.prepare(self.world, number == 1 and names[0] == names[1]) for number, each in enumerate(operations)
        ]
        for call in calls:
            if call.last:
                call.last()
        ERRORS.taken()
        generation = self.world.generation()
        settings = {name: value for each in operations for name, value in each.settings.items()}
        with override_settings(**settings), self.world.watched():
            trace = self.scheduler.run([call.call for call in calls], schedule)
            return self.judge(names, schedule, trace, operations, calls, generation)

    def judge(self, names, schedule, trace, operations, calls, generation):  # noqa: PLR0917
        answers, problems = [], ERRORS.taken()
        for operation, result, error in zip(operations, trace.results, trace.errors, strict=True):
            try:
                answers.append(answer_of(operation, result, error, may_conflict=self.may_conflict(operation)))
            except Exception as raised:  # noqa: BLE001 - whatever an operation raises is what is looked for
                answers.append(type(raised).__name__)
                problems.append("".join(traceback.format_exception(raised)[-6:]))
        problems += Verdict(self.world, operations, calls, answers, generation=generation).problems()
        for name, statements in zip(names, trace.statements, strict=True):
            problems += [f"lock order, {name}: {problem}" for problem in lock_order.problems_of(statements)]
        return Outcome(names, schedule, trace, tuple(answers), problems)

    def may_conflict(self, operation):
        """Whether a transaction of the project's reads an old snapshot."""
        return operation.is_projects_if_atomic and connection.settings_dict["ATOMIC_REQUESTS"] and self.is_snapshot

    def switches(self, names):
        """Each k, until the first call has ended before its k-th statement."""
        k = 0
        while True:
            outcome = self.run(names, Switch(k))
            yield outcome
            if outcome.trace.order[:k].count(0) < k or 1 not in outcome.trace.order[k:]:
                return
            k += 1

    def random(self, pairs, count, seed):
        chosen = random.Random(seed)
        for number in range(count):
            yield self.run(chosen.choice(pairs), Random(seed * 1_000_000 + number))


def all_pairs():
    return [(first, second) for first in OPERATIONS for second in OPERATIONS]
