"""``python -m benchmarks.profiled [--contender ours_cached_django_redis] [--operation request]``: by function, where a
call takes its time. PostgreSQL.

The profiler makes functions that call many others look slower than they are: compare two runs of it with each other,
and nothing with the tables of ``python -m benchmarks``.
"""

import argparse

from benchmarks import servers
from benchmarks.contenders import CONTENDERS
from benchmarks.operations import OPERATIONS
from benchmarks.workers import running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contender", choices=CONTENDERS, default="ours_cached_django_redis")
    parser.add_argument("--operation", choices=OPERATIONS, default="request")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--top", type=int, default=40, help="of the functions that take longest by themselves")
    given = parser.parse_args()
    with servers.postgresql(), servers.redis():
        here = running([given.contender], database="postgresql", people=20, copies=1)
        with here as (workers, skipped):
            for reason in skipped.values():
                raise SystemExit(f"It cannot be measured: {reason}")
            ((worker,),) = workers.values()
            rows = worker.ask("profile", name=given.operation, times=given.calls)
    whole = sum(own for _, _, own, _ in rows)
    print(f"{OPERATIONS[given.operation].label}, {CONTENDERS[given.contender].label}: {whole:.0f} us, and by function:")
    print(f"{'own us':>8} {'all us':>8} {'calls':>6}  function")
    for name, calls, own, every in sorted(rows, key=lambda row: -row[2])[: given.top]:
        print(f"{own:8.1f} {every:8.1f} {calls:6.1f}  {name}")


if __name__ == "__main__":
    main()
