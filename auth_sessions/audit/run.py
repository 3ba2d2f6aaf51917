"""Judges the requirements that are asked for, and says which of the project's settings decide."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from auth_sessions.audit.findings import Finding
from auth_sessions.audit.project import HIGHEST_LEVEL, Project
from auth_sessions.audit.requirement import Requirement
from auth_sessions.audit.standards import asvs_v3, asvs_v7, asvs_v9, asvs_v14, asvs_v16, nist, rfc8725, rfc9700

STANDARDS = {
    "asvs": "OWASP ASVS 5.0",
    "rfc9700": "RFC 9700",
    "rfc8725": "RFC 8725",
    "nist": "NIST SP 800-63B-4",
}
"""The names of the standards, by what the ids of their requirements begin with."""

REQUIREMENTS: tuple[Requirement, ...] = tuple(
    requirement
    for module in (asvs_v3, asvs_v7, asvs_v9, asvs_v14, asvs_v16, rfc9700, rfc8725, nist)
    for requirement in module.REQUIREMENTS
)
"""All of them, standard by standard."""


class CannotJudgeError(Exception):
    """A setting has a value with which a requirement cannot be judged."""


@dataclass(frozen=True)
class Result:
    """A requirement, and what was found."""

    requirement: Requirement
    finding: Finding


def audit(
    *, level: int = HIGHEST_LEVEL, standards: Collection[str] = tuple(STANDARDS), using: str | None = None
) -> list[Result]:
    """The results of all requirements up to this level. ``using`` is the alias of the database to read."""
    project = Project(level=level, using=using)
    return [Result(one, _judge(one, project)) for one in _chosen(REQUIREMENTS, level=level, standards=standards)]


def _judge(requirement: Requirement, project: Project) -> Finding:
    try:
        return requirement.judge(project)
    except Exception as error:  # the project's settings may have any value, and its modules may raise anything
        raise CannotJudgeError(f"{requirement.id}: {type(error).__name__}: {error}") from error


def _chosen(requirements: Iterable[Requirement], *, level: int, standards: Collection[str]) -> Iterable[Requirement]:
    return (one for one in requirements if one.level <= level and one.standard in standards)
