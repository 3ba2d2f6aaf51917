"""What a response does to browser sessions: a login that was dropped ends, and the row follows Django's session."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import moments
from auth_sessions.conf import conf
from auth_sessions.core import django_session_store as store
from auth_sessions.core.browser_dropped import end_dropped, holds_presented
from auth_sessions.core.browser_naming import write_session_id
from auth_sessions.core.browser_rows import has_password_of, read_row
from auth_sessions.core.browser_state import RequestState, get_state
from auth_sessions.core.browser_validation import get_current
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.dependents import earliest
from auth_sessions.core.login_methods import OTP_METHODS, OTPMark
from auth_sessions.core.password_changes import sync_password_fingerprint
from auth_sessions.core.presented import ACTING_KEY, SESSION_ID_KEY, Login
from auth_sessions.core.usage import mark_reauthenticated, touch_actor_session, update_on_commit
from auth_sessions.models import Session

EXPIRY_TOLERANCE = timedelta(minutes=1)
"""A smaller change of the expiry is not written to the row (see :func:`_tolerance`)."""

EXPIRY_KEY = "_auth_sessions_expires"
"""The key, in the data of Django's session, of the Unix time until which it lasts as far as the row knows."""

FIRST_NAMED_KEY = "_auth_sessions_first_named"
"""The key, in the data of a signed cookie, that tells that its row knows of no change yet beside the session id."""


def sync_on_response(request: HttpRequest, *, status_code: int) -> None:
    """After the view: end the row whose login was dropped, and write to the row what has changed in Django's session.

    That is its key, its expiry (such as ``set_expiry()`` for "remember me"), a new password
    (``update_session_auth_hash()``), and a proof of identity by ``django_otp.login()``. The id of a row in an open
    transaction is written to the data unless the request has failed: the transaction may then be rolled back, and the
    row with it.
    """
    state, django_session = get_state(request), request.session
    if state is None:
        return
    state.presented.stop_noting()
    is_answered = status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    has_changed = django_session.modified and not django_session.is_empty()
    if is_answered and has_changed and not state.is_judged and Login.of(django_session).is_unnamed:
        get_current(request)
    session, has_failed = state.session, status_code >= HTTPStatus.BAD_REQUEST
    if session is not None and not has_failed and _is_unwritten(session, django_session):
        write_session_id(request, django_session, session, session.user, is_new=state.is_new)
    if _has_dropped(state, django_session, status_code):
        end_dropped(request)
    if is_answered and django_session.accessed and store.is_signed_cookie(django_session):
        _name_signed_cookie(state, django_session)
    if is_answered and store.is_about_to_be_saved(django_session):
        _follow(state, django_session)
        if state.session is not None and django_session.modified:
            _follow_proof(state.session, state.otp_mark, django_session, has_failed=has_failed)


def get_clear_site_data(request: HttpRequest, *, status_code: int) -> str:
    """The value of ``Clear-Site-Data`` (W3C) if this request has signed this browser out, and nobody in again."""
    state, directives = get_state(request), conf.AUTH_SESSIONS_CLEAR_SITE_DATA
    if not directives or state is None or not state.is_signed_out or status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ""
    if request.session.get(SESSION_KEY) is not None:
        return ""
    return ", ".join(f'"{directive}"' for directive in directives)


def _has_dropped(state: RequestState, django_session: SessionBase, status_code: int) -> bool:
    """Whether the response takes the login from the browser that its cookie named. Loads nothing."""
    presented = state.presented
    if presented.key is None or (presented.login is not None and not presented.login):
        return False
    if django_session.is_empty():  # the response deletes the cookie
        return True
    if not django_session.modified or holds_presented(state, django_session):
        return False
    if status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return True
    # A 5xx does not save what is left; but flush() has deleted the entry at once, unless that was rolled back.
    is_kept = store.is_signed_cookie(django_session) or django_session.session_key == presented.key
    return not is_kept and not store.holds_entry(django_session, presented.key)


def _is_unwritten(session: Session, django_session: SessionBase) -> bool:
    """Whether the data do not name a row because its transaction, such as a ``TestCase``'s, outlives the request."""
    if SESSION_ID_KEY in django_session:
        return False
    connection = transaction.get_connection(write_alias())
    if not connection.in_atomic_block or connection.needs_rollback:
        return False
    return all_sessions().filter(pk=session.pk).exists()


def _name_signed_cookie(state: RequestState, django_session: SessionBase) -> None:
    """Let the response send a signed cookie that names the row, in the place of the one that did not.

    Not if another response has meanwhile sent one with other data: the browser would lose what that request changed. A
    cookie that is sent only for its name says so (``FIRST_NAMED_KEY``), for the next request that changes the data.
    """
    if not (state.is_joined or FIRST_NAMED_KEY in django_session):
        return
    session_id = django_session.get(SESSION_ID_KEY)
    if session_id is None:  # logged out in the same request
        return
    row = all_sessions().filter(pk=session_id)
    if django_session.modified:
        changes = {"django_session_engine": settings.SESSION_ENGINE}
        if update_on_commit(Session(pk=session_id), changes, only_if={}):
            django_session.pop(FIRST_NAMED_KEY, None)
        else:
            django_session[FIRST_NAMED_KEY] = True  # for the next one
    elif state.is_joined and not row.exclude(django_session_engine=None).exists():
        django_session[FIRST_NAMED_KEY] = True


def _follow(state: RequestState, django_session: SessionBase) -> None:
    """Write to the row the key and the expiry of a Django session that is about to be saved."""
    login, session = Login.of(django_session), state.session
    if login.user_key is None:
        return
    ends_at = moments.add(timezone.now(), timedelta(seconds=django_session.get_expiry_age()))
    key = store.entry_key(django_session)
    if session is None:
        has_moved = key is not None and key != state.presented.key
        if login.session_id is None or not (has_moved or _differs(django_session, ends_at)):
            return
        session = read_row(django_session)
    if session is None or not _is_user_of(session, login):
        return
    changes: dict[str, Any] = {}
    expires_at = _get_expiry(session, django_session)
    if session.expires_at is None or abs(expires_at - session.expires_at) > _tolerance(django_session):
        changes["expires_at"] = expires_at
        _follow_acting(session, django_session, expires_at=expires_at)
    if key is not None and key != session.django_session_key:
        changes["django_session_key"] = key
    is_written = not changes or update_on_commit(session, changes, only_if={})
    if is_written and _differs(django_session, ends_at):
        django_session[EXPIRY_KEY] = ends_at.timestamp()


def _get_expiry(session: Session, django_session: SessionBase) -> datetime:
    """When a row expires whose Django session is saved now: no later than the session that it depends on."""
    if session.depends_on_id is None:
        return store.get_expiry(django_session, created_at=session.created_at)
    other = all_sessions().filter(pk=session.depends_on_id).first() or session  # this one has just ended with it
    expires_at = store.get_expiry(django_session, created_at=other.created_at)
    # An actor's own session may itself follow Django's session, which then is the same one.
    return expires_at if session.is_staff_help else earliest(expires_at, other.expires_at) or expires_at


def _follow_acting(session: Session, django_session: SessionBase, *, expires_at: datetime) -> None:
    """The actor's own session expires with Django's session, if it comes back to this browser."""
    acting = django_session.get(ACTING_KEY)
    if acting and acting["session"]:
        touch_actor_session(session, expires_at=expires_at)


def _follow_proof(session: Session, otp_mark: OTPMark, django_session: SessionBase, *, has_failed: bool) -> None:
    """Record a code that the view has accepted, and a new password of the person who is logged in."""
    login = Login.of(django_session)
    if login.user_key is None or not _is_user_of(session, login):
        return
    if not has_failed and otp_mark.is_followed_by(OTPMark.of(django_session)):
        mark_reauthenticated(session, amr=OTP_METHODS)
    if has_password_of(login, session.user):
        sync_password_fingerprint(session)


def _is_user_of(session: Session, login: Login) -> bool:
    try:
        return bool(get_user_model()._meta.pk.to_python(login.user_key) == session.user_id)
    except ValidationError:
        return False


def _differs(django_session: SessionBase, ends_at: datetime) -> bool:
    """Whether Django's session now lasts longer, or shorter, than the row knows."""
    recorded = django_session.get(EXPIRY_KEY)
    difference = abs(ends_at.timestamp() - recorded) if isinstance(recorded, float) else None
    return difference is None or difference > _tolerance(django_session).total_seconds()


def _tolerance(django_session: SessionBase) -> timedelta:
    """A minute, or a twentieth of a shorter life."""
    return min(EXPIRY_TOLERANCE, timedelta(seconds=django_session.get_expiry_age()) / 20)
