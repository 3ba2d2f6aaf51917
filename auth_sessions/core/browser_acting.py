"""A browser in which somebody logs in over another login, to act in another person's name and to come back.

Django's session is then emptied, and belongs to the other user. The row of the login before stays while its user acts
from it, and gets the browser back at the release. The data of Django's session hold which row that is (``Acting``).

The packages that are known say who acts only after Django's ``login()``, and so may a project. A login over another
user's is therefore provisional until the response, unless it is known earlier who acts.
"""

from http import HTTPStatus

from django.apps import apps
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions.choices import EndReason, Scope, SessionKind
from auth_sessions.core import browser_dropped, browser_login, browser_naming, browser_rows, browser_state
from auth_sessions.core.browser_rows import is_logged_in_as
from auth_sessions.core.browser_state import RequestState, get_state
from auth_sessions.core.database import all_sessions
from auth_sessions.core.django_session_store import entry_key, get_expiry
from auth_sessions.core.limits import enforce_limit
from auth_sessions.core.storing import complete_session
from auth_sessions.core.usage import mark_reauthenticated
from auth_sessions.core.validity import get_end_reason
from auth_sessions.db.compiled import set_related
from auth_sessions.exceptions import AuthSessionsError
from auth_sessions.models import Session


def on_login(request: HttpRequest, user: AbstractBaseUser) -> None:
    """After Django's ``login()``: give the browser back to a session that was left to act, or create or keep a row."""
    state = get_state(request)
    if state is None or not is_logged_in_as(request.session, user):
        return
    state.is_judged = True
    browser_login.apply_lifetime(request)
    if state.details is not None and state.details.handed_over_from is not None:  # nobody acts, and nobody comes back
        browser_login.on_login(request, user)
        return
    previous = _find_previous(state)
    is_same_user = previous is not None and previous.user_id == user.pk
    if previous is not None and is_same_user and not _begins_again(request, state, previous):
        browser_login.on_login(request, user)
        return
    state.is_refused = False
    if state.presented.acting is not None and not is_same_user:
        if _come_back(request, state, previous, user):
            return
        if _is_release(state, user):
            _refuse(request, state)
            return
    state.previous, state.provisional = previous, None
    actor = browser_state.find_actor(request, user)
    is_provisional = previous is not None and actor is None
    if previous is None and actor is None:
        _end_left(request, state)
    browser_login.on_login(request, user, actor=actor, is_provisional=is_provisional)
    if is_provisional and state.session is not previous:
        state.provisional = state.session


def _begins_again(request: HttpRequest, state: RequestState, previous: Session) -> bool:
    """Whether the project has emptied the data of a session in which somebody acts, to log in the same user."""
    return previous.actor_id is not None and browser_login.was_emptied(state, request.session, previous)


def _find_previous(state: RequestState) -> Session | None:
    """The live session that Django's held before this login. It may not have been asked for in this request."""
    if state.session is not None or not state.presented.login:
        return state.session
    row = browser_rows.select_presented(state.presented)
    if row is None or not browser_rows.has_password_of(state.presented.login, row.user):
        return None
    return None if get_end_reason(row, last_used_at=row.last_seen_at) else row


def on_response(request: HttpRequest, *, status_code: int) -> None:
    """After the view: decide about a provisional login, and enforce the limit.

    A 5xx decides nothing: the login has failed (:func:`core.browser_dropped.end_unsent`).
    """
    state = get_state(request)
    if state is None:
        return
    state.is_answered = True
    if state.is_refused and not request.session.is_empty():
        request.session.flush()
    has_failed = status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    if has_failed:
        browser_dropped.end_unsent(request)
        state.retagged = None
    if state.provisional is not None:
        _complete(request, state)
    if state.made:
        browser_dropped.end_replaced(request, has_failed=has_failed)
    for session in (state.created, state.retagged):
        if session is not None:
            enforce_limit(session, request=request)


def end_left(request: HttpRequest) -> None:
    """After the response has followed the login: end the actor's own session if no browser can come back to it."""
    state = get_state(request)
    if state is not None and state.has_left_acting and state.session is None:
        _end_left(request, state)


def _come_back(request: HttpRequest, state: RequestState, previous: Session | None, user: AbstractBaseUser) -> bool:
    """Give the browser back to the session of ``user`` that was left to act, if it is live.

    That proves nothing, unless a backend has authenticated the user: then it is the actor's own session that comes back
    or none, as no other is theirs.
    """
    is_proved = _is_proved(state, user)
    acting, django_session = state.presented.acting, request.session
    own_id = acting and acting["session"]
    if not own_id:
        return False
    carried = all_sessions().filter(Q(pk=own_id) | Q(depends_on_id=own_id), kind=SessionKind.BROWSER)
    session = carried.filter(user_id=user.pk).first()
    if session is None or (is_proved and session.actor_id is not None):
        return False
    set_related(session, "user", user)
    if get_end_reason(session, last_used_at=session.last_seen_at, checks_browser_password=True):
        return False
    if not django_session.session_key:
        django_session.cycle_key()
    changes = {
        "last_seen_at": timezone.now(),
        "expires_at": get_expiry(django_session, created_at=session.created_at),
        "django_session_key": entry_key(django_session),
        "django_session_engine": settings.SESSION_ENGINE,
    }
    if not all_sessions().filter(pk=session.pk).update(**changes):
        return False
    for name, value in changes.items():
        setattr(session, name, value)
    state.created = session
    if is_proved:
        backend, methods = browser_rows.backend_of_login(django_session), browser_login.get_methods(request, user)
        mark_reauthenticated(session, user, amr=methods, auth_backend=backend, request=request)
        browser_login.describe(session, state, django_session)
    if session.actor_id is None:
        acted, state.presented.acting = carried.exclude(pk=own_id), None
    else:
        acted = carried.none() if previous is None else carried.filter(pk=previous.pk)
    acted.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, actor=session.actor or user, request=request)
    state.presented.forget()
    state.has_left_acting = False
    browser_naming.name_on_commit(request, session, user, is_new=True)
    return True


def _is_release(state: RequestState, user: AbstractBaseUser) -> bool:
    """Whether a login only brings back who acted until now: it is the actor's, and nobody has proved anything.

    Where the actor's own session is known, a login that looks proved counts as one, too: it may be a release that
    writes what ``authenticate()`` does. Whoever really signs in does so once more.
    """
    acting = state.presented.acting
    if acting is None or acting["actor"] != str(user.pk):
        return False
    return bool(acting["session"]) or not _is_proved(state, user)


def _is_proved(state: RequestState, user: AbstractBaseUser) -> bool:
    """Whether a backend has authenticated the user: ``authenticate()`` writes ``user.backend``.

    It writes the very string of the setting. A view of the project's, or of django-su, that writes the path by itself
    writes another one, as does a login in two requests, whose user was read again; who takes it from the setting writes
    the same. django-loginas does at its release, which follows a ``logout()`` in the same request.
    """
    path = getattr(user, "backend", None)
    if not any(path is configured for configured in settings.AUTHENTICATION_BACKENDS):
        return False
    return not (state.has_logged_out and apps.is_installed("loginas"))


def _refuse(request: HttpRequest, state: RequestState) -> None:
    """Sign nobody in. What the view still writes is emptied at the response."""

    async def auser() -> AnonymousUser:
        return AnonymousUser()

    request.session.flush()
    request.user, request.auser = AnonymousUser(), auser
    state.session, state.is_refused = None, True


def _complete(request: HttpRequest, state: RequestState) -> None:
    """Complete a provisional login, now that the view has said who acts."""
    session, state.provisional = state.provisional, None
    if session is None or state.session is not session:  # it has been logged out again
        _end_left(request, state)
        return
    is_logged_in = is_logged_in_as(request.session, session.user)
    actor = browser_state.find_actor(request, session.user) if is_logged_in else None
    try:
        is_complete = complete_session(session, actor=actor, current=state.previous, request=request)
    except AuthSessionsError:  # the user was deleted, or the actor signed out, meanwhile
        all_sessions().filter(pk=session.pk).end(reason=EndReason.DELETED)
        _refuse(request, state)
        return
    if actor is None:
        _end_left(request, state)
    if is_complete:
        browser_naming.note_actor(request, session)


def _end_left(request: HttpRequest, state: RequestState) -> None:
    """End the session from which somebody acted in this browser, and all that is acted from it."""
    acting = state.presented.acting
    if acting is not None and acting["session"]:
        rows = all_sessions().filter(pk=acting["session"])
        rows.end(reason=EndReason.SIGNED_OUT, scope=Scope.LOCAL, request=request)
