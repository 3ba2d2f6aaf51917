"""Django's ``login()``: creates the row, or keeps it if the same user has logged in again."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import exceptions, moments, passwords
from auth_sessions.choices import EndReason
from auth_sessions.core import django_session_store as store
from auth_sessions.core.browser_dropped import end_dropped
from auth_sessions.core.browser_naming import name_on_commit, note_actor
from auth_sessions.core.browser_rows import (
    backend_of_login,
    current_row,
    digest_cookie,
    end_row_if_invalid,
    is_logged_in_as,
    select_presented,
)
from auth_sessions.core.browser_state import LOGIN_AT_KEY, LoginDetails, RequestState, defer, get_state, state_of
from auth_sessions.core.creation import create_browser_session
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.login_methods import methods_of_login
from auth_sessions.core.presented import SESSION_ID_KEY
from auth_sessions.core.usage import mark_reauthenticated, rename_session, update_on_commit
from auth_sessions.core.validity import get_end_reason
from auth_sessions.db.compiled import set_related
from auth_sessions.db.encoding import store_text
from auth_sessions.db.transactions import in_transaction
from auth_sessions.devices import device
from auth_sessions.masking import conceal
from auth_sessions.models import Session


def on_login(
    request: HttpRequest, user: AbstractBaseUser, *, actor: AbstractBaseUser | None = None, is_provisional: bool = False
) -> None:
    """After Django's ``login()``: create the row, or keep it if the same user has logged in again.

    ``actor`` acts in the user's name. As long as that is open, the row ``is_provisional``, and the one that the cookie
    named stays.

    A login that a middleware makes for a client without a cookie (``RemoteUserMiddleware``) has no row until the client
    returns with the cookie: one that keeps no cookies is logged in anew at each request.
    """
    state, django_session = get_state(request), request.session
    if state is None or not is_logged_in_as(django_session, user):
        return
    if not state.presented.was_found and request.resolver_match is None:
        defer(state, django_session)
        return
    state.is_deferred = False
    session = current_row(request)
    if session is None and state.presented.login is not None and state.presented.login.is_unnamed:
        session = select_presented(state.presented)  # another request has lost the name, or not written it yet
    if session is not None and session.user_id == user.pk and not was_emptied(state, django_session, session):
        set_related(session, "user", user)
        reason = get_end_reason(session, last_used_at=session.last_seen_at)
        if reason is None and state.details is not None and _is_replaced(session, django_session):
            name, tag = state.details.name or session.name, state.details.tag or session.tag
            state.details, reason = replace(state.details, name=name, tag=tag), EndReason.SIGNED_OUT
        methods, auth_backend = get_methods(request, user), backend_of_login(django_session)
        if reason is None and mark_reauthenticated(
            session, user, amr=methods, auth_backend=auth_backend, request=request
        ):
            describe(session, state, django_session)
            name_on_commit(request, session, user, is_new=True)
            return
        # The data is kept, but under a new key and without the id of the session that ends.
        django_session.pop(SESSION_ID_KEY, None)
        django_session.cycle_key()
        state.presented.forget()
        state.session = None
        if reason is not None:
            all_sessions().filter(pk=session.pk).end(reason=reason, actor=user)
    if not state.presented.was_found:
        state.presented.login = None  # the entry is gone, but not the row
    is_over_cookie = django_session is state.presented.django_session  # otherwise the response shows which one is kept
    if state.presented.key is not None and is_over_cookie and not is_provisional and actor is None:
        end_dropped(request)
    create_for_login(request, user, actor=actor, is_provisional=is_provisional)


def _is_replaced(session: Session, django_session: SessionBase) -> bool:
    """Whether a new row takes the place of a live one at the app's own sign-in: a signed cookie has no key.

    A copy of an earlier cookie names the row, and is worth nothing only when that has ended.
    """
    return store.is_signed_cookie(django_session) and session.actor_id is None


def get_methods(request: HttpRequest, user: AbstractBaseUser) -> list[str]:
    """The methods of the login that has just been made: what the app's own sign-in has verified, and the others."""
    details = state_of(request).details or LoginDetails()
    if details.handed_over_from is not None:  # nothing else was proved here
        return list(details.amr)
    return list(dict.fromkeys([*details.amr, *methods_of_login(request, user)]))


def apply_lifetime(request: HttpRequest) -> None:
    """Let Django's session end when the app's own sign-in says, if it names a time; else Django's settings decide."""
    details = state_of(request).details
    if details is not None and isinstance(details.lifetime, timedelta):
        request.session.set_expiry(details.lifetime)


def describe(session: Session, state: RequestState, django_session: SessionBase) -> None:
    """Write what the app's own sign-in says of this browser, if it is one, to a row that is kept."""
    if (details := state.details) is None:
        return
    session.expires_at = store.get_expiry(django_session, created_at=session.created_at)
    state.retagged = session if details.tag not in {"", session.tag} else None
    session.tag = details.tag or session.tag
    row, using = all_sessions().filter(pk=session.pk), write_alias()

    def write() -> int:
        return in_transaction(lambda: row.update(expires_at=session.expires_at, tag=session.tag), using=using)

    store_text(session, ("tag",), write)
    if details.name:
        rename_session(session, details.name, caller=None)


def was_emptied(state: RequestState, django_session: SessionBase, session: Session) -> bool:
    """Whether the project has emptied the data that named this row.

    Django's ``login()`` does so as well, for the same user with a new password: that is not meant here.
    """
    presented = state.presented.login
    return (
        presented is not None
        and presented.session_id == str(session.pk)
        and SESSION_ID_KEY not in django_session
        and passwords.matches(session.password_fingerprint, session.user)
    )


def create_for_login(
    request: HttpRequest,
    user: AbstractBaseUser,
    *,
    is_new: bool = True,
    actor: AbstractBaseUser | None = None,
    is_provisional: bool = False,
) -> bool:
    """Create the row of a Django login whose data holds no session id.

    Unless the login ``is_new``, it is older than this request (for example than the installation). A signed cookie is
    then identified by its digest until its data holds the session id, so that all tabs of the browser share one row.
    Returns False for a user who is inactive or has just been deleted.
    """
    django_session, state = request.session, state_of(request)
    cookie = None if is_new else conceal(django_session.session_key)
    if not django_session.session_key:
        django_session.cycle_key()
    key = store.entry_key(django_session) or digest_cookie(cookie)
    details = state.details or LoginDetails()
    try:
        session = create_browser_session(
            user,
            request=request,
            lifetime=store.get_lifetime(django_session) if is_new else store.get_remaining_lifetime(django_session),
            django_session_key=key,
            is_authenticated_now=is_new,
            authenticated_at=_login_time(django_session),
            auth_backend=backend_of_login(django_session),
            amr=get_methods(request, user),
            name=details.name,
            tag=details.tag,
            actor=actor,
            current=state.previous,
            is_provisional=is_provisional,
            handed_over_from=details.handed_over_from,
        )
    except exceptions.SessionInvalid:
        return False
    if session is None:  # another request of this browser has created it, or an import
        session = all_sessions().filter(django_session_key=key, user_id=user.pk).first()
        if session is None or not _join(session, user, request=request):
            return False
    store.note_in_use(django_session)
    if is_new:
        state.created = session
        state.made.append((session, django_session))
    if not is_provisional:
        note_actor(request, session)
    name_on_commit(request, session, user, is_new=is_new)
    return True


def _login_time(django_session: SessionBase) -> datetime | None:
    """The time of a login that was deferred, None if it is not known."""
    login_at, now = django_session.get(LOGIN_AT_KEY), timezone.now()
    return moments.add(now, timedelta(seconds=login_at - now.timestamp())) if isinstance(login_at, float) else None


def _join(session: Session, user: AbstractBaseUser, *, request: HttpRequest) -> bool:
    """Whether a row is live to which the browser comes back. One that was imported gets its device."""
    set_related(session, "user", user)
    if end_row_if_invalid(session, checks_password=False):
        return False
    if not session.user_agent and session.ip_address is None:
        sent = {"user_agent": device.client_user_agent(request), "ip_address": device.client_address(request)}
        only_if = {"user_agent": "", "ip_address": None}
        update_on_commit(session, {"last_seen_at": timezone.now(), **sent}, only_if=only_if)
    return True
