"""Browser sessions: the row that belongs to a session of Django's.

The data of Django's session holds the session id (``SESSION_ID_KEY``); the row holds the key of the store entry. The id
in the data decides: if its row does not exist, the browser is signed out, even if the store entry still exists. The key
in the row serves to delete the store entry as well, and to find the row where Django has dropped the data.
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from auth_sessions import exceptions, moments, passwords, refusals
from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.core import django_session_store as store
from auth_sessions.core.backends import known_path
from auth_sessions.core.creation import DEFAULT, Lifetime, create_browser_session
from auth_sessions.core.database import all_sessions, write_alias
from auth_sessions.core.login_methods import OTPMark, methods_of_login
from auth_sessions.core.password_changes import sync_password_fingerprint
from auth_sessions.core.presented import ACTING_KEY, SESSION_ID_KEY, Acting, Login, PresentedCookie
from auth_sessions.core.statements import select_session
from auth_sessions.core.usage import mark_reauthenticated, rename_session, touch_browser, update_on_commit
from auth_sessions.core.validity import get_end_reason, may_end
from auth_sessions.db.compiled import set_related
from auth_sessions.db.encoding import store_text
from auth_sessions.db.transactions import in_transaction
from auth_sessions.devices import device
from auth_sessions.masking import conceal
from auth_sessions.models import Session

LOGIN_AT_KEY = "_auth_sessions_login_at"
"""The key, in the data of Django's session, of the Unix time of a login that has no row yet."""

STATE_ATTRIBUTE = "_auth_sessions_state"
"""The attribute with the :class:`RequestState` of a request that passed the middleware."""


@dataclass(frozen=True, kw_only=True)
class LoginDetails:
    """What the app's own sign-in knows of the Django login that it makes, and Django does not."""

    name: str = ""
    tag: str = ""
    amr: tuple[str, ...] = ()
    lifetime: Lifetime = DEFAULT


@dataclass
class RequestState:
    """The browser session of one request."""

    presented: PresentedCookie
    session: Session | None = None
    """The row; None until ``request.user`` is evaluated or a user logs in."""
    is_new: bool = False
    """Whether a user has logged in during this request."""
    created: Session | None = None
    """The row that a login of this request has created or come back to: only the cookie of the response leads to it."""
    retagged: Session | None = None
    """The row that is kept and has got another tag, under which it counts against the limit from now on."""
    is_judged: bool = False
    """Whether the login has been judged: at the first evaluation of ``request.user``, or at a new login."""
    validated: SessionBase | None = None
    """The session of Django's whose login has been validated last."""
    is_joined: bool = False
    """Whether a signed cookie that did not name its row does so from this request on."""
    is_deferred: bool = False
    """Whether the row is created when the client returns with the cookie of this login."""
    otp_mark: OTPMark = field(default_factory=OTPMark)
    """By which device of django-otp the person had proved who they are before the view."""
    get_actor: Callable[[HttpRequest], AbstractBaseUser | None] = lambda request: None
    """``BrowserSessionMiddleware.get_actor``."""
    previous: Session | None = None
    """The row of the login over which another user has logged in."""
    provisional: Session | None = None
    """The row of that new login, as long as it is open whether somebody acts."""
    has_logged_out: bool = False
    has_left_acting: bool = False
    """Whether a session in which somebody acts has ended in this request, or was dropped."""
    is_answered: bool = False
    """Whether the response has passed the middleware."""
    is_refused: bool = False
    """Whether a login was refused, so that Django's session must be empty at the response."""
    is_signed_out: bool = False
    """Whether the session of this browser has ended in this request, and Django's with it."""
    details: LoginDetails | None = None
    """Those of the login that the app's own sign-in makes in this request."""


def begin(request: HttpRequest, *, get_actor: Callable[[HttpRequest], AbstractBaseUser | None]) -> None:
    """Before the view: note what the cookie names, as soon as its data are loaded."""
    state = RequestState(PresentedCookie(request), get_actor=get_actor)
    setattr(request, STATE_ATTRIBUTE, state)
    django_session = request.session
    if django_session.accessed and not state.presented.login and Login.of(django_session).user_key is not None:
        _defer(state, django_session)  # an earlier middleware has logged the user in


def get_state(request: HttpRequest | Any) -> RequestState | None:
    """The state of a request of Django's or DRF's; None if it did not pass the middleware."""
    return getattr(request, STATE_ATTRIBUTE, None)


def is_deferred(request: HttpRequest) -> bool:
    """Whether a middleware has logged the user in at this request, and the row is created at the next."""
    state = get_state(request)
    return state is not None and state.is_deferred


def set_current(request: HttpRequest, session: Session | None) -> None:
    """Set the browser session of a request, if it passed the middleware."""
    if (state := get_state(request)) is not None:
        state.session = session
        if session is not None:
            state.otp_mark = OTPMark.of(request.session)


def find_actor(request: HttpRequest, user: AbstractBaseUser) -> AbstractBaseUser | None:
    """Who acts in the name of ``user``, by ``get_actor``; nobody where that is the user."""
    state = get_state(request)
    actor = None if state is None else state.get_actor(request)
    return None if actor is None or actor.pk == user.pk else actor


def needs_validation(request: HttpRequest) -> bool:
    """Whether the request has a cookie whose login nobody has validated yet."""
    state = get_state(request)
    return state is not None and not state.is_judged and state.presented.key is not None


def get_current(request: HttpRequest) -> Session | None:
    """The live browser session of a request; None without the middleware, or without a login of ``request.user``."""
    state = get_state(request)
    if state is None or not _is_anybody(request.user):
        return None
    if not state.is_judged and is_logged_in_as(request.session, request.user):
        find_user(request, request.user)  # something has replaced the user whom the middleware judges
    if state.session is None:
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


def _select_browser_session(session_id: Any, *related: str) -> Session | None:
    try:
        key = uuid.UUID(session_id)
    except (TypeError, ValueError, AttributeError):
        return None
    session = select_session(key, *related)
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
        and not _is_anybody(request.user)
    )


def _is_anybody(user: Any) -> bool:
    """Whether a user is authenticated; DRF's ``UNAUTHENTICATED_USER`` may be None."""
    return user is not None and user.is_authenticated


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
    state.is_judged = True
    if not state.presented.was_found and request.resolver_match is None:
        _defer(state, django_session)
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
    if state.presented.key is not None and not is_provisional and actor is None:
        end_dropped(request)
    create_for_login(request, user, actor=actor, is_provisional=is_provisional)


def _is_replaced(session: Session, django_session: SessionBase) -> bool:
    """Whether a new row takes the place of a live one at the app's own sign-in: a signed cookie has no key.

    A copy of an earlier cookie names the row, and is worth nothing only when that has ended.
    """
    return store.is_signed_cookie(django_session) and session.actor_id is None


def get_methods(request: HttpRequest, user: AbstractBaseUser) -> list[str]:
    """The methods of the login that has just been made: what the app's own sign-in has verified, and the others."""
    state = get_state(request)
    own = () if state is None or state.details is None else state.details.amr
    return list(dict.fromkeys([*own, *methods_of_login(request, user)]))


def apply_lifetime(request: HttpRequest) -> None:
    """Let Django's session end when the app's own sign-in says, if it names a time; else Django's settings decide."""
    state = get_state(request)
    if state is not None and state.details is not None and isinstance(state.details.lifetime, timedelta):
        request.session.set_expiry(state.details.lifetime)


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


def _defer(state: RequestState, django_session: SessionBase) -> None:
    state.is_deferred = True
    django_session[LOGIN_AT_KEY] = timezone.now().timestamp()


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
    django_session, state = request.session, get_state(request)
    cookie = None if is_new else conceal(django_session.session_key)
    if not django_session.session_key:
        django_session.cycle_key()
    key = store.entry_key(django_session) or _digest(cookie)
    details = state.details if state is not None and state.details is not None else LoginDetails()
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
            current=None if state is None else state.previous,
            is_provisional=is_provisional,
        )
    except exceptions.SessionInvalid:
        return False
    if session is None:  # another request of this browser has created it, or an import
        session = all_sessions().filter(django_session_key=key, user_id=user.pk).first()
        if session is None or not _join(session, user, request=request):
            return False
    store.note_in_use(django_session)
    if is_new and state is not None:
        state.created = session
    if not is_provisional:
        note_actor(request, session)
    name_on_commit(request, session, user, is_new=is_new)
    return True


def note_actor(request: HttpRequest, session: Session) -> None:
    """Note who acts in a new session, and which session of theirs comes back to this browser.

    The row that was left to act stays although no data name it meanwhile.
    """
    state = get_state(request)
    if state is None:
        return
    acting, left = state.presented.acting, state.previous
    state.presented.acting = None
    if session.actor_id is None:
        return
    own = acting and acting["session"] if left is None or left.actor_id is not None else str(left.pk)
    is_carried = own is not None and own == str(session.actor_session_id)
    state.presented.acting = Acting(actor=str(session.actor_id), session=own if is_carried else None)
    if left is not None and is_carried:
        rows = all_sessions().filter(pk=left.pk)
        if left.user_id == session.user_id:
            rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, actor=session.actor, request=request)
        else:
            rows.update(django_session_key=None, django_session_engine=None)
        state.presented.forget()
    if request.session.get(SESSION_ID_KEY) == str(session.pk):
        request.session[ACTING_KEY] = state.presented.acting


def _digest(cookie: str | None) -> str | None:
    return hashlib.sha256(cookie.encode()).hexdigest() if cookie else None


def _login_time(django_session: SessionBase) -> datetime | None:
    """The time of a login that was deferred, None if it is not known."""
    login_at, now = django_session.get(LOGIN_AT_KEY), timezone.now()
    return moments.add(now, timedelta(seconds=login_at - now.timestamp())) if isinstance(login_at, float) else None


def _join(session: Session, user: AbstractBaseUser, *, request: HttpRequest) -> bool:
    """Whether a row is live to which the browser comes back. One that was imported gets its device."""
    set_related(session, "user", user)
    if _end_if_invalid(session, checks_password=False):
        return False
    if not session.user_agent and session.ip_address is None:
        sent = {"user_agent": device.client_user_agent(request), "ip_address": device.client_address(request)}
        only_if = {"user_agent": "", "ip_address": None}
        update_on_commit(session, {"last_seen_at": timezone.now(), **sent}, only_if=only_if)
    return True


def backend_of_login(django_session: SessionBase | Mapping[str, Any]) -> str:
    """The path of the backend by which Django reads the user of its session."""
    return known_path(django_session.get(BACKEND_SESSION_KEY))


def name_on_commit(request: HttpRequest, session: Session, user: AbstractBaseUser, *, is_new: bool) -> None:
    """Make it the session of this request, and write its id to the data on commit: the row may be rolled back."""
    set_current(request, session)
    if (state := get_state(request)) is not None:
        state.is_new = is_new
    write = partial(write_session_id, request, request.session, session, user, is_new=is_new)
    transaction.on_commit(write, using=write_alias(), robust=True)


def write_session_id(
    request: HttpRequest, django_session: SessionBase, session: Session, user: AbstractBaseUser, *, is_new: bool
) -> None:
    """Write the session id to the data of Django's session, unless the user has logged out meanwhile.

    The data are saved with a login that ``is_new``. Others may have been loaded long before: the id is then added to
    the entry as it is in the store now, and to the data of this request only in case that they are saved as well. For
    a signed cookie, :func:`core.responses.sync_on_response` follows.
    """
    state = get_state(request)
    is_current = state is None or state.session is session
    if not is_current or not is_logged_in_as(django_session, user):
        return
    was_modified = django_session.modified
    named: dict[str, Any] = {SESSION_ID_KEY: str(session.pk)}
    if session.actor_id is not None and state is not None and state.presented.acting is not None:
        named[ACTING_KEY] = state.presented.acting
    django_session.update(named)
    if is_new and django_session is request.session:
        return
    django_session.modified = was_modified
    if store.is_signed_cookie(django_session):
        if state is not None:
            state.is_joined = True
    else:
        for name, value in named.items():
            store.add_to_entry(django_session, name, value)
        all_sessions().filter(pk=session.pk).update(django_session_engine=settings.SESSION_ENGINE)


def find_user(request: HttpRequest, found: Any) -> Any:
    """The user that Django has ``found``, or ``AnonymousUser`` if the session has ended: Django's is then flushed."""
    state, django_session = get_state(request), request.session
    session_id = django_session.get(SESSION_ID_KEY)  # read first: Django flushes a session that it refuses
    if state is not None:
        state.is_judged, state.validated = True, None
    is_authenticated = found.is_authenticated
    if state is not None and state.validated is django_session:  # a middleware has wrapped the user of the app's
        return found
    if state is not None:
        state.validated = django_session
    if not is_authenticated:
        if session_id is not None:
            end_if_invalid(session_id)
            if state is not None and SESSION_KEY not in django_session:
                state.presented.forget()
        return found
    if validate(request, found):
        return found
    if state is not None:
        state.presented.forget()
    django_session.flush()
    return AnonymousUser()


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
        return not is_owner or _is_pending(request) or _adopt(request, user)
    session = read_row(django_session)
    if session is None:
        named = {"session": django_session.get(SESSION_ID_KEY), "kind": SessionKind.BROWSER}
        refusals.tell(exceptions.SessionNotFound(), request=request, user=user.pk if is_owner else None, **named)
    if session is not None and is_owner and session.user_id == user.pk:
        set_related(session, "user", user)
        _follow_backend(session, backend_of_login(django_session))
    if session is None or not is_logged_in_as(django_session, session.user):
        return False
    if _end_if_invalid(session, checks_password=False):
        return False
    if not is_owner and not has_password_of(Login.of(django_session), session.user):
        _end_if_invalid(session)
        return False
    set_current(request, session)
    key = store.entry_key(django_session) or conceal(session.django_session_key)
    touch_browser(session, django_session_key=key)
    sync_password_fingerprint(session)
    return True


def _adopt(request: HttpRequest, user: AbstractBaseUser) -> bool:
    """Create the row of a login that is older than this request, and of who acts in it."""
    return create_for_login(request, user, is_new=False, actor=find_actor(request, user))


def _is_pending(request: HttpRequest) -> bool:
    """Whether the row of a login of this request is named on commit, or created when the client returns."""
    state = get_state(request)
    if state is None or state.session is None:
        return state is not None and state.is_deferred
    return state.is_new and state.session.django_session_key == store.entry_key(request.session)


def _follow_backend(session: Session, path: str) -> None:
    """Record the backend by which Django has just read the user: another login, unseen here, may have changed it."""
    if path != session.auth_backend:
        update_on_commit(session, {"auth_backend": path}, only_if={"auth_backend": session.auth_backend})
        session.auth_backend = path


def has_password_of(login: Login, user: AbstractBaseUser) -> bool:
    """Whether the data hold Django's session hash of the user's password.

    Django compares that hash itself, but only when it loads the user.
    """
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(login.session_hash or "", each) for each in hashes)


def end_if_invalid(session_id: str) -> None:
    """End the row of a login that Django has just refused, for example for another password. A live row is kept."""
    if session := _select_browser_session(session_id):
        _end_if_invalid(session)


def _end_if_invalid(session: Session, *, checks_password: bool = True) -> bool:
    reason = get_end_reason(session, last_used_at=session.last_seen_at, checks_browser_password=checks_password)
    if reason is not None and may_end(session, reason):  # otherwise Django has refused an old copy of the cookie
        all_sessions().filter(pk=session.pk).end(reason=reason)
    return reason is not None


def end_dropped(request: HttpRequest) -> None:
    """End the row that the cookie named, as a sign-out with the scope ``local``: Django's session holds another login.

    Does nothing if it still holds the login that the cookie named, or if that row was left to act (:func:`note_actor`).
    """
    state = get_state(request)
    if state is None or holds_presented(state, request.session):
        return
    django_session, presented = request.session, state.presented
    row, login = select_presented(presented), presented.login
    transaction.on_commit(presented.forget, using=write_alias())  # not if it is rolled back
    if row is None:
        return
    if state.session == row:
        state.session = None
    if login is not None and not has_password_of(login, row.user):
        _end_if_invalid(row)  # an old copy of the cookie, which Django refuses
        return
    if SESSION_KEY not in django_session:
        django_session.pop(SESSION_ID_KEY, None)
    rows = all_sessions().filter(pk=row.pk)
    keeps_entry = row.django_session_key is not None and row.django_session_key == store.entry_key(django_session)

    def end() -> None:
        if keeps_entry:
            rows.update(django_session_key=None)  # what the entry holds now is kept
        rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, actor=row.user, request=request)

    in_transaction(end, using=write_alias())
    state.has_left_acting = row.actor_id is not None
    if row.actor_session_id is not None and presented.acting is None:  # nobody has loaded the data
        left = all_sessions().filter(pk=row.actor_session_id, kind=SessionKind.BROWSER)
        own = left.filter(django_session_key=None, django_session_engine=None).first()
        presented.acting = Acting(actor=str(row.actor_id), session=None if own is None else str(own.pk))


def end_unsent(request: HttpRequest) -> None:
    """After a 5xx: end the row of a login of this request, as Django does not send the cookie.

    An older login of Django's, which the browser keeps, keeps the row as well.
    """
    state = get_state(request)
    if state is None or state.created is None:
        return
    session, state.created, state.provisional = state.created, None, None
    if session.django_session_key is not None and session.django_session_key == state.presented.key:
        return
    if state.session is session:
        state.session = None
    # A rollback takes a new row with it, and the store from one that was to come back.
    rows = all_sessions().filter(pk=session.pk, django_session_engine=session.django_session_engine)
    with suppress(DatabaseError):
        rows.end(reason=EndReason.DELETED)


def forget_presented(request: HttpRequest, session_ids: set[str]) -> None:
    """The row that the cookie named has ended, if it is one of these."""
    state = get_state(request)
    login = state.presented.login if state is not None else None
    if state is not None and login is not None and login.session_id in session_ids:
        state.presented.forget()


def holds_presented(state: RequestState, django_session: SessionBase) -> bool:
    """Whether Django's session still holds the login that the cookie named."""
    presented = state.presented.read()
    user_key = None if django_session.is_empty() else django_session.get(SESSION_KEY)
    if user_key is None:
        return False
    if presented is None:  # nobody has loaded it
        return django_session is not state.presented.django_session and (
            store.entry_key(django_session) == state.presented.key
        )
    named = {django_session.get(SESSION_ID_KEY), str(state.session.pk) if state.session else None}
    return user_key == presented.user_key and (presented.session_id is None or presented.session_id in named)


def select_presented(presented: PresentedCookie) -> Session | None:
    """The row that the cookie of a request named, with its user."""
    login = presented.read()
    if login is not None and login.session_id is not None:
        return _select_browser_session(login.session_id, "user")
    if presented.key is None or (login is not None and login.user_key is None):
        return None
    is_signed = store.is_signed_cookie(presented.django_session)
    key = _digest(presented.key) if is_signed else presented.key
    return all_sessions().filter(django_session_key=key).select_related("user").first()
