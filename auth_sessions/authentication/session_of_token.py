"""The session of a token: read, validated, and recorded as used."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError as InvalidValue
from django.http import HttpRequest

from auth_sessions import exceptions, moments, refusals
from auth_sessions.core.backends import is_known
from auth_sessions.core.database import all_users
from auth_sessions.core.rotation import confirm_generation, verify_refresh_token
from auth_sessions.core.statements.reading import select_session, select_session_and_user
from auth_sessions.core.usage import touch
from auth_sessions.core.validity import EXCEPTIONS, get_end_reason
from auth_sessions.masking import secret_arguments
from auth_sessions.models import Session
from auth_sessions.tokens import SessionAccessToken, SessionRefreshToken, parse
from auth_sessions.tokens.keys import simple_jwt


def get_valid_session(token: SessionAccessToken, *, optional: tuple[str, ...] = ()) -> Session:
    """The live session of a validated access token, with its user, in one SELECT. Records that it was used.

    ``optional`` names related rows that are read with it, if they exist.

    Raises :class:`~auth_sessions.exceptions.TokenNotValid` if session and user do not belong together, and
    subclasses of :class:`~auth_sessions.exceptions.SessionInvalid`.
    """
    session = _select(token, optional=optional)
    _require_live(session, last_used_at=moments.latest(session.last_seen_at, token.rotated_at))
    is_stored = token.current_time.timestamp() > token.confirms_at
    touch(session, confirms=token.generation if is_stored else 0)
    return session


def get_session_of_expired_token(token: SessionAccessToken, *, optional: tuple[str, ...] = ()) -> Session:
    """The live session of an access token that is valid but for its ``exp``, for a sign-out. Records no use.

    A device whose clock is behind does not know that its token has expired, and believes that it has signed out. Raises
    :class:`~auth_sessions.exceptions.TokenExpired` for a token older than the previous generation, and what
    :func:`get_valid_session` raises.
    """
    session = _select(token, "refresh_token", optional=optional)
    if token.generation < session.refresh_token.generation - 1:
        raise exceptions.TokenExpired
    _require_live(session, last_used_at=session.last_used_at)
    return session


def _select(token: SessionAccessToken, *related: str, optional: tuple[str, ...] = ()) -> Session:
    user_field = simple_jwt("USER_ID_FIELD")
    primary_key = None if related else primary_key_named(user_field)
    if primary_key is not None:
        key = _as_key(primary_key.to_python, token.user_id)
        _as_key(primary_key.get_prep_value, key)
        session, user = select_session_and_user(token.session_id, key, optional=optional)
    else:
        session = select_session(token.session_id, "user", *related, optional=optional, with_user_visibility=True)
        if session is None:
            user = _as_key(lambda value: all_users().filter(**{user_field: value}).first(), token.user_id)
        else:
            user = session.user
    if session is None:
        raise _missing(token, user)
    if user is None or session.user_id != user.pk or str(getattr(user, user_field)) != token.user_id:
        raise refusals.about(exceptions.TokenNotValid(), session_id=session.pk, user_id=session.user_id)
    return session


def primary_key_named(user_field: str) -> Any:
    """The primary key of the user model, if that is the field of this name; else None."""
    primary_key = get_user_model()._meta.pk
    return primary_key if user_field in {"pk", primary_key.attname} else None


def _as_key(use: Callable[[Any], Any], value: Any) -> Any:
    """What ``use`` makes of it. Raises ``TokenNotValid`` for what cannot be a key."""
    try:
        return use(value)
    except (ValueError, TypeError, InvalidValue) as error:
        raise exceptions.TokenNotValid from error


def _require_live(session: Session, *, last_used_at: datetime) -> None:
    if reason := get_end_reason(session, last_used_at=last_used_at):
        raise EXCEPTIONS[reason](session)


def _missing(token: SessionAccessToken, user: AbstractBaseUser | None) -> exceptions.AuthSessionsError:
    """Why a session does not exist: it has ended, or its user does not exist or is known to no backend."""
    if user is None:
        return exceptions.UserNotFound(session_id=token.session_id)
    error = exceptions.SessionNotFound if is_known(user, "") else exceptions.UserInactive
    return refusals.about(error(session_id=token.session_id), user_id=user.pk)


@secret_arguments("token")
def get_session_of_refresh_token(token: str, *, request: HttpRequest | None = None) -> Session:
    """The session of a refresh token, which is verified as in a refresh, but not rotated.

    Raises what :func:`auth_sessions.api.refresh` raises.
    """
    with refusals.telling(request):
        parsed = parse(SessionRefreshToken, token)
        session = verify_refresh_token(parsed.session_id, generation=parsed.generation, jti=parsed.jti, request=request)
    confirm_generation(session, generation=parsed.generation)
    return session
