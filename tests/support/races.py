"""Calls at the same moment, on real threads and real connections."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from django.db import connection, connections

ROUNDS = 2 if connection.vendor == "sqlite" else 4
"""How often a race is run: each round meets the others at another moment; on SQLite one writes after the other."""

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def with_own_connection(call):
    """For a thread: its connections are closed when the call ends."""
    try:
        return call()
    finally:
        connections.close_all()


def together(*calls, jitter=0.0):
    """Run the calls at the same moment, each on a thread and a connection of its own; their results in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        connection.ensure_connection()
        barrier.wait(timeout=60)
        time.sleep(random.uniform(0, jitter))
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: with_own_connection(lambda: run(call)), calls))


def statuses(responses):
    return [response.status_code for response in responses]
