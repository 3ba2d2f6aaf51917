"""Signs a browser in: credentials, and then Django's own ``login()``."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from django.contrib.auth import login, logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from auth_sessions import exceptions, refusals
from auth_sessions.core import otp
from auth_sessions.core.browser_rows import is_logged_in_as
from auth_sessions.core.browser_state import LoginDetails, RequestState, state_of
from auth_sessions.core.credentials import SecondFactor, authenticate, normalized
from auth_sessions.core.database import translate_missing_user, write_alias
from auth_sessions.core.lifetimes import DEFAULT, Lifetime
from auth_sessions.db.transactions import retry_conflicts
from auth_sessions.masking import secret_arguments
from auth_sessions.models import Session


@secret_arguments("credentials")
def sign_in_browser(
    request: HttpRequest,
    credentials: Mapping[str, Any],
    *,
    name: str = "",
    tag: str = "",
    lifetime: Lifetime = DEFAULT,
    second_factor: SecondFactor | None = None,
) -> Session:
    """Sign a person in by Django's session. The arguments are those of :func:`auth_sessions.api.sign_in`.

    A ``lifetime`` is also that of Django's session, and never longer than ``AUTH_SESSIONS_LIFETIME``; with ``DEFAULT``
    or None Django's settings decide. The key of Django's session is a new one in any case. A login of the same user
    keeps its row; a signed cookie, which has no key, gets a new one, and the earlier row ends. ``request`` has passed
    ``BrowserSessionMiddleware``; the caller has checked its CSRF token.

    Raises :class:`~auth_sessions.exceptions.NoActiveAccount`, :class:`~auth_sessions.exceptions.PasswordTooLong`, what
    ``second_factor`` raises, and :class:`~auth_sessions.exceptions.UserInactive` or
    :class:`~auth_sessions.exceptions.UserNotFound` (refused or deleted meanwhile). Then nobody is signed in.
    """
    user, amr = authenticate(request, normalized(credentials), second_factor=second_factor)
    otp.announce(user)
    return log_in(request, user, LoginDetails(name=name, tag=tag, amr=amr, lifetime=lifetime))


def log_in(
    request: HttpRequest, user: AbstractBaseUser, details: LoginDetails, *, backend: str | None = None
) -> Session:
    """Log a person in by Django's ``login()``, as the app's own sign-in. Returns the session.

    ``backend`` is the path of the one by which Django reads the user from now on, where ``authenticate()`` has noted
    none. Raises :class:`~auth_sessions.exceptions.UserInactive` or :class:`~auth_sessions.exceptions.UserNotFound`.
    """
    state = state_of(request)
    state.details = details
    try:
        with refusals.telling_sign_in(user, request), translate_missing_user(user):
            return retry_conflicts(partial(_log_in, request, state, user, backend), using=write_alias())
    except Exception:
        logout(request)  # or a response that is no 5xx would save the login
        raise


def _log_in(request: HttpRequest, state: RequestState, user: AbstractBaseUser, backend: str | None) -> Session:
    request.session.set_expiry(None)  # that of a sign-in before
    if is_logged_in_as(request.session, user):
        request.session.cycle_key()  # Django keeps the key of the same user
    login(request, cast("Any", user), backend=backend)
    if state.session is None:
        raise exceptions.UserInactive
    return state.session
