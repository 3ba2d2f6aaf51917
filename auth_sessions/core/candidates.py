"""Reads the sessions that a clean-up checks, with what decides whether they end, and locks those that may.

Instances of the session are not built: that would take most of the time.
"""

from collections.abc import Collection, Iterable
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model

from auth_sessions import moments
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.core.database import all_sessions, all_users
from auth_sessions.core.lifetimes import end_by_time
from auth_sessions.db.batches import with_keys
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.db.managers import hides_nobody
from auth_sessions.models import RefreshToken, Session
from auth_sessions.querysets import SessionQuerySet


@dataclass(slots=True)
class Candidate:
    """A session as far as ``core.validity.get_end_reason`` and the clean-up look at it, by the names of the model."""

    id: UUID
    user_id: Any
    actor_id: Any
    depends_on_id: UUID | None
    has_dependents: bool
    kind: str
    expires_at: datetime | None
    last_seen_at: datetime
    auth_backend: str
    password_fingerprint: str = field(repr=False)
    django_session_key: str | None = field(repr=False)
    django_session_engine: str | None

    rotated_at: datetime | None = None
    over: EndReason | None = None
    """Why it is over by time, whoever the user is: nothing more is read of it then."""
    user: Any = None
    """Also None if the user has just been deleted, and where somebody acts in their name: see :data:`Checked`."""
    is_user_visible: bool = True

    _fields: ClassVar[tuple[str, ...]]
    """The columns that are read: the attributes without a default."""

    @classmethod
    def of(cls, values: Iterable[Any]) -> "Candidate":
        return cls(*values)

    @property
    def last_used_at(self) -> datetime:
        return self.last_seen_at if self.rotated_at is None else moments.latest(self.last_seen_at, self.rotated_at)


Candidate._fields = tuple(each.name for each in fields(Candidate) if each.default is MISSING)


Checked = Candidate | Session
"""A session in which somebody acts in another person's name is an instance: the actor's own decides as well. If it is
none, it has just ended."""


class TokenUse(NamedTuple):
    """When the refresh token of a session was rotated last."""

    session_id: UUID
    rotated_at: datetime

    @classmethod
    def of(cls, values: Iterable[Any]) -> "TokenUse":
        return cls(*values)


def read_candidates(rows: SessionQuerySet) -> list[Checked]:
    """The sessions, which follow each other by primary key, without a lock.

    Users and tokens are read by key: for a join, a planner may scan all tokens.
    """
    candidates = [Candidate.of(values) for values in rows.values_list(*Candidate._fields)]
    if not candidates:
        return []
    tokens = _tokens(rows.db).filter(pk__gte=candidates[0].id, pk__lte=candidates[-1].id)
    return _complete(candidates, tokens.values_list(*TokenUse._fields), using=rows.db)


def lock_candidates(keys: Collection[UUID], *, using: str) -> list[Checked]:
    """Lock the sessions, as ``end()`` does, and their refresh tokens, which a refresh writes without the session.

    Rows that another transaction has locked are left out, with the session of such a token. The users are read last and
    are not locked: a transaction that changes a user locks it before any session.
    """
    rows = with_keys(all_sessions(using), keys)
    candidates = lock_by_primary_key(rows, skip_locked=True, record=Candidate)
    with_token = [candidate.id for candidate in candidates if candidate.kind == SessionKind.TOKEN]
    uses = lock_by_primary_key(with_keys(_tokens(using), with_token), skip_locked=True, record=TokenUse)
    unlocked = set(with_token) - {use.session_id for use in uses}
    if unlocked:  # by another transaction, or the token is gone
        unlocked = set(_tokens(using).filter(pk__in=unlocked).values_list("pk", flat=True))
    return _complete([candidate for candidate in candidates if candidate.id not in unlocked], uses, using=using)


def _tokens(using: str) -> Any:
    return RefreshToken.objects.using(using)


def _complete(candidates: list[Candidate], uses: Iterable[tuple[UUID, datetime]], *, using: str) -> list[Checked]:
    """The candidates with the last use of their tokens and, unless they are over by time, with their users."""
    rotated_at = dict(uses)
    for candidate in candidates:
        candidate.rotated_at = rotated_at.get(candidate.id)
        candidate.over = end_by_time(candidate.expires_at, last_used_at=candidate.last_used_at)
    undecided = [candidate for candidate in candidates if candidate.over is None]
    user_ids = {candidate.user_id for candidate in undecided}
    people = {user.pk: user for user in all_users(using).filter(pk__in=user_ids)}
    manager = get_user_model()._default_manager
    visible: Collection[Any] = people
    if not hides_nobody(manager):
        visible = set(manager.using(using).filter(pk__in=user_ids).values_list("pk", flat=True))
    for candidate in undecided:
        candidate.user = people.get(candidate.user_id) if candidate.actor_id is None else None
        candidate.is_user_visible = candidate.user_id in visible
    acted = [candidate.id for candidate in undecided if candidate.actor_id is not None]
    if not acted:
        return [*candidates]
    rows = all_sessions(using).with_user_visibility().select_related("user", "refresh_token")
    instances = rows.in_bulk(acted)
    return [instances.get(candidate.id, candidate) for candidate in candidates]
