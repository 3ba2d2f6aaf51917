"""The points of an operation: each SQL statement and each COMMIT that it sends, in order."""

import os
import random
import signal
import time
from contextlib import contextmanager

from django.db import connection

BEFORE, AFTER = "before", "after"


class Points:
    """Counts the points of a block, and calls ``strike`` at one of them: before it is sent, or when it was done.

    After a strike the answer of the database is lost, and the driver raises what it does raise then.
    """

    def __init__(self, number=0, side=BEFORE, strike=None):
        self.number, self.side, self.strike = number, side, strike
        self.seen = []
        """What was sent, as text."""

    @property
    def is_struck(self):
        return 0 < self.number <= len(self.seen)

    @contextmanager
    def counted(self):
        connection.ensure_connection()  # what that sends is not counted
        commit = connection._commit
        connection._commit = lambda: self._pass("COMMIT", commit)
        try:
            with connection.execute_wrapper(self._execute):
                yield self
        finally:
            del connection._commit

    def _execute(self, execute, sql, params, many, context):
        return self._pass(sql, lambda: execute(sql, params, many, context))

    def _pass(self, text, send):
        self.seen.append(text)
        is_here = len(self.seen) == self.number
        if is_here and self.side == BEFORE:
            self.strike()
        result = send()
        if is_here and self.side == AFTER:
            self.strike()
            with connection.wrap_database_errors, connection.connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        return result


def some(points, number):
    """The last COMMIT, whose answer is lost, and others by chance: the same ones in each run."""
    every = [(index, side) for index in range(1, len(points) + 1) for side in (BEFORE, AFTER)]
    commits = [(index, AFTER) for index, text in enumerate(points, 1) if text == "COMMIT"]
    last = commits[-1:]
    others = [point for point in every if point not in last]
    return last + random.Random(len(every)).sample(others, min(number - len(last), len(others)))


def cut(observer):
    """The server ends this process's connection, and has rolled back its transaction when this returns."""
    if connection.vendor == "postgresql":
        end, alive = "SELECT pg_terminate_backend(%s)", "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
        key = connection.connection.info.backend_pid
    else:
        end, alive = "KILL CONNECTION %s", "SELECT 1 FROM information_schema.processlist WHERE id = %s"
        key = connection.connection.thread_id()
    with observer.cursor() as cursor:
        cursor.execute(end, [key])
        cursor.execute(alive, [key])
        while cursor.fetchone():
            time.sleep(0.001)
            cursor.execute(alive, [key])


def kill():
    """The process is gone at once."""
    os.kill(os.getpid(), signal.SIGKILL)
