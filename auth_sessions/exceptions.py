"""The refusals of the app. Each has a stable ``code``; the views decide about the HTTP response."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from uuid import UUID

    from auth_sessions.models import Session


class AuthSessionsError(Exception):
    """A refusal: ``code`` is for programs and never changes, ``detail`` is for people."""

    code: ClassVar[str]
    detail: ClassVar[str | Promise]

    _is_told = False
    """Whether the security log tells of it."""
    _about: dict[str, Any] = {}
    """What the security log says of it, beside the session."""

    def __str__(self) -> str:
        return str(self.detail)


class NoActiveAccount(AuthSessionsError):
    """``authenticate()`` has accepted no active user for these credentials."""

    code = "no_active_account"
    detail = _("No active account found with the given credentials.")


class PasswordTooLong(AuthSessionsError):
    """A hasher of ``PASSWORD_HASHERS`` does not take a password of this length: bcrypt takes 72 bytes."""

    code = "password_too_long"
    detail = _("This password is too long.")


class SecondFactorRequired(AuthSessionsError):
    """The credentials are right, and this person must also give a code."""

    code = "second_factor_required"
    detail = _("Enter the code of your second factor.")


class SecondFactorInvalid(AuthSessionsError):
    """The credentials are right, and the code is not."""

    code = "second_factor_invalid"
    detail = _("This code was not accepted.")


class InsufficientUserAuthentication(AuthSessionsError):
    """The session is live, and its last proof of identity is too old, or was made by other methods (RFC 9470).

    ``max_age`` is how old the proof may be, None if it may have any age. ``methods`` are authentication method
    references (RFC 8176), one of which is needed; empty if any will do. ``is_too_old`` tells whether such a proof was
    given, and is too old.
    """

    code = "insufficient_user_authentication"
    detail = _("Show again that it is you.")

    def __init__(self, *, max_age: timedelta | None, methods: tuple[str, ...] = (), is_too_old: bool = True) -> None:
        super().__init__()
        self.max_age = max_age
        self.methods = methods
        self.is_too_old = is_too_old


class ReauthenticationFailed(AuthSessionsError):
    """The password, or another proof, is not that of the person who is signed in. Their session stays."""

    code = "reauthentication_failed"
    detail = _("This does not show that it is you. Try again.")


class ReauthenticationUnavailable(AuthSessionsError):
    """The person who is signed in has neither a password nor a second factor that could be asked for."""

    code = "reauthentication_unavailable"
    detail = _("You have neither a password nor a second factor. Sign in again.")


class TokenNotValid(AuthSessionsError):
    """The token is expired, malformed, not signed by this project, or its session is another user's."""

    code = "token_not_valid"
    detail = _("Token is invalid or expired.")


class TokenExpired(TokenNotValid):
    """The token is signed by this project, and has passed its ``exp``."""


class RefreshTokenForged(TokenNotValid):
    """The refresh token is signed by this project, but was never issued for this session."""


class RefreshTokenAlreadyUsed(AuthSessionsError):
    """A rotated refresh token was reused, which is treated as theft: its session has ended."""

    code = "refresh_token_already_used"
    detail = _("This refresh token was already used. Its session has been ended.")


class SessionLimitReached(AuthSessionsError):
    """The user has ``AUTH_SESSIONS_MAX_PER_USER`` live sessions, and the limit policy is ``"refuse"``."""

    code = "session_limit_reached"
    detail = _("You are signed in on too many devices.")


class HandOverRefused(AuthSessionsError):
    """The session may not sign its person in elsewhere.

    It is a browser's, somebody acts in it in another person's name, or it has outlived the password it began with.
    """

    code = "hand_over_refused"
    detail = _("This sign-in cannot be handed over to a browser.")


class HandOverNotValid(AuthSessionsError):
    """The code of a hand-over is expired, used, replaced by another or not ours, or its session is not live."""

    code = "hand_over_not_valid"
    detail = _("This link has expired.")


class SessionInvalid(AuthSessionsError):
    """The credential is genuine, but its session is not live: the person must sign in again.

    ``session`` is the row, if it exists, and ``session_id`` its key, if the credential names one.
    """

    def __init__(self, session: Session | None = None, *, session_id: UUID | None = None) -> None:
        super().__init__()
        self.session = session
        self.session_id = session_id if session is None else session.pk


class SessionNotFound(SessionInvalid):
    """The row of the session does not exist."""

    code = "session_not_found"
    detail = _("The session has ended.")


class SessionExpired(SessionInvalid):
    """The session has passed its ``expires_at``."""

    code = "session_expired"
    detail = _("The session has expired.")


class SessionIdle(SessionExpired):
    """The session was unused for longer than ``AUTH_SESSIONS_IDLE_TIMEOUT``."""


class PasswordChanged(SessionInvalid):
    """The user's password is not the one that the session was authenticated with."""

    code = "password_changed"
    detail = _("The password has been changed since this sign-in.")


class UserInactive(SessionInvalid):
    """The user's ``is_active`` is False, or the authentication backend that let them in does not know them any more."""

    code = "user_inactive"
    detail = _("The user is inactive.")


class UserNotFound(SessionInvalid):
    """The row of the user does not exist."""

    code = "user_not_found"
    detail = _("The user no longer exists.")
