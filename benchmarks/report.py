"""The tables, in Markdown that also reads well on a terminal."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from benchmarks.operations import AFTER, OPERATIONS
from benchmarks.results import Results, typical
from benchmarks.targets import targets

COMPARED_WITH = ("simplejwt", "knox", "allauth", "allauth_stateful", "django_db", "floor")


def report(results: Results) -> str:
    return "\n".join(line for part in _parts(results) for line in part)


def _parts(results: Results) -> Iterator[Iterable[str]]:
    if results.skipped:
        yield _heading("Left out")
        yield [f"* {results.labels[contender]}: {reason}" for contender, reason in results.skipped.items()]
    yield _heading("Targets")
    yield _table(
        ("what", "target", "measured", "result"),
        [(target.what, target.asked, *target.judge(results)) for target in targets(results)],
    )
    if results.times:
        yield _heading("Time of one call in process, ms (median)")
        yield _by_contender(results, _labels(results.times), _time, ("calls", _calls))
        yield _heading("Computing for one call in the contender's own process, ms (median)")
        yield _by_contender(results, _labels(results.cpu), _cpu)
        for contender in ("ours", "ours_cached"):
            if contender not in results.skipped and contender in results.labels:
                yield _heading(f"{results.labels[contender]}: times as long as the others (below 1: faster)")
                yield _ratios(results, contender)
    yield _heading("SQL statements + transaction control, cache round trips")
    yield _by_contender(results, _labels(results.costs), _cost)
    yield _heading("An access token after a sign-out of")
    yield _by_contender(results, AFTER, _fate)
    if results.rates:
        yield _heading("Requests per second over HTTP (median)")
        calls = ("calls", lambda results, operation: str(results.http_calls[operation]))
        yield _by_contender(results, _labels(results.rates), _rate, calls)
    if results.growth:
        yield _heading("With many sessions stored: ms (median), and times the smallest")
        yield _growth(results)


def _heading(text: str) -> list[str]:
    return ["", f"## {text}", ""]


def _labels(operations: Iterable[str]) -> dict[str, str]:
    return {key: OPERATIONS[key].label for key in operations}


def _present(results: Results) -> list[str]:
    return [contender for contender in results.labels if contender not in results.skipped]


def _by_contender(
    results: Results,
    rows: Mapping[str, str],
    cell: Callable[[Results, str, str], str],
    *more: tuple[str, Callable[[Results, str], str]],
) -> list[str]:
    """A row for each key of ``rows``, a column for each contender, and ``more`` columns with their heads."""
    present = _present(results)
    return _table(
        ("call", *(results.labels[contender] for contender in present), *(head for head, _ in more)),
        [
            (
                label,
                *(cell(results, key, contender) for contender in present),
                *(column(results, key) for _, column in more),
            )
            for key, label in rows.items()
        ],
    )


def _calls(results: Results, operation: str) -> str:
    """Of each contender."""
    rounds = next(iter(results.times[operation].values()), [])
    return str(sum(len(each) for each in rounds))


def _fate(results: Results, method: str, contender: str) -> str:
    return results.fates.get(method, {}).get(contender, "-")


def _time(results: Results, operation: str, contender: str) -> str:
    return _number(results.milliseconds(operation, contender))


def _cpu(results: Results, operation: str, contender: str) -> str:
    rounds = results.cpu[operation].get(contender)
    return "-" if rounds is None else _number(typical(rounds))


def _rate(results: Results, operation: str, contender: str) -> str:
    return _number(results.rate(operation, contender))


def _cost(results: Results, operation: str, contender: str) -> str:
    cost = results.costs.get(operation, {}).get(contender)
    if cost is None:
        return "-"
    control = f" + {cost['control']}" if cost["control"] else ""
    cache = f", cache {cost['cache']}" if cost["cache"] else ""
    return f"{cost['statements']}{control}{cache}"


def _ratios(results: Results, contender: str) -> list[str]:
    peers = [peer for peer in COMPARED_WITH if peer in _present(results)]
    measured = _labels(key for key in results.times if contender in results.times[key])
    return _table(
        ("call", *(results.labels[peer] for peer in peers)),
        [(label, *(_number(results.ratio(key, contender, peer)) for peer in peers)) for key, label in measured.items()],
    )


def _growth(results: Results) -> list[str]:
    return _table(
        ("call", *(f"{size:,}" for size in results.sizes)),
        [
            (
                label,
                *(
                    f"{_number(typical(results.growth[key][size]))} ({_number(results.grown(key, size))} x)"
                    for size in results.sizes
                ),
            )
            for key, label in _labels(results.growth).items()
        ],
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    table = [list(head), *(list(row) for row in body)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in table
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]
