"""Browser sessions: the row that belongs to a session of Django's.

The data of Django's session holds the session id (``SESSION_ID_KEY``); the row holds the key of the store entry. The id
in the data decides: if its row does not exist, the browser is signed out, even if the store entry still exists. The key
in the row only serves to delete the store entry as well.
"""

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from auth_sessions import exceptions
from auth_sessions.choices import SessionKind
from auth_sessions.core.creation import create_browser_session
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.django_session_store import entry_key, get_expiry, get_lifetime
from auth_sessions.core.login_methods import OTP_METHODS, OTPMark, methods_of_login
from auth_sessions.core.password_changes import sync_password_fingerprint
from auth_sessions.core.statements import select_session
from auth_sessions.core.usage import mark_reauthenticated, touch_browser, update_on_commit
from auth_sessions.core.validity import get_end_reason
from auth_sessions.db.compiled import set_related
from auth_sessions.masking import conceal
from auth_sessions.models import Session

EXPIRY_TOLERANCE = timedelta(minutes=1)
"""A smaller change of the expiry is not written to the row."""

SESSION_ID_KEY = "_auth_sessions_id"
"""The key of the session id in the data of Django's session."""

STATE_ATTRIBUTE = "_auth_sessions_state"
"""The attribute with the :class:`RequestState` of a request that passed the middleware."""


@dataclass
class RequestState:
    """The browser session of one request: None until ``request.user`` is evaluated or a user logs in."""

    session: Session | None = None
    otp_mark: OTPMark = field(default_factory=OTPMark)
    """By which device of django-otp the person had proved who they are before the view."""


def get_state(request: HttpRequest | Any) -> RequestState | None:
    """The state of a request of Django's or DRF's; None if it did not pass the middleware."""
    return getattr(request, STATE_ATTRIBUTE, None)


def set_current(request: HttpRequest, session: Session | None) -> None:
    """Set the browser session of a request, if it passed the middleware."""
    if (state := get_state(request)) is not None:
        state.session = session
        if session is not None:
            state.otp_mark = OTPMark.of(request.session)


def get_current(request: HttpRequest) -> Session | None:
    """The live browser session of a request; None without the middleware, or without a login of ``request.user``."""
    state = get_state(request)
    if state is None or not request.user.is_authenticated or state.session is None:
        return None
    return state.session if state.session.user_id == request.user.pk else None


def current_row(request: HttpRequest) -> Session | None:
    """The row whose id Django's session holds, or will hold once this request's transaction is committed."""
    session = read_row(request.session)
    if session is None and (state := get_state(request)) is not None:
        session = state.session
    return session


def read_row(django_session: SessionBase) -> Session | None:
    """The row whose id the data of Django's session holds; None if there is none."""
    return None if django_session.is_empty() else _select_browser_session(django_session.get(SESSION_ID_KEY))


def _select_browser_session(session_id: Any) -> Session | None:
    try:
        key = uuid.UUID(session_id)
    except (TypeError, ValueError, AttributeError):
        return None
    session = select_session(key)
    return session if session is not None and session.kind == SessionKind.BROWSER else None


def is_logged_in_as(django_session: SessionBase, user: Any) -> bool:
    """Whether Django's session is logged in as this user."""
    return (
        isinstance(user, AbstractBaseUser)  # a middleware may have set an object of another type
        and not django_session.is_empty()
        and django_session.get(SESSION_KEY) == user._meta.pk.value_to_string(user)
    )


def has_stale_cookie(request: HttpRequest) -> bool:
    """Whether a request has the cookie of Django's session although no user is signed in, or not any more."""
    return (
        get_state(request) is not None
        and settings.SESSION_COOKIE_NAME in request.COOKIES
        and not request.user.is_authenticated
    )


def on_login(request: HttpRequest, user: AbstractBaseUser) -> None:
    """After Django's ``login()``: create the row, or keep it if the same user has logged in again."""
    if not is_logged_in_as(request.session, user):
        return
    session = current_row(request)
    if session is not None and session.user_id == user.pk:
        set_related(session, "user", user)
        reason = get_end_reason(session, last_used_at=session.last_seen_at)
        if reason is None and mark_reauthenticated(session, user, amr=methods_of_login(request, user)):
            _write_session_id_on_commit(request, session, user)
            return
        # The data is kept, but under a new key and without the id of the session that ends.
        request.session.pop(SESSION_ID_KEY, None)
        request.session.cycle_key()
        if reason is not None:
            all_sessions().filter(pk=session.pk).end(reason=reason, actor=user)
    create_for_login(request, user)


def create_for_login(request: HttpRequest, user: AbstractBaseUser, *, is_new: bool = True) -> bool:
    """Create the row of a Django login whose data holds no session id.

    Unless the login ``is_new``, it is older than the installation, and the time of its authentication is not known. A
    signed cookie is then identified by its digest until its data holds the session id, so that all tabs of the browser
    share one row. Returns False for a user who is inactive or has just been deleted.
    """
    django_session = request.session
    cookie = None if is_new else conceal(django_session.session_key)
    if not django_session.session_key:
        django_session.cycle_key()
    django_session_key = entry_key(django_session) or (hashlib.sha256(cookie.encode()).hexdigest() if cookie else None)
    try:
        session = create_browser_session(
            user,
            request=request,
            lifetime=get_lifetime(django_session),
            django_session_key=django_session_key,
            is_authenticated_now=is_new,
            amr=methods_of_login(request, user),
        )
    except exceptions.SessionInvalid:
        return False
    if session is None:  # another request of this browser has created it
        session = all_sessions().filter(django_session_key=django_session_key, user_id=user.pk).first()
    if session is None:
        return False
    _write_session_id_on_commit(request, session, user)
    return True


def _write_session_id_on_commit(request: HttpRequest, session: Session, user: AbstractBaseUser) -> None:
    """Make it the session of this request, and write its id to the data on commit: the row may be rolled back."""
    set_current(request, session)
    transaction.on_commit(partial(_write_session_id, request, session, user), using=write_alias())


def _write_session_id(request: HttpRequest, session: Session, user: AbstractBaseUser) -> None:
    """Write the session id to the data of Django's session, unless the user has logged out meanwhile."""
    state = get_state(request)
    is_current = state is None or state.session is session
    if is_current and is_logged_in_as(request.session, user):
        request.session[SESSION_ID_KEY] = str(session.pk)


def validate(request: HttpRequest, user: AbstractBaseUser) -> bool:
    """Whether the session of a user whom Django has authenticated is live, in one SELECT. Records that it was used.

    If a middleware has set another user than the session's own (impersonation), the session's own is validated.
    Returns True for a user who was authenticated by something other than Django's session.
    """
    django_session = request.session
    is_owner = is_logged_in_as(django_session, user)
    if not is_owner and django_session.get(SESSION_KEY) is None:
        return True
    if SESSION_ID_KEY not in django_session:
        return not is_owner or create_for_login(request, user, is_new=False)
    session = read_row(django_session)
    if session is None:
        return False
    if is_owner and session.user_id == user.pk:
        set_related(session, "user", user)
    if not is_logged_in_as(django_session, session.user) or get_end_reason(session, last_used_at=session.last_seen_at):
        return False
    if not is_owner and not _has_password_of(django_session, session.user):
        _end_if_invalid(session)
        return False
    set_current(request, session)
    expires_at = get_expiry(django_session, created_at=session.created_at)
    touch_browser(
        session,
        expires_at=expires_at,
        django_session_key=entry_key(django_session) or conceal(session.django_session_key),
    )
    sync_password_fingerprint(session)
    return True


def _has_password_of(django_session: SessionBase, user: AbstractBaseUser) -> bool:
    """Whether the data holds Django's session hash of the user's password.

    Django compares that hash itself, but only when it loads the user.
    """
    session_hash = django_session.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(session_hash, each) for each in hashes)


def end_if_invalid(session_id: str) -> None:
    """End the row of a login that Django has just refused, for example for another password. A live row is kept."""
    if session := _select_browser_session(session_id):
        _end_if_invalid(session)


def _end_if_invalid(session: Session) -> None:
    reason = get_end_reason(session, last_used_at=session.last_seen_at, checks_browser_password=True)
    if reason is not None:  # otherwise Django has refused an old copy of the cookie
        all_sessions().filter(pk=session.pk).end(reason=reason)


def sync_on_response(request: HttpRequest, *, has_failed: bool) -> None:
    """After the view: write to the row what the view changed in Django's session.

    This is its expiry (such as ``set_expiry()`` for "remember me"), a new password (``update_session_auth_hash()``),
    and a proof of identity by ``django_otp.login()``. The id of a row in an open transaction is written to the data
    unless the request ``has_failed``: the transaction may then be rolled back, and the row with it.
    """
    state, django_session = get_state(request), request.session
    if state is None or state.session is None or django_session.is_empty():
        return
    session = state.session
    if SESSION_ID_KEY not in django_session and not has_failed and _is_in_open_transaction(session):
        _write_session_id(request, session, session.user)
    if not django_session.modified:
        return
    if not has_failed and state.otp_mark.is_followed_by(OTPMark.of(django_session)):
        mark_reauthenticated(session, amr=OTP_METHODS)
    expires_at = get_expiry(django_session, created_at=session.created_at)
    if session.expires_at is None or abs(expires_at - session.expires_at) > EXPIRY_TOLERANCE:
        update_on_commit(session, {"expires_at": expires_at}, only_if={})
    if _has_password_of(django_session, session.user):
        sync_password_fingerprint(session)


def _is_in_open_transaction(session: Session) -> bool:
    """Whether the row was written in a transaction that outlives the request, such as that of Django's ``TestCase``."""
    connection = transaction.get_connection(write_alias())
    if not connection.in_atomic_block or connection.needs_rollback:
        return False
    return all_sessions().filter(pk=session.pk).exists()
