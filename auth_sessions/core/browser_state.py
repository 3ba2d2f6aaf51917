"""What the app knows of the browser session of one request, from before the view until after the response."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions.core.lifetimes import DEFAULT, Lifetime
from auth_sessions.core.login_methods import OTPMark
from auth_sessions.core.presented import Login, PresentedCookie
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
    handed_over_from: Session | None = None


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
    made: list[tuple[Session, SessionBase]] = field(default_factory=list)
    """The rows that logins of this request have made, and Django's session of each, which holds the last one at most.

    A package may log in to another one than that of the cookie (the API of allauth for apps).
    """
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
    has_view: bool = False
    """Whether the request has come as far as its view: no middleware has answered before, and its address is known."""
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
        defer(state, django_session)  # an earlier middleware has logged the user in


def defer(state: RequestState, django_session: SessionBase) -> None:
    state.is_deferred = True
    django_session[LOGIN_AT_KEY] = timezone.now().timestamp()


def get_state(request: HttpRequest | Any) -> RequestState | None:
    """The state of a request of Django's or DRF's; None if it did not pass the middleware."""
    return getattr(request, STATE_ATTRIBUTE, None)


def state_of(request: HttpRequest) -> RequestState:
    """The state of a request that is known to have passed the middleware."""
    state: RequestState = getattr(request, STATE_ATTRIBUTE)
    return state


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
    actor = state_of(request).get_actor(request)
    return None if actor is None or actor.pk == user.pk else actor


def needs_validation(request: HttpRequest) -> bool:
    """Whether the request has a cookie whose login nobody has validated yet."""
    state = get_state(request)
    return state is not None and not state.is_judged and state.presented.key is not None


def note_view(request: HttpRequest) -> None:
    if (state := get_state(request)) is not None:
        state.has_view = True


def forget_presented(request: HttpRequest, session_ids: set[str]) -> None:
    """The row that the cookie named has ended, if it is one of these."""
    state = get_state(request)
    login = state.presented.login if state is not None else None
    if state is not None and login is not None and login.session_id in session_ids:
        state.presented.forget()
