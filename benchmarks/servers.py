"""The servers of a run; environment variables lead to them while it lasts."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.support.servers import Unavailable, exit_on_signals, running


@contextmanager
def postgresql() -> Iterator[None]:
    """The program ends, and says why, where there is none."""
    exit_on_signals()
    with ExitStack() as stack:
        try:
            os.environ.update(stack.enter_context(running("postgresql")))
        except Unavailable as error:
            sys.exit(f"No PostgreSQL for the benchmark: {error}")
        yield


@contextmanager
def redis() -> Iterator[None]:
    """Where there is none, whoever needs it says so."""
    exit_on_signals()
    with ExitStack() as stack:
        with suppress(Unavailable):
            os.environ.update(stack.enter_context(running("redis")))
        yield
