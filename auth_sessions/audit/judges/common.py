"""What several judges share."""

from collections.abc import Callable

from rest_framework.authentication import TokenAuthentication
from rest_framework_simplejwt.authentication import JWTAuthentication

from auth_sessions.audit.findings import Finding, duty, not_met
from auth_sessions.audit.project import Project
from auth_sessions.authentication import SessionJWTAuthentication

Judge = Callable[[Project], Finding]


def always(finding: Finding) -> Judge:
    """The judge of what no setting decides."""
    return lambda project: finding


def first(*judges: Callable[[Project], Finding | None], otherwise: Finding) -> Judge:
    """The first finding of these, or else this one."""
    return lambda project: next((found for judge in judges if (found := judge(project))), otherwise)


def by_checks(project: Project, *ids: str, change: str = "") -> Finding | None:
    """What the first of these system checks says that finds something, and its hint, or else this change."""
    message = project.first_message(*ids)
    return None if message is None else not_met(message.msg, message.hint or change)


def other_tokens(project: Project, flaw: str) -> Finding | None:
    """Views of other packages that issue tokens, or else classes that accept static ones, which have this flaw."""
    return by_checks(project, "auth_sessions.W030") or static_tokens(project, flaw)


def static_tokens(project: Project, flaw: str) -> Finding | None:
    """Classes that accept tokens that never change, which have this flaw."""
    if static := list(project.authenticates(lambda each: issubclass(each, TokenAuthentication))):
        return not_met(
            f"{', '.join(static)} accepts {flaw}.",
            "Use auth_sessions.authentication.SessionJWTAuthentication.",
        )
    return None


def asks_no_session(each: type) -> bool:
    """Whether a class accepts an access token by its signature alone."""
    return issubclass(each, JWTAuthentication) and not issubclass(each, SessionJWTAuthentication)


def own_classes(project: Project) -> Finding | None:
    """A duty where the project authenticates by classes that this app does not know."""
    if not project.own_authentication:
        return None
    named = ", ".join(project.own_authentication)
    return duty(
        f"The project authenticates by classes of its own, which nobody but you can judge: {named}.",
        "Read them with this requirement in mind: what they read, from where, and what they refuse.",
    )
