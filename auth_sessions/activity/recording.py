"""Writes the rows of the history, in the transaction of what they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists

from auth_sessions.activity.addresses import shortened
from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.models import Activity
from auth_sessions.activity.signals import activity_recorded
from auth_sessions.choices import EndReason
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions
from auth_sessions.db.bulk import insert_rows
from auth_sessions.devices.device import Device, describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from auth_sessions.models import Session

DEVICE_KEY_LENGTH = 100

COMPARED = 500
"""With how many sessions of a person the device of a sign-in is compared at most, besides the history."""


def record(rows: list[Activity], *, request: HttpRequest | None, using: str) -> None:
    """Write rows, in one statement unless the database takes no more parameters. Call it in the transaction.

    ``activity_recorded`` is sent on commit.
    """
    if not rows:
        return
    insert_rows(rows, using=using)

    def send() -> None:
        if activity_recorded.has_listeners(Activity):
            activity_recorded.send_robust(sender=Activity, activities=rows, request=request, using=using)

    transaction.on_commit(send, using=using)


def of_session(session: Session, kind: ActivityKind, **fields: Any) -> Activity:
    """A row about a session, with its device and address. It is not written yet."""
    return _row(
        kind,
        user_id=session.user_id,
        session_id=session.pk,
        name=session.name,
        user_agent=session.user_agent,
        ip_address=session.ip_address,
        **fields,
    )


def of_user(user_id: Any, kind: ActivityKind, **fields: Any) -> Activity:
    """A row about a person, and no session. It is not written yet."""
    return _row(kind, user_id=user_id, **fields)


def _row(
    kind: ActivityKind,
    *,
    user_agent: str = "",
    ip_address: str | None = None,
    presented_ip_address: str | None = None,
    **fields: Any,
) -> Activity:
    has_address = ip_address is not None or presented_ip_address is not None
    if has_address and conf.AUTH_SESSIONS_IP_RETENTION_DAYS == 0:
        has_address = False
        ip_address, presented_ip_address = shortened(ip_address), shortened(presented_ip_address)
    return Activity(
        kind=kind,
        user_agent=user_agent,
        ip_address=ip_address,
        presented_ip_address=presented_ip_address,
        device_key=device_key(user_agent),
        has_full_address=has_address,
        **fields,
    )


def device_key(user_agent: str) -> str:
    """What is compared of a device: browser, system and type, never versions."""
    return _key_of(describe(user_agent))


def _key_of(device: Device) -> str:
    return f"{device.browser}|{device.os}|{device.type.value}"[:DEVICE_KEY_LENGTH]


def is_new_device(session: Session, *, using: str) -> bool:
    """Whether a person signs in on a device that neither their other sessions nor their history know.

    Never at the first sign-in of a person. Costs one SELECT; the row of the session has been inserted.
    """
    history = Activity.objects.using(using).filter(user_id=session.user_id, kind=ActivityKind.SIGNED_IN)
    key = device_key(session.user_agent)
    known = history.filter(device_key=key)
    rows = all_sessions(using).filter(user_id=session.user_id, actor=None).order_by("pk")
    rows = rows.annotate(has_history=Exists(history), is_known=Exists(known))
    found = list(rows.values_list("pk", "user_agent", "has_history", "is_known")[:COMPARED])
    others = [user_agent for pk, user_agent, *_ in found if pk != session.pk]
    if not found or not (others or found[0][2]) or found[0][3]:
        return False
    return key not in {device_key(user_agent) for user_agent in set(others)}


def moved_before(session: Session, user_agent: str, ip_address: str | None, *, using: str) -> bool:
    """Whether the history already tells that a session has moved to this device, as the last of its moves."""
    rows = Activity.objects.using(using).filter(session_id=session.pk, kind=ActivityKind.SESSION_MOVED)
    last = rows.order_by("-pk").only("presented_user_agent", "presented_ip_address").first()
    if last is None:
        return False
    device = describe(user_agent)
    if _key_of(device) != device_key(last.presented_user_agent):
        return False
    is_named = bool(device.browser or device.os)
    return is_named or shortened(last.presented_ip_address) == shortened(ip_address)


def ended_rows(sessions: Iterable[Session], *, reason: EndReason, **fields: Any) -> list[Activity]:
    """One row for each session that ends. They are not written yet."""
    return [of_session(session, ActivityKind.SIGNED_OUT, reason=reason.value, **fields) for session in sessions]
