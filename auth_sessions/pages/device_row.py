"""A session as the pages show it, as a device."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from auth_sessions.choices import SessionKind
from auth_sessions.models import Session
from auth_sessions.pages import formatting


@dataclass(frozen=True, kw_only=True)
class DeviceRow:
    """One device on the pages. ``name`` is the person's own name for it, or its ``label``; unknown values are "".

    ``last_used_at`` of the current device is now. ``is_older_login`` marks a login older than the installation, whose
    ``signed_in_at`` is its first request since then. What ``stays_with_current`` is of the same sign-in: in an app, and
    in the browsers to which the app has handed it over. The end of what ``ends_current`` is that of the current device.
    """

    id: uuid.UUID
    name: str
    own_name: str
    label: str
    type: str
    is_app: bool
    is_current: bool
    is_older_login: bool
    is_staff_help: bool
    stays_with_current: bool
    ends_current: bool
    has_dependents: bool
    last_used: str
    last_used_at: datetime
    signed_in_at: datetime
    signed_in_with: str
    address: str
    place: str

    @classmethod
    def of(cls, session: Session, *, current: Session) -> "DeviceRow":
        """The device of a session, which is selected with ``refresh_token``."""
        device, is_current = session.device, session == current
        last_used_at = timezone.now() if is_current else session.last_used_at
        return cls(
            id=session.pk,
            name=str(session),
            own_name=session.name,
            label=device.label,
            type=device.type.value,
            is_app=session.kind == SessionKind.TOKEN,
            is_current=is_current,
            is_older_login=session.authenticated_at is None and not session.is_staff_help,
            is_staff_help=session.is_staff_help,
            stays_with_current=session.sign_in_id == current.sign_in_id,
            ends_current=is_current or session.pk == current.sign_in_id,
            has_dependents=session.has_dependents,
            last_used=formatting.format_last_used(last_used_at),
            last_used_at=last_used_at,
            signed_in_at=session.created_at,
            signed_in_with=formatting.format_methods(session.amr),
            address=session.ip_address or "",
            place=session.place,
        )
