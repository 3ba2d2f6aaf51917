"""One contender's process: ``python -m benchmarks.worker``. Reads a line of JSON, answers with a line of JSON."""

import json
import os
import sys
import traceback
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import django
from django.core.cache import cache
from django.core.management import call_command

from benchmarks.settings import ENTRY


def missing() -> str:
    """Why this contender cannot be measured, if it cannot."""
    absent = [name for name in ENTRY.packages if not _installed(name)]
    if absent:
        return f"{absent[0]} is not installed"
    if ENTRY.prepares and os.environ["AUTH_SESSIONS_BENCHMARK_DATABASE"] != "postgresql":
        return "statements are prepared on PostgreSQL alone"
    django.setup()
    module, _, name = ENTRY.authentication.rpartition(".")
    if not hasattr(import_module(module), name):
        return f"{module} has no {name}"
    return _no_redis() if ENTRY.redis else ""


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:
        return False


def _no_redis() -> str:
    try:
        cache.set("there", 1, 1)
    except ImportError:
        return "redis is not installed"
    except Exception as error:  # noqa: BLE001 - of a client that may not be installed
        return f"no Redis answers: {error}"
    return ""


class Process:
    """What this process holds: a bench, once it has begun."""

    bench: Any = None

    def begin(self, people: int, rows: int) -> dict[str, Any]:
        if reason := missing():
            return {"skipped": reason}
        from benchmarks.bench import Bench  # models exist only now

        call_command("migrate", verbosity=0)
        self.bench = Bench(people=people, rows=rows)
        return {}

    def answer(self, order: dict[str, Any]) -> Any:
        door = self if order["do"] == "begin" else self.bench
        return getattr(door, order["do"])(**order["with"])


def main() -> None:
    # What anybody prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    process = Process()
    try:
        for line in sys.stdin:
            answers.write(json.dumps(_told(process, line)) + "\n")
            answers.flush()
    finally:
        if process.bench is not None:
            process.bench.stop()


def _told(process: Process, line: str) -> dict[str, Any]:
    try:
        return {"answer": process.answer(json.loads(line))}
    except Exception:  # noqa: BLE001 - told to the parent, which stops
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    main()
