"""Whether a session whose row exists is live."""

from datetime import datetime
from typing import cast

from auth_sessions import exceptions, passwords
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.backends import is_accepted, is_known, is_visible
from auth_sessions.core.candidates import Checked
from auth_sessions.core.database import all_sessions, all_users, write_alias
from auth_sessions.core.lifetimes import end_by_time
from auth_sessions.db.compiled import set_related
from auth_sessions.models import Session

EXCEPTIONS: dict[EndReason, type[exceptions.SessionInvalid]] = {
    EndReason.EXPIRED: exceptions.SessionExpired,
    EndReason.IDLE: exceptions.SessionIdle,
    EndReason.USER_INACTIVE: exceptions.UserInactive,
    EndReason.PASSWORD_CHANGED: exceptions.PasswordChanged,
    EndReason.SIGNED_OUT: exceptions.SessionNotFound,
}
"""The exception that refuses a session, by the reason why it is not live."""


def get_end_reason(
    session: Checked, *, last_used_at: datetime, checks_browser_password: bool = False, asks_backend: bool = False
) -> EndReason | None:
    """Why a session whose row exists is not live; None if it is live.

    The password of a browser session is compared only with ``checks_browser_password``: at a request, Django has
    compared its own session hash. That of a kind which ``AUTH_SESSIONS_PASSWORD_CHANGE_ENDS`` does not name is not
    compared at all. The user must be accepted by the backend that let them in, and be visible to the
    default manager, if the session was read ``with_user_visibility()`` (``core.backends.is_accepted``). With
    ``asks_backend`` the backend itself is asked (``core.backends.is_known``).

    A session in which somebody acts in another person's name is live as long as the actor's own session is, in one
    SELECT more; otherwise the actor has been signed out. The default manager is asked for the actor in any case, and
    the backend as for the user.
    """
    if reason := end_by_time(session.expires_at, last_used_at=last_used_at):
        return reason
    if not _is_let_in(session, asks_backend=asks_backend):
        return EndReason.USER_INACTIVE
    is_bound = session.kind in conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS
    is_checked = is_bound and (checks_browser_password or session.kind != SessionKind.BROWSER)
    if is_checked and not passwords.matches(session.password_fingerprint, session.user):
        return EndReason.PASSWORD_CHANGED
    if session.actor_id is None or _is_actor_signed_in(cast("Session", session), asks_backend=asks_backend):
        return None
    return EndReason.SIGNED_OUT


def _is_actor_signed_in(session: Session, *, asks_backend: bool) -> bool:
    """Whether the actor's own session is live. Where none is named, whether the actor may be signed in."""
    using = session._state.db or write_alias()
    if session.depends_on_id is None:
        actor = all_users(using).filter(pk=session.actor_id).first()
        set_related(session, "actor", actor)
        if actor is None or asks_backend:
            return actor is not None and is_known(actor, "")
        return is_accepted(actor, "", is_visible=is_visible(actor, using=using))
    rows = all_sessions(using).with_user_visibility().select_related("user", "refresh_token")
    own = rows.filter(pk=session.depends_on_id).first()
    set_related(session, "depends_on", own)
    if own is not None and own.user_id == session.actor_id:
        set_related(session, "actor", own.user)
    return own is not None and not get_end_reason(
        own, last_used_at=own.last_used_at, checks_browser_password=True, asks_backend=asks_backend
    )


def _is_let_in(session: Checked, *, asks_backend: bool) -> bool:
    if asks_backend:
        return is_known(session.user, session.auth_backend)
    is_user_visible = getattr(session, "is_user_visible", True)
    return is_accepted(session.user, session.auth_backend, is_visible=is_user_visible)


def may_end(session: Checked, reason: EndReason) -> bool:
    """Whether a session that is not live may end for this reason, and is not only refused.

    Another ``SECRET_KEY`` cannot tell whether the password has changed: a process that lacks the key ends nobody.
    """
    return reason != EndReason.PASSWORD_CHANGED or passwords.has_known_key(session.password_fingerprint)
