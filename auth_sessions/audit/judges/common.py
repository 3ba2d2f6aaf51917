"""What several judges share."""

from collections.abc import Callable

from auth_sessions.audit.findings import Finding, duty
from auth_sessions.audit.project import Project

Judge = Callable[[Project], Finding]


def always(finding: Finding) -> Judge:
    """The judge of what no setting decides."""
    return lambda project: finding


def first(*judges: Callable[[Project], Finding | None], otherwise: Finding) -> Judge:
    """The first finding of these, or else this one."""
    return lambda project: next((found for judge in judges if (found := judge(project))), otherwise)


def own_classes(project: Project) -> Finding | None:
    """A duty where the project authenticates by classes that this app does not know."""
    if not project.own_authentication:
        return None
    named = ", ".join(project.own_authentication)
    return duty(
        f"The project authenticates by classes of its own, which nobody but you can judge: {named}.",
        "Read them with this requirement in mind: what they read, from where, and what they refuse.",
    )
