"""Whether a session is alive, and what is noted of its use."""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from auth_sessions import exceptions, passwords
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.rows import all_sessions, database, row_of
from auth_sessions.devices import names
from auth_sessions.models import Session
from auth_sessions.querysets import lock

REFUSALS: dict[EndReason, type[exceptions.SessionOver]] = {
    EndReason.EXPIRED: exceptions.SessionExpired,
    EndReason.IDLE: exceptions.SessionIdle,
    EndReason.USER_INACTIVE: exceptions.UserInactive,
    EndReason.PASSWORD_CHANGED: exceptions.PasswordChanged,
}


def over(session: Session, *, last_used_at: datetime, django_judges: bool = True) -> EndReason | None:
    """Why a session whose row is still there counts for nothing any more, or None while it is alive.

    Where ``django_judges`` the password of browser sessions, by its own session hash, they are exempt from it here.
    """
    now = timezone.now()
    if session.expires_at is not None and session.expires_at <= now:
        return EndReason.EXPIRED
    if conf.IDLE_TIMEOUT is not None and last_used_at + conf.IDLE_TIMEOUT <= now:
        return EndReason.IDLE
    if not session.user.is_active:
        return EndReason.USER_INACTIVE
    is_exempt = django_judges and session.kind == SessionKind.BROWSER
    if not is_exempt and not passwords.matches(session.password_fingerprint, session.user):
        return EndReason.PASSWORD_CHANGED
    return None


def touch(session: Session, *, generation: int = 0, rotated_at: datetime | None = None) -> None:
    """Note that a session was seen in use; ``generation`` and ``rotated_at`` are those of the access token it showed.

    Moves ``last_seen_at`` at most once per ``AUTH_SESSIONS_TOUCH_INTERVAL``, and ``confirmed`` once per rotation when
    the use comes later than ``AUTH_SESSIONS_REUSE_INTERVAL`` after it. One guarded UPDATE, run on commit, so that no
    session row stays locked while a view works; its failure is logged, not raised.
    """
    now = timezone.now()
    seen_before = now - conf.TOUCH_INTERVAL
    changes: dict[str, Any] = {"last_seen_at": now}
    if generation > session.confirmed and rotated_at is not None and now - rotated_at > conf.REUSE_INTERVAL:
        changes["confirmed"] = session.confirmed = generation
        guard: dict[str, Any] = {"confirmed__lt": generation}
    elif session.last_seen_at <= seen_before:
        guard = {"last_seen_at__lte": seen_before}
    else:
        return
    session.last_seen_at = now
    note(session, changes, guard)


def quiet_until(session: Session, *, generation: int, rotated_at: datetime) -> datetime:
    """Until when a use of a live session is nothing to be noted by :func:`touch`, nor refused for its time.

    ``AUTH_SESSIONS_IDLE_TIMEOUT`` is longer than the interval of the notes.
    """
    ends = [session.last_seen_at + conf.TOUCH_INTERVAL]
    if session.expires_at is not None:
        ends.append(session.expires_at)
    if generation > session.confirmed:
        ends.append(rotated_at + conf.REUSE_INTERVAL)
    return min(ends)


def touch_browser(session: Session, *, expires_at: datetime, browser_key: str | None) -> None:
    """Note that a browser session was seen in use, as :func:`touch` does; its end moves with Django's own.

    A new key of Django's session, and a new password that Django accepts, are followed at once.
    """
    now = timezone.now()
    seen_before = now - conf.TOUCH_INTERVAL
    if session.browser_key != browser_key or session.last_seen_at <= seen_before:
        changes = {"last_seen_at": now, "expires_at": expires_at, "browser_key": browser_key}
        note(session, changes, {"browser_key": session.browser_key, "last_seen_at": session.last_seen_at})
        session.expires_at = expires_at
    follow_password(session)


def move_end(session: Session, expires_at: datetime) -> None:
    """Note that Django's own expiry of a browser session was changed."""
    note(session, {"expires_at": expires_at}, {})


def note(session: Session, changes: dict[str, Any], guard: dict[str, Any]) -> None:
    """Write to the row on commit, if it still is as ``guard`` says.

    Within a transaction it would stay locked, out of the order in which whoever ends sessions locks them.
    """
    using = database()
    row = all_sessions(using).filter(pk=session.pk, **guard)
    transaction.on_commit(lambda: row.update(**changes), using=using, robust=True)


def stamp_with_todays_key(session: Session) -> None:
    """After a change of ``SECRET_KEY``: the session outlives the old key's place in ``SECRET_KEY_FALLBACKS``."""
    stamp = passwords.fingerprint(session.user.password)
    if session.password_fingerprint != stamp:
        note(session, {"password_fingerprint": stamp}, {"password_fingerprint": session.password_fingerprint})
        session.password_fingerprint = stamp


def follow_password(session: Session) -> None:
    """Stamp a browser session, which Django let through, with the user's password of today.

    Where that is another password than before (``update_session_auth_hash()``), the person's other browsers, which
    Django refuses, end.
    """
    if passwords.matches(session.password_fingerprint, session.user):
        stamp_with_todays_key(session)
        return
    using = database()
    with transaction.atomic(using=using):
        if all(stored.password != session.user.password for stored in lock(row_of(session.user))):
            return  # the user was read before somebody changed the password
        browsers = all_sessions(using).filter(user_id=session.user_id, kind=SessionKind.BROWSER)
        lock(browsers)
        session.password_fingerprint = passwords.fingerprint(session.user.password)
        browsers.filter(pk=session.pk).update(password_fingerprint=session.password_fingerprint)
        outdated = browsers.exclude(password_fingerprint__in=passwords.fingerprints(session.user.password))
        outdated.end(reason=EndReason.PASSWORD_CHANGED, actor=session.user)


def prove_again(session: Session, user: AbstractBaseUser) -> bool:
    """Note that a person proved their identity again in the session they had; False if it has ended."""
    using = database()
    with transaction.atomic(using=using):
        if session not in lock(all_sessions(using).filter(user_id=session.user_id)):
            return False
        session.authenticated_at, session.password_fingerprint = timezone.now(), passwords.fingerprint(user.password)
        all_sessions(using).filter(pk=session.pk).update(
            authenticated_at=session.authenticated_at, password_fingerprint=session.password_fingerprint
        )
    return True


def rename(session: Session, name: str) -> bool:
    """Give a session the person's own label, at most 100 characters; False if it has just ended."""
    session.name = names.clean(name)
    return bool(all_sessions().filter(pk=session.pk).update(name=session.name))
