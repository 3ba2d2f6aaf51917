"""Which row belongs to a session of Django's, and whether it is live.

The data of Django's session holds the session id (``SESSION_ID_KEY``); the row holds the key of the store entry. The id
in the data decides: if its row does not exist, the browser is signed out, even if the store entry still exists. The key
in the row serves to delete the store entry as well, and to find the row where Django has dropped the data.
"""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from auth_sessions.choices import SessionKind
from auth_sessions.core import django_session_store as store
from auth_sessions.core.backends import known_path
from auth_sessions.core.browser_state import get_state
from auth_sessions.core.database import all_sessions
from auth_sessions.core.presented import SESSION_ID_KEY, Login, PresentedCookie
from auth_sessions.core.statements.reading import select_session
from auth_sessions.core.validity import get_end_reason, may_end
from auth_sessions.models import Session


def read_row(django_session: SessionBase) -> Session | None:
    """The row whose id the data of Django's session holds; None if there is none."""
    return None if django_session.is_empty() else select_browser_session(django_session.get(SESSION_ID_KEY))


def current_row(request: HttpRequest) -> Session | None:
    """The row whose id Django's session holds, or will hold once this request's transaction is committed."""
    session = read_row(request.session)
    if session is None and (state := get_state(request)) is not None:
        session = state.session
    return session


def validated_row(request: HttpRequest) -> Session | None:
    """The row whose id Django's session holds, as this request has read it; None if it has not."""
    state = get_state(request)
    session = None if state is None or request.session.is_empty() else state.session
    return session if session is not None and str(session.pk) == request.session.get(SESSION_ID_KEY) else None


def select_browser_session(session_id: Any, *related: str) -> Session | None:
    try:
        key = uuid.UUID(session_id)
    except (TypeError, ValueError, AttributeError):
        return None
    session = select_session(key, *related)
    return session if session is not None and session.kind == SessionKind.BROWSER else None


def select_presented(presented: PresentedCookie) -> Session | None:
    """The row that the cookie of a request named, with its user."""
    login = presented.read()
    if login is not None and login.session_id is not None:
        return select_browser_session(login.session_id, "user")
    if presented.key is None or (login is not None and login.user_key is None):
        return None
    is_signed = store.is_signed_cookie(presented.django_session)
    key = digest_cookie(presented.key) if is_signed else presented.key
    return all_sessions().filter(django_session_key=key).select_related("user").first()


def digest_cookie(cookie: str | None) -> str | None:
    return hashlib.sha256(cookie.encode()).hexdigest() if cookie else None


def is_logged_in_as(django_session: SessionBase, user: Any) -> bool:
    """Whether Django's session is logged in as this user."""
    return (
        isinstance(user, AbstractBaseUser)  # a middleware may have set an object of another type
        and not django_session.is_empty()
        and django_session.get(SESSION_KEY) == user._meta.pk.value_to_string(user)
    )


def backend_of_login(django_session: SessionBase | Mapping[str, Any]) -> str:
    """The path of the backend by which Django reads the user of its session."""
    return known_path(django_session.get(BACKEND_SESSION_KEY))


def has_password_of(login: Login, user: AbstractBaseUser) -> bool:
    """Whether the data hold Django's session hash of the user's password.

    Django compares that hash itself, but only when it loads the user.
    """
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(login.session_hash or "", each) for each in hashes)


def end_row_if_invalid(session: Session, *, checks_password: bool = True) -> bool:
    reason = get_end_reason(session, last_used_at=session.last_seen_at, checks_browser_password=checks_password)
    if reason is not None and may_end(session, reason):  # otherwise Django has refused an old copy of the cookie
        all_sessions().filter(pk=session.pk).end(reason=reason)
    return reason is not None


def end_if_invalid(session_id: str) -> bool:
    """End the row of a login that Django has just refused, for example for another password. A live row is kept.

    Returns whether there is none.
    """
    session = select_browser_session(session_id)
    return session is None or end_row_if_invalid(session)
