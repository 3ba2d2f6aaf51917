"""What a requirement is."""

from dataclasses import dataclass

from auth_sessions.audit.judges.common import Judge


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
