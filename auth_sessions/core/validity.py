"""Whether a session whose row exists is live."""

from datetime import datetime

from django.utils import timezone

from auth_sessions import exceptions, passwords
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.backends import is_accepted, is_known
from auth_sessions.models import Session

EXCEPTIONS: dict[EndReason, type[exceptions.SessionInvalid]] = {
    EndReason.EXPIRED: exceptions.SessionExpired,
    EndReason.IDLE: exceptions.SessionIdle,
    EndReason.USER_INACTIVE: exceptions.UserInactive,
    EndReason.PASSWORD_CHANGED: exceptions.PasswordChanged,
}
"""The exception that refuses a session, by the reason why it is not live."""


def get_end_reason(
    session: Session, *, last_used_at: datetime, checks_browser_password: bool = False, asks_backend: bool = False
) -> EndReason | None:
    """Why a session whose row exists is not live; None if it is live.

    The password of a browser session is compared only with ``checks_browser_password``: at a request, Django has
    compared its own session hash. The user must be accepted by the backend that let them in, and be visible to the
    default manager, if the session was read ``with_user_visibility()`` (``core.backends.is_accepted``). With
    ``asks_backend`` the backend itself is asked (``core.backends.is_known``).
    """
    now = timezone.now()
    if session.expires_at is not None and session.expires_at <= now:
        return EndReason.EXPIRED
    if conf.AUTH_SESSIONS_IDLE_TIMEOUT is not None and last_used_at + conf.AUTH_SESSIONS_IDLE_TIMEOUT <= now:
        return EndReason.IDLE
    if not _is_let_in(session, asks_backend=asks_backend):
        return EndReason.USER_INACTIVE
    is_checked = checks_browser_password or session.kind != SessionKind.BROWSER
    if is_checked and not passwords.matches(session.password_fingerprint, session.user):
        return EndReason.PASSWORD_CHANGED
    return None


def _is_let_in(session: Session, *, asks_backend: bool) -> bool:
    if asks_backend:
        return is_known(session.user, session.auth_backend)
    is_visible = getattr(session, "is_user_visible", True)
    return is_accepted(session.user, session.auth_backend, is_visible=is_visible)


def may_end(session: Session, reason: EndReason) -> bool:
    """Whether a session that is not live may end for this reason, and is not only refused.

    Another ``SECRET_KEY`` cannot tell whether the password has changed: a process that lacks the key ends nobody.
    """
    return reason != EndReason.PASSWORD_CHANGED or passwords.has_known_key(session.password_fingerprint)


def is_recent(session: Session) -> bool:
    """Whether the last proof of identity is younger than ``AUTH_SESSIONS_REAUTHENTICATION_AGE``."""
    age = conf.AUTH_SESSIONS_REAUTHENTICATION_AGE
    authenticated_at = session.authenticated_at
    return age is None or (authenticated_at is not None and timezone.now() - authenticated_at < age)
