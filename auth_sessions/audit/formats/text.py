"""The report for people."""

from collections import Counter
from collections.abc import Iterator, Sequence

from auth_sessions.audit.findings import Verdict
from auth_sessions.audit.run import STANDARDS, Result


def render(results: Sequence[Result]) -> str:
    return "\n".join(_lines(results))


def _lines(results: Sequence[Result]) -> Iterator[str]:
    for standard, name in STANDARDS.items():
        of_standard = [result for result in results if result.requirement.standard == standard]
        if of_standard:
            yield f"{name}\n"
        for result in of_standard:
            yield from _lines_of(result)
            yield ""
    counts = Counter(result.finding.verdict for result in results)
    yield ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict)


def _lines_of(result: Result) -> Iterator[str]:
    requirement, finding = result.requirement, result.finding
    yield f"{requirement.id} (level {requirement.level}): {finding.verdict.upper()}"
    yield f"  {requirement.text}."
    yield f"  {finding.reason}"
    if finding.change:
        yield f"  To do: {finding.change}"
    if requirement.settings:
        yield f"  Decided by: {', '.join(requirement.settings)}"
    for test in requirement.tests:
        yield f"  Shown by: {test}"
