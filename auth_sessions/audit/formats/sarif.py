"""The report as SARIF 2.1.0 (OASIS), which code hosts show beside the code."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings

from auth_sessions import __version__
from auth_sessions.audit.findings import Verdict
from auth_sessions.audit.run import STANDARDS, Result

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://django-auth-sessions.readthedocs.io/"


def render(results: Sequence[Result]) -> str:
    """What is not met. Of anything else there is a rule alone: code hosts show each result, of whatever kind."""
    location = _location()
    driver = {
        "name": "auditauthsessions",
        "version": __version__,
        "informationUri": HOME,
        "rules": [_rule(result) for result in results],
    }
    run = {
        "tool": {"driver": driver},
        "results": [
            _result(result, index, location)
            for index, result in enumerate(results)
            if result.finding.verdict == Verdict.NOT_MET
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(result: Result) -> dict[str, Any]:
    requirement = result.requirement
    return {
        "id": requirement.id,
        "shortDescription": {"text": requirement.text},
        "help": {"text": "\n".join(["Shown by:", *requirement.tests]) if requirement.tests else requirement.text},
        "properties": {"tags": ["security", STANDARDS[requirement.standard], f"level {requirement.level}"]},
    }


def _result(result: Result, index: int, location: dict[str, Any] | None) -> dict[str, Any]:
    requirement, finding = result.requirement, result.finding
    member: dict[str, Any] = {
        "ruleId": requirement.id,
        "ruleIndex": index,
        "kind": "fail",
        "level": "error" if requirement.level == 1 else "warning",
        "message": {"text": f"{finding.reason} {finding.change}".strip()},
    }
    logical = [{"fullyQualifiedName": name, "kind": "variable"} for name in requirement.settings]
    place = {
        **({"physicalLocation": location} if location else {}),
        **({"logicalLocations": logical} if logical else {}),
    }
    return {**member, "locations": [place]} if place else member


def _location() -> dict[str, Any] | None:
    """The file of the settings, relative to where the command runs; None if it lies elsewhere."""
    module = getattr(settings, "SETTINGS_MODULE", None)
    spec = find_spec(module) if module else None
    if spec is None or spec.origin is None:
        return None
    path, here = Path(spec.origin).resolve(), Path.cwd().resolve()
    if not path.is_relative_to(here):
        return None
    return {"artifactLocation": {"uri": quote(path.relative_to(here).as_posix())}, "region": {"startLine": 1}}
