"""Runs calls on threads of their own, one SQL statement at a time, in an order that is chosen.

Each thread has a connection, and waits for its turn before each statement and before COMMIT. A turn lasts until the
thread waits again. A thread that waits for a lock of the database keeps its turn, and another one goes on.
"""

import queue
import random
import sys
import threading
import time
from dataclasses import dataclass, field

from django.core.signals import got_request_exception
from django.db import connection

LOOK_AFTER, STUCK_AFTER = 0.002, 60  # seconds
WITHOUT_TURN = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "SET ")
"""Statements that neither read nor lock rows."""

IDLE, WAITING, RUNNING, FINISHED = "idle", "waiting", "running", "finished"


@dataclass(frozen=True)
class Statement:
    """A statement as it was executed; the ``transaction`` has a number, or is None with autocommit."""

    transaction: int | None
    sql: str
    params: object = None


@dataclass
class Trace:
    """What happened: the ``order`` of turns, and for each thread its statements, result and error."""

    order: list[int] = field(default_factory=list)
    has_waited: bool = False
    statements: list[list[Statement]] = field(default_factory=list)
    results: list[object] = field(default_factory=list)
    errors: list[BaseException | None] = field(default_factory=list)

    def __str__(self):
        return "".join("ABCDEFGH"[number] for number in self.order)


class Switch:
    """The first call up to its k-th statement, then the second as far as it gets, then the rest of the first."""

    def __init__(self, k):
        self.k, self.name = k, f"k={k}"

    def __call__(self, waiting, order):
        first, second = (0, 1) if order.count(0) < self.k else (1, 0)
        return first if first in waiting else second


class Random:
    """A random order, always the same for a seed."""

    def __init__(self, seed):
        self.random, self.name = random.Random(seed), f"seed={seed}"

    def __call__(self, waiting, order):
        if order and order[-1] in waiting and self.random.random() < 0.6:
            return order[-1]
        return self.random.choice(waiting)


class Worker(threading.Thread):
    """A thread with a connection, which executes one call after another."""

    def __init__(self, number, changed):
        super().__init__(daemon=True, name=f"worker {number}")
        self.changed, self.calls, self.state = changed, queue.Queue(), IDLE
        self.backend = self.result = self.error = self.request_error = None
        self.statements, self.transaction = [], 0
        self.start()

    def run(self):
        connection.ensure_connection()
        native = connection.connection
        self.backend = native.info.backend_pid if connection.vendor == "postgresql" else native.thread_id()
        commit, rollback = connection._commit, connection._rollback
        connection._commit = lambda: self._end_transaction(commit, waits=True)
        connection._rollback = lambda: self._end_transaction(rollback, waits=False)
        with connection.execute_wrapper(self._execute):
            while (call := self.calls.get()) is not None:
                self._call(call)
        connection.close()

    def _call(self, call):
        try:
            self.result = call()
        except BaseException as error:  # noqa: BLE001 - judged by the caller
            self.error = error
        finally:
            self._enter(FINISHED)

    def _execute(self, execute, sql, params, many, context):
        if not sql.startswith(WITHOUT_TURN):
            self._wait_for_turn()
            transaction = self.transaction if connection.in_atomic_block else None
            self.statements.append(Statement(transaction, sql, params))
        return execute(sql, params, many, context)

    def _end_transaction(self, end, *, waits):
        if waits:
            self._wait_for_turn()
        self.transaction += 1
        return end()

    def _wait_for_turn(self):
        self._enter(WAITING)
        with self.changed:
            self.changed.wait_for(lambda: self.state != WAITING)

    def _enter(self, state):
        with self.changed:
            self.state = state
            self.changed.notify_all()


def note_request_error(**event):
    """What is answered with 500 has raised this."""
    worker = threading.current_thread()
    if isinstance(worker, Worker):
        worker.request_error = sys.exc_info()[1]


class Scheduler:
    """Threads that stay, for one interleaving after another."""

    def __init__(self, size=2):
        self.changed = threading.Condition()
        self.workers = [Worker(number, self.changed) for number in range(size)]

    def __enter__(self):
        got_request_exception.connect(note_request_error)
        return self

    def __exit__(self, *details):
        got_request_exception.disconnect(note_request_error)
        for worker in self.workers:
            worker.calls.put(None)
        for worker in self.workers:
            worker.join(STUCK_AFTER)

    def run(self, calls, choose):
        """Run the calls, of which ``choose(waiting, order)`` says whose turn it is. Returns the :class:`Trace`."""
        trace = Trace()
        workers = self.workers[: len(calls)]
        for worker, call in zip(workers, calls, strict=True):
            worker.statements, worker.result, worker.error, worker.request_error = [], None, None, None
            worker.state = RUNNING
            worker.calls.put(call)
        self._settle(workers, trace)
        while any(worker.state != FINISHED for worker in workers):
            waiting = [number for number, worker in enumerate(workers) if worker.state == WAITING]
            if waiting:
                number = choose(waiting, trace.order)
                trace.order.append(number)
                with self.changed:
                    workers[number].state = RUNNING
                    self.changed.notify_all()
            self._settle(workers, trace)
        trace.statements = [worker.statements for worker in workers]
        trace.results = [worker.result for worker in workers]
        trace.errors = [worker.error or worker.request_error for worker in workers]
        return trace

    def _settle(self, workers, trace):
        """Until no thread runs, or those that do wait for locks of the database, and another one can go on."""
        began = time.monotonic()
        while True:
            with self.changed:
                self.changed.wait_for(lambda: all(worker.state != RUNNING for worker in workers), LOOK_AFTER)
                running = [worker for worker in workers if worker.state == RUNNING]
            if not running:
                return
            if any(worker.state == WAITING for worker in workers) and count_lock_waits(running) >= len(running):
                trace.has_waited = True
                return
            if time.monotonic() - began > STUCK_AFTER:
                raise TimeoutError(f"{[worker.name for worker in running]} neither go on nor wait for a lock")


def count_lock_waits(workers):
    """How many of the threads wait for a lock. MariaDB counts those of the whole server."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            pids = [worker.backend for worker in workers]
            cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid = ANY(%s)", [pids])
            return cursor.fetchone()[0]
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
        return int(cursor.fetchone()[1])
