"""What the app knows of a session that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from auth_sessions.masking import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auth_sessions.models import Session


class EndedSession(NamedTuple):
    """The values of an ended session that the app itself needs, as they were before any receiver ran."""

    id: UUID
    user_id: Any
    kind: str
    django_session_key: str | None
    actor_id: Any
    depends_on_id: UUID | None
    has_dependents: bool

    @classmethod
    def of(cls, values: Sequence[Any]) -> EndedSession:
        """From the values of the columns, in order."""
        pk, user_id, kind, key, *dependence = values
        return cls(pk, user_id, kind, key and Secret(key), *dependence)

    @property
    def sign_in_id(self) -> UUID:
        return find_sign_in(self)


RECORDED = EndedSession._fields
"""The columns that are read."""


def find_sign_in(session: Session | EndedSession) -> UUID:
    """The key of the session that all sessions of one sign-in depend on: the app's, or this one.

    Whoever acts in another person's name has signed in for themselves.
    """
    if session.depends_on_id is None or session.actor_id is not None:
        return session.id
    return session.depends_on_id
