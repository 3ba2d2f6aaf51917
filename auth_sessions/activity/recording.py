"""Writes the rows of the history, in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, overload

from django.db import transaction
from django.db.models import Exists, QuerySet
from django.utils import timezone

from auth_sessions.activity.addresses import shortened
from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.models import Activity
from auth_sessions.activity.signals import activity_recorded
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, all_users
from auth_sessions.core.event_loops import Origin
from auth_sessions.core.session_cache import get_database_id
from auth_sessions.db.batches import batches
from auth_sessions.db.bulk import can_insert_selected, insert_rows, insert_selected
from auth_sessions.db.locking import lock_by_primary_key, lock_by_update
from auth_sessions.db.transactions import in_transaction
from auth_sessions.db.uuid7 import uuid7s
from auth_sessions.devices.device import describe
from auth_sessions.models import Session

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

DEVICE_KEY_LENGTH = 100

COMPARED = 500
"""With how many sessions of a person, or moves of a session, a device is compared at most."""

COPIED = {
    "user": "user",
    "session_id": "id",
    "depends_on_id": "depends_on",
    "name": "name",
    "user_agent": "user_agent",
    "ip_address": "ip_address",
}
"""The columns of a row that are those of its session."""


class Activities(Sequence[Activity]):
    """Rows that were written: either ``rows``, or those with ``keys``, which are read when they are first asked for.

    Of these, rows that have been deleted meanwhile are missing. A receiver on an event loop may read them, too.
    """

    def __init__(self, rows: Sequence[Activity], keys: list[UUID], *, using: str) -> None:
        self._rows, self._keys = rows, keys
        self._origin = Origin(using, get_database_id=partial(get_database_id, using)) if keys else None

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, index: int) -> Activity: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Activity]: ...
    def __getitem__(self, index: int | slice) -> Activity | Sequence[Activity]:
        return self._all()[index]

    def _all(self) -> Sequence[Activity]:
        if self._origin is not None:
            self._rows, self._origin = self._origin.call(partial(self._read, self._origin.using)), None
        return self._rows

    def _read(self, using: str) -> list[Activity]:
        rows = Activity.objects.using(using).order_by("pk")
        return [row for batch in batches(self._keys) for row in rows.filter(pk__in=batch)]


def record(rows: list[Activity], *, request: HttpRequest | None, using: str) -> None:
    """Write rows, in one statement unless the database takes no more parameters. Call it in the transaction.

    ``activity_recorded`` is sent on commit.
    """
    insert_rows(rows, using=using)
    _send_on_commit(Activities(rows, [], using=using), {row.kind for row in rows}, request=request, using=using)


def record_of_stored_user(
    row: Activity, *, request: HttpRequest | None, using: str, is_told: Callable[[], bool] = lambda: False
) -> None:
    """Write a row about what locks no row of the person, unless they are deleted meanwhile, or it ``is_told`` already.

    That is asked while the user is locked: of many requests at once, one tells.
    """

    def write() -> None:
        if lock_by_update(all_users(using).filter(pk=row.user_id)) and not is_told():
            record([row], request=request, using=using)

    in_transaction(write, using=using)


def record_ended(
    keys: list[UUID], *, before: Sequence[Activity] = (), request: HttpRequest | None, using: str, **fields: Any
) -> None:
    """Write one row for each session that ends, whose rows are still there, after the rows ``before``.

    The database copies what is known of the sessions: to read them, and to build and send the rows, takes as long as it
    takes to end the sessions. ``keys`` are those of the sessions. Call it in the transaction; ``activity_recorded`` is
    sent on commit.
    """
    fields = {"kind": ActivityKind.SIGNED_OUT.value, "created_at": timezone.now(), **fields}
    if before or not can_insert_selected(using) or conf.AUTH_SESSIONS_IP_RETENTION_DAYS == 0:
        rows = [*before, *(_of_session(session, **fields) for session in read_sessions(keys, using=using))]
        insert_rows(rows, using=using)
        written = Activities(rows, [], using=using)
    else:
        defaults = {"device_key": "", "presented_user_agent": "", "presented_ip_address": None, "last_used_at": None}
        ids = uuid7s(len(keys))
        insert_selected(
            Activity,
            Session,
            keys=dict(zip(ids, keys, strict=True)),
            copied=COPIED,
            exists={"has_full_address": "ip_address"},
            constant={**defaults, **fields},
            using=using,
        )
        written = Activities((), ids, using=using)
    _send_on_commit(written, {*(row.kind for row in before), fields["kind"]}, request=request, using=using)


def read_sessions(keys: list[UUID], *, using: str) -> list[Session]:
    """Sessions that the transaction has locked, in key order: as they are now, also where its snapshot is older."""
    rows = all_sessions(using)
    return [row for batch in batches(keys) for row in lock_by_primary_key(rows.filter(pk__in=batch))]


def _send_on_commit(activities: Activities, kinds: set[str], *, request: HttpRequest | None, using: str) -> None:
    def send() -> None:
        if activity_recorded.has_listeners(Activity):
            activity_recorded.send_robust(
                sender=Activity, activities=activities, kinds=frozenset(kinds), request=request, using=using
            )

    transaction.on_commit(send, using=using)


def of_session(session: Session, kind: ActivityKind, **fields: Any) -> Activity:
    """A row about a session, with its device and address. It is not written yet."""
    return _of_session(session, kind=kind.value, **fields)


def _of_session(session: Session, **fields: Any) -> Activity:
    return _row(
        user_id=session.user_id,
        session_id=session.pk,
        depends_on_id=session.depends_on_id,
        name=session.name,
        user_agent=session.user_agent,
        ip_address=session.ip_address,
        **fields,
    )


def of_user(user_id: Any, kind: ActivityKind, **fields: Any) -> Activity:
    """A row about a person, and no session. It is not written yet."""
    return _row(user_id=user_id, kind=kind.value, **fields)


def _row(
    *,
    kind: str,
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
        device_key=device_key(user_agent) if kind == ActivityKind.SIGNED_IN else "",
        has_full_address=has_address,
        **fields,
    )


def device_key(user_agent: str) -> str:
    """What is compared of a device: browser, system and type, never versions."""
    device = describe(user_agent)
    return f"{device.browser}|{device.os}|{device.type.value}"[:DEVICE_KEY_LENGTH]


def is_new_device(session: Session, *, using: str) -> bool:
    """Whether a person signs in on a device that neither their other sessions nor their earlier sign-ins know.

    Never at the first sign-in of a person, nor in a browser of the device whose app has handed its sign-in over. Costs
    one SELECT; the row of the session has been inserted.
    """
    if session.depends_on is not None and _is_browser_of(session.depends_on, session):
        return False
    own = {"user_id": session.user_id, "actor_id": session.user_id}  # not those of staff in the person's name
    sign_ins = Activity.objects.using(using).filter(kind=ActivityKind.SIGNED_IN, **own)
    key = device_key(session.user_agent)
    rows: QuerySet[Any] = all_sessions(using).filter(user_id=session.user_id, actor=None).order_by("pk")
    rows = rows.annotate(has_history=Exists(sign_ins), is_known=Exists(sign_ins.filter(device_key=key)))
    found = list(rows.values_list("pk", "user_agent", "has_history", "is_known")[:COMPARED])
    others = {user_agent for pk, user_agent, *_ in found if pk != session.pk}
    has_history, is_known = found[0][2:] if found else (False, False)
    if is_known or not (others or has_history):
        return False
    return key not in {device_key(user_agent) for user_agent in others}


def _is_browser_of(app: Session, browser: Session) -> bool:
    """Whether a browser seems to be on the device of an app: by the system, or for an app that does not tell it by the
    network. Where neither is known, it is not.
    """
    if system := describe(app.user_agent).os:
        return system == describe(browser.user_agent).os
    return browser.ip_address is not None and shortened(browser.ip_address) == shortened(app.ip_address)


def forget_device(activity: Activity, *, using: str) -> None:
    """Let no sign-in of a person make a device known any more: the other device of a copy or a move, else the event's.

    Whoever signs in next on a device like it is announced as new.
    """
    key = device_key(activity.user_agent if activity.presented_device is None else activity.presented_user_agent)
    sign_ins = Activity.objects.using(using).filter(user_id=activity.user_id, kind=ActivityKind.SIGNED_IN)
    sign_ins.filter(device_key=key).update(device_key="")


def moved_before(session: Session, user_agent: str, ip_address: str | None, *, using: str) -> bool:
    """Whether the history already tells that a session has moved to this device; of many moves, one of the latest."""
    rows = Activity.objects.using(using).filter(session_id=session.pk, kind=ActivityKind.SESSION_MOVED)
    moves = rows.order_by("-pk").values_list("presented_user_agent", "presented_ip_address")[:COMPARED]
    device, key = describe(user_agent), device_key(user_agent)
    is_named = bool(device.browser or device.os)
    return any(
        key == device_key(earlier) and (is_named or shortened(address) == shortened(ip_address))
        for earlier, address in moves
    )
