"""One fault at one point of a door: what is left is before or after, and a retry succeeds."""

import os
import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property, partial

from django.db import Error, close_old_connections, connection
from django.http import HttpResponseBadRequest

from auth_sessions.exceptions import AuthSessionsError
from tests.reliability.faults.points import Points, cut, kill, some
from tests.reliability.faults.world import differences, is_mixed, is_part

LOST = "no answer"
SERVER_ERROR = 500


@dataclass
class Tally:
    """What the faults at one door have led to."""

    faults: int = 0
    outcomes: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)


class Trial:
    """A door without a fault, once and twice in a row, and then with faults."""

    def __init__(self, world, door):
        self.world, self.door = world, door
        self.ask(door.call)  # caches of the process are filled
        world.restore()
        with Points().counted() as points:
            self.answers = [self.ask(door.call)]
        self.points, rows = points.seen, [world.start, world.read()]
        self.answers.append(self.ask(door.retry))
        self.rows = [*rows, world.read()]
        """Before, after, and after a second time."""
        self.before, self.after, self.again = map(world.compared, self.rows)
        assert self.answers[0] != LOST, "without a fault it fails"

    @cached_property
    def swept(self):
        """The same after a clean-up."""
        return self._of_each(self.world.swept)

    @cached_property
    def signed_in(self):
        return self._of_each(self.world.signed_in)

    def _of_each(self, ask):
        now, answers = self.world.read(), []
        for rows in self.rows:
            self.world.write(rows)
            answers.append(ask())
        self.world.write(now)
        return answers

    def ask(self, call):
        """The status of the answer, 0 where a call has returned, or that none came."""
        try:
            response = call(self.world)
        except Error:
            return LOST
        except AuthSessionsError as refusal:
            return refusal.code
        if response is None:
            return 0
        is_interrupted = type(response) is HttpResponseBadRequest  # Django could not save its session
        return LOST if response.status_code >= SERVER_ERROR or is_interrupted else response.status_code

    def cuts(self, sample=None):
        """The connection is cut before, and after, each point, or some of them."""
        return self._all(self._cut, sample)

    def kills(self, sample=None):
        return self._all(self._kill, sample)

    def _all(self, strike_at, sample):
        tally = Tally()
        for number, side in some(self.points, sample or 2 * len(self.points)):
            self.world.restore()
            try:
                answer = strike_at(number, side)
                close_old_connections()
                tally.faults += 1
                tally.outcomes[self.judge(answer)] += 1
            except AssertionError as error:
                text = self.points[number - 1]
                tally.wrong.append(f"{self.door.name}: {strike_at.__name__} {side} {number}, {text[:300]}: {error}")
        return tally

    def _cut(self, number, side):
        with Points(number, side, partial(cut, self.world.observer)).counted() as points:
            answer = self.ask(self.door.call)
        assert points.is_struck, "the point was not reached"
        return answer

    def _kill(self, number, side):
        connection.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the runner's threads need nothing of the child
            child = os.fork()
        if child == 0:
            try:
                with Points(number, side, kill).counted():
                    self.ask(self.door.call)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the point was not reached"
        return LOST

    def judge(self, answer):
        """Before, after, or between; raises AssertionError for what may not be."""
        world = self.world
        state = world.state()
        assert answer in {LOST, self.answers[0]}, f"answered {answer}"
        if state == self.after:  # first: an operation that changes nothing has both
            outcome = "after"
        elif state == self.before:
            assert answer == LOST, f"answered {answer}, and nothing is done"
            outcome = "before"
        else:
            assert self.door.between, f"between: {self._nearest(state)}"
            names = world.signed_in()
            assert names <= self.signed_in[0] | self.signed_in[1], f"signed in: {names}"
            swept = world.swept()
            assert is_part(swept, self.swept[:2]), f"after the clean-up: {self._nearest(swept, self.swept)}"
            outcome = "between"
        again = self.ask(self.door.retry)
        assert again in self.answers, f"the retry is answered {again}"
        if world.state() not in (self.after, self.again):
            names = world.signed_in()
            expected = self.signed_in[1] | self.signed_in[2]
            is_right = names <= expected if outcome == "between" else names in self.signed_in[1:]
            assert is_right, f"signed in after the retry: {names}"
            swept = world.swept()
            is_whole = is_part(swept, self.swept) if outcome == "between" else is_mixed(swept, self.swept[1:])
            assert is_whole, f"after the retry and the clean-up: {self._nearest(swept, self.swept[1:])}"
        return outcome

    def _nearest(self, state, others=None):
        others = others or [self.before, self.after]
        return min((str(differences(state, other)) for other in others), key=len)
