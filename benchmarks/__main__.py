"""``python -m benchmarks``: measures, prints the tables, and writes them down if asked to."""

import argparse
import shlex
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import machine, servers
from benchmarks.contenders import CONTENDERS
from benchmarks.operations import AFTER, GROWING, IN_PROCESS, OPERATIONS, OVER_HTTP, SLOW
from benchmarks.report import report
from benchmarks.results import Results
from benchmarks.workers import Worker, running

POOL = 20
WARMED_PEOPLE = 1000
CONNECTIONS = 4
THREADS = 2
HTTP_ROUNDS = 10
COPIES, HTTP_COPIES = 3, 2  # more would be more connections than PostgreSQL takes by default
GROWTH_ROUNDS, GROWTH_BATCH = 40, 25
QUICK_SCALE, QUICK_ROWS, QUICK_PEOPLE = 0.1, (1_000, 20_000), 100
ROWS = (1_000, 1_000_000)
INTRODUCTION = """\
# What it costs (benchmarks)

A request by access token costs 1 `SELECT`, or with the cached check one round trip to the cache; a refresh 2 statements
([when there is one more](explanation/at-once.md#what-a-request-costs)). Below, this app is measured beside its peers.
A *contender* is one of them in a project of its own; *floor* is the least that is correct: raw SQL, PyJWT and bare
DRF views. *Prepared* are those whose statements PostgreSQL keeps
([prepared statements](operations.md#prepared-statements-on-postgresql)). In brackets stands what single processes had.

By `{}`; [benchmarks/README.md](../benchmarks/README.md) says how to read it.

"""


def numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(each) for each in text.split(",") if each))


def names(text: str) -> list[str]:
    return [each for each in text.split(",") if each]


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--contenders", type=names, default=list(CONTENDERS), help="a comma between them")
    parser.add_argument("--operations", type=names, help="a comma between them")
    parser.add_argument("--rows", type=numbers, help="stored sessions for the growth, or '' for none")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of rounds and calls")
    parser.add_argument("--copies", type=int, default=COPIES, help="processes of each contender, asked in turn")
    parser.add_argument("--quick", action="store_true", help="to see that it works, in about two minutes")
    parser.add_argument("--no-http", action="store_true")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there, too")
    chosen = parser.parse_args(given)
    for what, known in (("contenders", CONTENDERS), ("operations", OPERATIONS)):
        if unknown := [name for name in getattr(chosen, what) or () if name not in known]:
            parser.error(f"--{what}: not {', '.join(unknown)}, but {', '.join(known)}")
    if chosen.quick:
        chosen.scale, chosen.copies = min(chosen.scale, QUICK_SCALE), 1
    if chosen.operations is None:
        chosen.operations = [key for key in IN_PROCESS if not (chosen.quick and key in SLOW)]
    if chosen.rows is None:
        chosen.rows = QUICK_ROWS if chosen.quick else ROWS
    return chosen


class Run:
    """One run. In each round every contender is asked once, and another one goes first; its copies take turns."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.chosen = chosen
        labels = {name: CONTENDERS[name].label for name in CONTENDERS if name in chosen.contenders}
        copies = {"copies": chosen.copies, "http_copies": min(chosen.copies, HTTP_COPIES)}
        self.results = Results(database=chosen.database, labels=labels, **copies)
        self.load_before = machine.load()
        self.machine: list[str] = []

    def scaled(self, number: int) -> int:
        return max(1, round(number * self.chosen.scale))

    def of_one(self, number: int) -> int:
        """The share of each copy."""
        return max(1, number // self.chosen.copies)

    def running(self, contenders: list[str], **what: Any) -> Any:
        return running(contenders, database=self.chosen.database, copies=self.chosen.copies, **what)

    def everything(self) -> None:
        chosen = self.chosen
        with self.running(list(self.results.labels), people=self.of_one(POOL)) as (workers, skipped):
            for contender, reason in skipped.items():
                say(f"LEFT OUT: {self.results.labels[contender]}: {reason}")
            self.results.skipped = skipped
            field = {contender: same for (contender, _), same in workers.items()}
            self.machine = machine.described(next(iter(field.values()))[0].ask("database"), self.load_before)
            self.count(field)
            self.time(field, self.of_wsgi)
            if chosen.no_http or find_spec("gunicorn") is None:
                say("LEFT OUT: HTTP" + ("" if chosen.no_http else ", since gunicorn is not installed"))
            else:
                self.load(field)
        if self.of_asgi:
            self.asgi()
        if chosen.rows and chosen.database == "sqlite":
            say("LEFT OUT: growth, which is filled in PostgreSQL only")
        elif chosen.rows and "ours" in field:
            self.grow()

    def count(self, field: dict[str, list[Worker]]) -> None:
        say("counting")
        for method in AFTER:
            self.results.fates[method] = {name: same[0].ask("fate", method=method) for name, same in field.items()}
        for operation in self.of_wsgi:
            able = self.able(field, operation)
            self.results.costs[operation] = {name: able[name][0].ask("cost", name=operation) for name in able}

    def asgi(self) -> None:
        """Those operations in processes of their own, which take connections from a pool, if there is one."""
        has_pool = self.chosen.database == "postgresql"
        if absent := [name for name in ("adrf", *["psycopg_pool"] * has_pool) if find_spec(name) is None]:
            say(f"LEFT OUT: ASGI, since {absent[0]} is not installed")
            return
        contenders = [name for name in self.results.labels if name not in self.results.skipped]
        with self.running(contenders, people=self.of_one(POOL), has_pool=has_pool) as (workers, _):
            self.time({contender: same for (contender, _), same in workers.items()}, self.of_asgi)

    @property
    def of_wsgi(self) -> list[str]:
        return [key for key in self.chosen.operations if not OPERATIONS[key].is_asgi]

    @property
    def of_asgi(self) -> list[str]:
        return [key for key in self.chosen.operations if OPERATIONS[key].is_asgi]

    def time(self, field: dict[str, list[Worker]], operations: list[str]) -> None:
        for key in operations:
            say(OPERATIONS[key].label)
            operation, able = OPERATIONS[key], self.able(field, key)
            measure = asking("measure", name=key, times=min(operation.batch, self.scaled(operation.batch * 5)))
            told = in_turn(able, measure, rounds=self.scaled(operation.rounds))
            self.results.times[key], self.results.cpu[key] = only(told, "clock"), only(told, "cpu")

    def load(self, field: dict[str, list[Worker]]) -> None:
        field = {name: same[:HTTP_COPIES] for name, same in field.items()}
        for same in field.values():
            for worker in same:
                worker.ask("serve", threads=THREADS)
        for key in OVER_HTTP:
            if key not in self.chosen.operations:
                continue
            say(f"{OPERATIONS[key].label}, over HTTP")
            able, calls = self.able(field, key), self.scaled(OPERATIONS[key].over_http)
            rounds = self.scaled(HTTP_ROUNDS)
            self.results.http_calls[key] = CONNECTIONS * calls * rounds
            in_turn(able, asking("load", name=key, connections=CONNECTIONS, calls=5), rounds=HTTP_COPIES)  # to warm up
            load = asking("load", name=key, connections=CONNECTIONS, calls=calls)
            self.results.rates[key] = in_turn(able, load, rounds=rounds)

    def grow(self) -> None:
        rows = self.chosen.rows
        say(f"growth: storing {', '.join(f'{size:,}' for size in rows)} sessions")
        people = self.of_one(min(QUICK_PEOPLE if self.chosen.quick else WARMED_PEOPLE, rows[0]))
        with self.running(["ours"], people=people, sizes=rows) as (workers, _):
            field = {size: same for (_, size), same in workers.items()}
            for key in GROWING:
                say(f"{OPERATIONS[key].label}, growth")
                # Everybody once, to warm up.
                in_turn(field, asking("measure", name=key, times=people), rounds=self.chosen.copies)
                measure = asking("measure", name=key, times=self.scaled(GROWTH_BATCH))
                told = in_turn(field, measure, rounds=self.scaled(GROWTH_ROUNDS))
                self.results.growth[key] = only(told, "clock")

    @staticmethod
    def able(field: dict[str, list[Worker]], operation: str) -> dict[str, list[Worker]]:
        return {name: same for name, same in field.items() if not same[0].ask("lacks", name=operation)}

    def described(self) -> str:
        ours = [*self.machine, f"* {datetime.now(UTC):%Y-%m-%d}, scale {self.chosen.scale:g}"]
        return "\n".join([*ours, report(self.results), ""])


def asking(order: str, **what: Any) -> Callable[[Worker], Any]:
    return lambda worker: worker.ask(order, **what)


def in_turn(field: dict[Any, list[Worker]], ask: Callable[[Worker], Any], *, rounds: int) -> dict[Any, list[Any]]:
    """What each answers, round by round, one of its copies after the other. Only one works at a time."""
    told: dict[Any, list[Any]] = {name: [] for name in field}
    order = list(field)
    for number in range(rounds):
        for name in order:
            told[name].append(ask(field[name][number % len(field[name])]))
        order = [*order[1:], *order[:1]]
    return told


def only(told: dict[Any, list[Any]], what: str) -> dict[Any, list[Any]]:
    return {name: [each[what] for each in rounds] for name, rounds in told.items()}


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> None:
    chosen = arguments()
    run = Run(chosen)
    with nullcontext() if chosen.database == "sqlite" else servers.postgresql(), servers.redis():
        run.everything()
    sys.stdout.write(run.described())
    if chosen.markdown:
        command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
        chosen.markdown.write_text(INTRODUCTION.format(command) + run.described(), encoding="utf-8")


if __name__ == "__main__":
    main()
