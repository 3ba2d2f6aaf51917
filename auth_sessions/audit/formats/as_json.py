"""The report for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from auth_sessions import __version__
from auth_sessions.audit.findings import Verdict
from auth_sessions.audit.run import STANDARDS, Result


def render(results: Sequence[Result]) -> str:
    counts = Counter(result.finding.verdict for result in results)
    report = {
        "version": __version__,
        "verdicts": {str(verdict): counts[verdict] for verdict in Verdict},
        "results": [_member(result) for result in results],
    }
    return json.dumps(report, indent=2)


def _member(result: Result) -> dict[str, Any]:
    requirement, finding = result.requirement, result.finding
    return {
        "id": requirement.id,
        "standard": STANDARDS[requirement.standard],
        "level": requirement.level,
        "text": requirement.text,
        "settings": list(requirement.settings),
        "verdict": str(finding.verdict),
        "reason": finding.reason,
        "change": finding.change,
        "tests": list(requirement.tests),
    }
