"""Why this app refuses. Each error has a stable ``code``; what it is over HTTP, the views decide."""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class AuthSessionsError(Exception):
    """A refusal: ``code`` is for programs and never changes, ``detail`` is for people."""

    code: ClassVar[str]
    detail: ClassVar[str | Promise]

    def __str__(self) -> str:
        return str(self.detail)


class NoActiveAccount(AuthSessionsError):
    code = "no_active_account"
    detail = _("No active account found with the given credentials.")


class TokenNotValid(AuthSessionsError):
    code = "token_not_valid"
    detail = _("Token is invalid or expired.")


class RefreshTokenForged(TokenNotValid):
    """Signed by this project, but never issued by this database."""


class RefreshTokenAlreadyUsed(AuthSessionsError):
    code = "refresh_token_already_used"
    detail = _("This refresh token was already used. Its session has been ended.")


class SessionLimitReached(AuthSessionsError):
    code = "session_limit_reached"
    detail = _("You are signed in on too many devices.")


class SessionInvalid(AuthSessionsError):
    """The credential is genuine, but its session no longer counts: sign in again. ``session`` is the row, if any."""

    def __init__(self, session: Any = None) -> None:
        super().__init__()
        self.session = session


class SessionNotFound(SessionInvalid):
    code = "session_not_found"
    detail = _("The session has ended.")


class SessionExpired(SessionInvalid):
    code = "session_expired"
    detail = _("The session has expired.")


class SessionIdle(SessionExpired):
    """Unused for longer than ``AUTH_SESSIONS_IDLE_TIMEOUT``."""


class PasswordChanged(SessionInvalid):
    code = "password_changed"
    detail = _("The password has been changed since this sign-in.")


class UserInactive(SessionInvalid):
    code = "user_inactive"
    detail = _("The user is inactive.")


class UserNotFound(SessionInvalid):
    code = "user_not_found"
    detail = _("The user no longer exists.")
