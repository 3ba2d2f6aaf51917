"""The receivers that write the history, clear it, and send e-mails about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auth_sessions import signals
from auth_sessions.activity import recording, sweeping
from auth_sessions.activity.choices import ActivityKind
from auth_sessions.activity.emails.receivers import send_emails
from auth_sessions.activity.end_reasons import find_end_reason
from auth_sessions.activity.models import Activity
from auth_sessions.activity.pages import show_recent
from auth_sessions.activity.signals import activity_recorded
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.core.database import write_alias
from auth_sessions.core.end_reasons import finders
from auth_sessions.db.compiled import set_related
from auth_sessions.db.ending import records_ending
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.devices.device import client_address, client_user_agent
from auth_sessions.models import RefreshToken
from auth_sessions.pages.sections import sections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

    from auth_sessions.choices import Scope
    from auth_sessions.db.ended_session import EndedSession
    from auth_sessions.models import Session

REASON_LENGTH = Activity._meta.get_field("reason").max_length

UID = "auth_sessions.activity"


def connect() -> None:
    for signal, receiver in _connections():
        signal.connect(receiver, dispatch_uid=UID)
    finders.register(find_end_reason)
    sections.register(show_recent)


def disconnect() -> None:
    """For tests of a project that does without the history for a while."""
    for signal, _ in _connections():
        signal.disconnect(dispatch_uid=UID)
    finders.unregister(find_end_reason)
    sections.unregister(show_recent)


def _connections() -> list[tuple[Any, Any]]:
    return [
        (signals.session_starting, record_start),
        (records_ending, record_end),
        (signals.session_moved, record_move),
        (signals.session_limit_reached, record_limit),
        (signals.password_changed, record_password_change),
        (signals.expired_cleared, clear_expired),
        (activity_recorded, send_emails),
    ]


def record_start(session: Session, request: HttpRequest | None, using: str, **kwargs: object) -> None:
    """Record a sign-in, and whether its device is a new one. An earlier login that joins the list is none."""
    if session.authenticated_at is None and session.actor_id is None:
        return
    is_new = session.actor_id is None and recording.is_new_device(session, using=using)
    actor_id = session.actor_id or session.user_id
    kinds = [ActivityKind.SIGNED_IN, *([ActivityKind.NEW_DEVICE] if is_new else [])]
    rows = [recording.of_session(session, kind, actor_id=actor_id) for kind in kinds]
    recording.record(rows, request=request, using=using)


def record_end(
    *,
    records: Sequence[EndedSession],
    reason: EndReason,
    scope: Scope | None,
    actor: AbstractBaseUser | None,
    request: HttpRequest | None,
    using: str,
    **kwargs: object,
) -> None:
    """Record the end of sessions: the users of those that end by ``USER_DELETED`` are about to go.

    A reuse is of one token: browsers that the app has handed its sign-in over to end with it, and have none.
    """
    if reason == EndReason.USER_DELETED:
        return
    is_reuse = reason == EndReason.REFRESH_TOKEN_REUSED
    reused = [record.id for record in records if is_reuse and record.kind == SessionKind.TOKEN]
    recording.record_ended(
        [record.id for record in records],
        before=[_reuse(session, request, using=using) for session in recording.read_sessions(reused, using=using)],
        reason=str(reason)[:REASON_LENGTH],  # a project may have a reason of its own
        scope="" if scope is None else str(scope),
        actor_id=None if actor is None else actor.pk,
        request=request,
        using=using,
    )


def _reuse(session: Session, request: HttpRequest | None, *, using: str) -> Activity:
    """Both sides: who held the token, and who has presented it again."""
    # A router may send what the attribute reads elsewhere.
    tokens = lock_by_primary_key(RefreshToken.objects.using(using).filter(pk=session.pk))
    set_related(session, "refresh_token", tokens[0] if tokens else None)
    return recording.of_session(
        session,
        ActivityKind.REFRESH_TOKEN_REUSED,
        last_used_at=session.last_used_at,
        presented_user_agent="" if request is None else client_user_agent(request),
        presented_ip_address=None if request is None else client_address(request),
    )


def record_move(session: Session, request: HttpRequest, **kwargs: object) -> None:
    """Record where a session has moved to: once, although the signal is sent at each refresh from there."""
    using = session._state.db or write_alias()
    user_agent, address = client_user_agent(request), client_address(request)

    def is_told() -> bool:
        return recording.moved_before(session, user_agent, address, using=using)

    if is_told():
        return
    row = recording.of_session(
        session,
        ActivityKind.SESSION_MOVED,
        last_used_at=session.last_used_at,
        presented_user_agent=user_agent,
        presented_ip_address=address,
    )
    recording.record_of_stored_user(row, request=request, using=using, is_told=is_told)


def record_limit(session: Session, request: HttpRequest | None, using: str, **kwargs: object) -> None:
    """Record a sign-in that the limit has refused: there is no session of this key."""
    row = recording.of_session(session, ActivityKind.SESSION_LIMIT_REACHED, actor_id=session.user_id)
    row.session_id = None
    recording.record_of_stored_user(row, request=request, using=using)


def record_password_change(
    user: AbstractBaseUser, session: Session | None, request: HttpRequest | None, using: str, **kwargs: object
) -> None:
    """Record a new password, with the device where it is known: that of the request, or of the session.

    A copy of the user that is saved in another database than that of the sessions is not told: nobody signs in by it.
    """
    if using != write_alias():
        return
    kind = ActivityKind.PASSWORD_CHANGED
    if session is not None and session.user_id == user.pk:
        row = recording.of_session(session, kind, actor_id=session.actor_id or user.pk)
    elif request is not None:
        row = recording.of_user(
            user.pk, kind, user_agent=client_user_agent(request), ip_address=client_address(request)
        )
    else:
        row = recording.of_user(user.pk, kind)
    recording.record([row], request=request, using=using)


def clear_expired(using: str, max_seconds: float | None = None, sleep: float = 0, **kwargs: object) -> None:
    sweeping.clear_expired(using=using, max_seconds=max_seconds, sleep=sleep)
