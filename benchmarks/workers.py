"""The parent's side: a process and a throw-away database for each contender, asked in turn."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS

ROOT = Path(__file__).parents[1]


class WorkerError(Exception):
    """A worker could not do as it was told."""


class Worker:
    def __init__(self, contender: str, *, database: str, name: str, has_pool: bool) -> None:
        self.contender, self.label = contender, CONTENDERS[contender].label
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker"],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
                "AUTH_SESSIONS_BENCHMARK_CONTENDER": contender,
                "AUTH_SESSIONS_BENCHMARK_DATABASE": database,
                "AUTH_SESSIONS_BENCHMARK_NAME": name,
                "AUTH_SESSIONS_BENCHMARK_POOL": "1" if has_pool else "",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, order: str, **arguments: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": order, "with": arguments}) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        told = json.loads(line) if line else {"error": "it ended"}
        if "error" in told:
            raise WorkerError(f"{self.label}: {told['error']}")
        return told["answer"]

    def ask(self, order: str, **arguments: Any) -> Any:
        self.tell(order, **arguments)
        return self.hear()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def running(
    contenders: list[str],
    *,
    database: str,
    people: int,
    copies: int,
    sizes: tuple[int, ...] = (0,),
    has_pool: bool = False,
) -> Iterator[tuple[dict[tuple[str, int], list[Worker]], dict[str, str]]]:
    """Workers by contender and size, all begun; and why the others are not there.

    Each has several ``copies`` of its process over one database, with ``people`` of its own for each: one process may
    be a fifth slower than its like for as long as it lives. With ``has_pool`` they take connections from a pool, as
    Django recommends under ASGI, where each request has a thread of its own.
    """
    with ExitStack() as stack:
        make = stack.enter_context({"sqlite": _files, "postgresql": _databases}[database]())
        names = {(contender, size): make(f"{contender}_{size}") for contender in contenders for size in sizes}
        workers: dict[tuple[str, int], list[Worker]] = {key: [] for key in names}
        skipped: dict[str, str] = {}
        for others in reversed(range(copies)):  # the last to begin stores all that is missing
            for (contender, size), same in workers.items():
                name = names[contender, size]
                worker = Worker(contender, database=database, name=name, has_pool=has_pool)
                stack.callback(worker.close)
                worker.tell("begin", people=people, rows=0 if others else max(0, size - people * (copies - 1)))
                same.append(worker)
            for (contender, size), same in list(workers.items()):
                if reason := same[-1].hear().get("skipped"):
                    skipped[contender] = reason
                    del workers[contender, size]
        yield workers, skipped


@contextmanager
def _files() -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        yield lambda name: str(Path(folder) / f"{name}.sqlite3")


@contextmanager
def _databases() -> Iterator[Any]:
    """Databases of this run alone, dropped at its end."""
    import psycopg

    made: list[str] = []
    with psycopg.connect(dbname="postgres", autocommit=True) as connection:

        def make(name: str) -> str:
            made.append(f"benchmark_auth_sessions_{os.getpid()}_{name}")
            connection.execute(f'CREATE DATABASE "{made[-1]}"')
            return made[-1]

        try:
            yield make
        finally:
            for name in made:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
