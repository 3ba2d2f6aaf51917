"""Sessions that depend on another one: they end with it (``db.ending``), and none outlives it.

Of a person's sign-in in an app depends the browser session to which the app has handed it over. Of the session of a
person who acts in another person's name depends what they do in that name.
"""

from datetime import datetime

from auth_sessions.core.database import all_sessions
from auth_sessions.models import Session


def depend_on(session: Session, other: Session) -> None:
    """Let a new session depend on another one, and expire no later."""
    session.depends_on = other
    session.expires_at = earliest(session.expires_at, other.expires_at)


def mark_depended_on(session: Session, *, using: str) -> bool:
    """Lock the session that a new one depends on, and mark it as one that others end with. False if it has ended."""
    if session.depends_on_id is None:
        return True
    return bool(all_sessions(using).filter(pk=session.depends_on_id).update(has_dependents=True))


def earliest(*moments: datetime | None) -> datetime | None:
    """The earliest of some ends, of which None means that there is none."""
    return min((moment for moment in moments if moment is not None), default=None)
