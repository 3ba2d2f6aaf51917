"""Whether the browser session of a request is live, and whose it is."""

import functools
import logging
from functools import partial
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject

from auth_sessions import exceptions, refusals
from auth_sessions.choices import SessionKind
from auth_sessions.core import django_session_store as store
from auth_sessions.core.browser_login import create_for_login
from auth_sessions.core.browser_rows import (
    backend_of_login,
    end_if_invalid,
    end_row_if_invalid,
    has_password_of,
    is_logged_in_as,
    read_row,
)
from auth_sessions.core.browser_state import RequestState, find_actor, get_state, set_current, state_of
from auth_sessions.core.database import write_alias
from auth_sessions.core.password_changes import sync_password_fingerprint
from auth_sessions.core.presented import SESSION_ID_KEY, Login
from auth_sessions.core.usage import touch_browser, update_on_commit
from auth_sessions.db.compiled import set_related
from auth_sessions.db.transactions import call_on_commit
from auth_sessions.masking import conceal
from auth_sessions.models import Session

FOUND_BY_DJANGO = ("_cached_user", "_acached_user")
"""The attributes of a request in which Django keeps its user for whoever sets ``request.user`` anew."""

SET_LATE = (
    "request.user was set after BrowserSessionMiddleware had looked at it. If a middleware does so in process_view(), "
    "place BrowserSessionMiddleware after it."
)

logger = logging.getLogger("auth_sessions")


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


def has_stale_cookie(request: HttpRequest) -> bool:
    """Whether a request has the cookie of Django's session although no user is signed in, or not any more."""
    return (
        get_state(request) is not None
        and settings.SESSION_COOKIE_NAME in request.COOKIES
        and not _is_anybody(request.user)
    )


def judge_late(request: HttpRequest, response: HttpResponseBase) -> None:
    """Validate a login that has replaced ``request.user`` after the middleware's ``process_view()``.

    A middleware that stands later has done so in its own ``process_view()``, or the view. Raises
    ``ImproperlyConfigured`` where the session has ended: the view has taken its user for signed in. One that came with
    other credentials, such as a token, is left alone, and so is an answer that shows nobody anything: a 5xx, and what
    is no page and comes from no view (404 for an unknown address, a redirect, 403 for a missing CSRF token).
    """
    state, django_session = state_of(request), request.session
    first_empty = HTTPStatus.INTERNAL_SERVER_ERROR if state.has_view else HTTPStatus.MULTIPLE_CHOICES
    if state.is_judged or not django_session.accessed or response.status_code >= first_empty:
        return
    if _came_with_other_credentials(request, response):
        return
    # A user who wraps the one of the middleware is judged by being evaluated.
    if not is_logged_in_as(django_session, request.user) or state.is_judged:
        return
    if not _is_anybody(find_user(request, request.user)):
        raise ImproperlyConfigured(f"A session that has ended was taken for signed in: {SET_LATE}")
    _warn_late()


def _came_with_other_credentials(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether something else than the cookie tells who is there.

    A header does. That of Basic authentication, which a browser repeats wherever a proxy has asked for it, does in a
    view that calls ``authenticate()``, which writes ``user.backend``. So does an authenticator of DRF, unless it
    enforces CSRF, since it reads the cookie. Where the response does not tell which one it was, it is the one that
    reads the cookie if the user is a middleware's lazy one.
    """
    scheme = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[0].lower()
    if scheme not in {"", "basic"}:
        return True
    if not hasattr(request, "auth"):  # DRF's: it has asked no authenticator
        return scheme == "basic" and hasattr(request.user, "backend")
    asked = (getattr(response, "renderer_context", None) or {}).get("request")
    if asked is None:
        reads_cookie = issubclass(type(request.user), LazyObject)
    else:
        reads_cookie = hasattr(getattr(asked, "successful_authenticator", None), "enforce_csrf")
    return request.auth is not None or not reads_cookie


@functools.cache
def _warn_late() -> None:
    """Log it once per process: no system check sees what a ``process_view()`` does."""
    logger.warning("A session was validated after the view only: %s", SET_LATE)


def _is_anybody(user: Any) -> bool:
    """Whether a user is authenticated; DRF's ``UNAUTHENTICATED_USER`` may be None."""
    return user is not None and user.is_authenticated


def find_user(request: HttpRequest, found: Any) -> Any:
    """The user that Django has ``found``, or ``AnonymousUser`` if the session has ended: Django's is then flushed."""
    state, django_session = state_of(request), request.session
    session_id = django_session.get(SESSION_ID_KEY)  # read first: Django flushes a session that it refuses
    state.is_judged, state.validated = True, None
    is_authenticated = found.is_authenticated  # evaluates the user, and the app's own that a middleware has wrapped
    if state.validated is django_session:
        return found
    state.validated = django_session
    if not is_authenticated:
        if session_id is not None:
            # On commit, since Django may have deleted its entry, which who ends the session deletes after locking it.
            call_on_commit(partial(_end_refused, state, django_session, session_id), using=write_alias())
            if SESSION_KEY not in django_session:
                state.presented.forget()
        return found
    if validate(request, found):
        return found
    state.presented.forget()
    django_session.flush()
    for name in FOUND_BY_DJANGO:
        vars(request).pop(name, None)
    return AnonymousUser()


def _end_refused(state: RequestState, django_session: SessionBase, session_id: str) -> None:
    """End the row of a login that Django has refused, and flush a session that Django has kept.

    Its entry is gone with the row: Django would answer 400 if it had to save it.
    """
    if end_if_invalid(session_id) and django_session.get(SESSION_ID_KEY) == session_id:
        state.presented.forget()
        django_session.flush()


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
    if end_row_if_invalid(session, checks_password=False):
        return False
    if not is_owner and not has_password_of(Login.of(django_session), session.user):
        end_row_if_invalid(session)
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
    state = state_of(request)
    if state.session is None:
        return state.is_deferred
    return state.is_new and state.session.django_session_key == store.entry_key(request.session)


def _follow_backend(session: Session, path: str) -> None:
    """Record the backend by which Django has just read the user: another login, unseen here, may have changed it."""
    if path != session.auth_backend:
        update_on_commit(session, {"auth_backend": path}, only_if={"auth_backend": session.auth_backend})
        session.auth_backend = path
