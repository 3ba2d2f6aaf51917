"""Refusals, each told once: to the security log and to the metrics.

Told is whoever was refused a sign-in, and whatever shows that somebody holds what they should not: a token that this
project has not issued, a session that has ended. Not told: an access token that has expired, since every client has
one every few minutes; a code that is asked for; a password that is too long; and what another line tells, such as the
end of the session, or the reuse of its token.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from auth_sessions import exceptions, metrics, security_log

T = TypeVar("T", bound=exceptions.AuthSessionsError)


def about(error: T, *, session_id: uuid.UUID | None = None, user_id: Any = None, generation: int | None = None) -> T:
    """The error, which knows what it is about, beside the session of a ``SessionInvalid``; for the log."""
    values = {"session": session_id, "user": user_id, "generation": generation}
    error._about = {name: value for name, value in values.items() if value is not None}
    return error


def told(error: T) -> T:
    """The error, of which another line tells."""
    error._is_told = True
    return error


@contextmanager
def telling(request: Any) -> Iterator[None]:
    """Tell of a token or a session that the block refuses, by an error or by one that it is the cause of."""
    try:
        yield
    except Exception as error:
        tell(error if isinstance(error, exceptions.AuthSessionsError) else error.__cause__, request=request)
        raise


def tell(error: BaseException | None, *, request: Any, **values: Any) -> None:
    """Tell of a token or a session that was refused. ``request`` is Django's or DRF's."""
    if not isinstance(error, exceptions.AuthSessionsError) or error._is_told:
        return
    if isinstance(error, exceptions.SessionInvalid):
        event, refused, session = security_log.SESSION_REFUSED, "session", error.session
    elif isinstance(error, exceptions.TokenNotValid) and not isinstance(error, exceptions.TokenExpired):
        event, refused, session = security_log.TOKEN_REFUSED, "token", None
    else:
        return
    told(error)
    reason = "refresh_token_forged" if isinstance(error, exceptions.RefreshTokenForged) else error.code
    metrics.REFUSALS.add({metrics.REFUSED: refused, metrics.ERROR: reason})
    request = getattr(request, "_request", request)
    key = {} if session is not None else {"session": getattr(error, "session_id", None)}
    security_log.write(event, request=request, of=session, reason=reason, **{**key, **error._about, **values})


@contextmanager
def telling_sign_in(user: AbstractBaseUser | None, request: HttpRequest | None) -> Iterator[None]:
    """Tell of a sign-in that the block refuses: by the limit, since the user, or who acts, may not, or by its code."""
    try:
        yield
    except (exceptions.SessionLimitReached, exceptions.SessionInvalid, exceptions.HandOverNotValid) as error:
        if not error._is_told:
            told(error)
            tell_sign_in(error.code, request=request, user=user)
        raise


def tell_sign_in(
    reason: str,
    *,
    request: HttpRequest | None,
    user: AbstractBaseUser | None = None,
    credentials: Mapping[str, Any] | None = None,
    is_again: bool = False,
) -> None:
    """Tell of a sign-in that was refused, or of another proof of identity of who ``is_again`` asked for one."""
    refused = "reauthentication" if is_again else "sign_in"
    metrics.REFUSALS.add({metrics.REFUSED: refused, metrics.ERROR: reason})
    event = security_log.REAUTHENTICATION_REFUSED if is_again else security_log.SIGN_IN_REFUSED
    if security_log.is_enabled(event):
        security_log.write(
            event,
            request=request,
            user=None if user is None else user.pk,
            reason=reason,
            login_hash=None if credentials is None else security_log.login_hash(credentials),
        )


def tell_rate_limit(rate: str, *, request: HttpRequest) -> None:
    """Tell of a request that was throttled, by the name of its rate."""
    metrics.REFUSALS.add({metrics.REFUSED: "request", metrics.ERROR: "throttled"})
    security_log.write(security_log.RATE_LIMITED, request=request, rate=rate)
