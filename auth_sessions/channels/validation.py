"""Whether the session of an open socket is live."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from auth_sessions import exceptions, moments
from auth_sessions.choices import SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.statements.reading import select_session
from auth_sessions.core.usage import touch
from auth_sessions.core.validity import EXCEPTIONS, get_end_reason
from auth_sessions.models import Session


@dataclass(frozen=True, kw_only=True)
class Validity:
    """``error``: why the session is not live, or None; ``until``: when it is to be validated again, at the latest."""

    error: exceptions.AuthSessionsError | None = None
    until: datetime | None = None


def validate_session(session: Session, *, used_at: datetime | None) -> Validity:
    """Read the session again, in one SELECT, and validate it, with the password also for a browser session.

    ``used_at`` is when the client last sent a message. It counts as use: ``last_seen_at`` is written as at a request.
    """
    related = ("user", "refresh_token") if session.kind == SessionKind.TOKEN else ("user",)
    row = select_session(session.pk, *related, with_user_visibility=True)
    if row is None:
        return Validity(error=exceptions.SessionNotFound())
    last_used_at = moments.latest(row.last_used_at, used_at or row.last_used_at)
    if reason := get_end_reason(row, last_used_at=last_used_at, checks_browser_password=True):
        return Validity(error=EXCEPTIONS[reason](row))
    if used_at is not None and used_at > row.last_seen_at:
        touch(row)
    ends = [moments.add(timezone.now(), conf.AUTH_SESSIONS_CACHE_TTL)]
    if row.expires_at is not None:
        ends.append(row.expires_at)
    if conf.AUTH_SESSIONS_IDLE_TIMEOUT is not None:
        ends.append(moments.add_to_past(last_used_at, conf.AUTH_SESSIONS_IDLE_TIMEOUT))
    return Validity(until=min(ends))
