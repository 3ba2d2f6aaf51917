"""What a requirement is."""

from collections.abc import Callable
from dataclasses import dataclass

from auth_sessions.audit.findings import Finding
from auth_sessions.audit.project import Project

Judge = Callable[[Project], Finding]


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A requirement of a standard.

    ``id`` begins with the standard's name. ``level`` is that of ASVS, the AAL of NIST, and of an RFC 1 for MUST, 2 for
    SHOULD and 3 for MAY. ``settings`` are those that decide, or what the project mounts or installs. ``tests`` of the
    app's repository show what the app does.
    """

    id: str
    level: int
    text: str
    settings: tuple[str, ...] = ()
    judge: Judge
    tests: tuple[str, ...] = ()

    @property
    def standard(self) -> str:
        return self.id.partition("-")[0]
