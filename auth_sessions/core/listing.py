"""The list of a person's live sessions, as plain values: that takes a fraction of the time of instances."""

import uuid
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser

from auth_sessions import moments
from auth_sessions.core.statements.reading import select_live
from auth_sessions.devices.device import Device, describe
from auth_sessions.models import Session


class ListedSession(NamedTuple):
    """What a list shows of a session, with the names and the rules of :class:`~auth_sessions.models.Session`."""

    pk: uuid.UUID
    kind: str
    name: str
    actor_id: Any
    user_agent: str
    ip_address: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime | None
    rotated_at: datetime | None

    @property
    def is_staff_help(self) -> bool:
        return self.actor_id is not None

    @property
    def device(self) -> Device:
        return describe(self.user_agent)

    @property
    def last_used_at(self) -> datetime:
        return self.last_seen_at if self.rotated_at is None else moments.latest(self.last_seen_at, self.rotated_at)


COLUMNS = (
    "id",
    "kind",
    "name",
    "actor_id",
    "user_agent",
    "ip_address",
    "created_at",
    "last_seen_at",
    "expires_at",
    "refresh_token__rotated_at",
)


def list_live(user: AbstractBaseUser, *, current: Session | None) -> list[ListedSession]:
    """The sessions of ``live(user=user).current_first(current)``."""
    listed = [ListedSession(*row) for row in select_live(user, *COLUMNS)]
    return sorted(listed, key=lambda session: current is None or session.pk != current.pk)
