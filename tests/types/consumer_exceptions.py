"""As consumer.py: the refusals."""

from __future__ import annotations

from auth_sessions import exceptions

CODES: list[type[exceptions.AuthSessionsError]] = [
    exceptions.HandOverNotValid,
    exceptions.HandOverRefused,
    exceptions.NoActiveAccount,
    exceptions.PasswordChanged,
    exceptions.PasswordTooLong,
    exceptions.ReauthenticationFailed,
    exceptions.RefreshTokenAlreadyUsed,
    exceptions.RefreshTokenForged,
    exceptions.SecondFactorInvalid,
    exceptions.SecondFactorRequired,
    exceptions.SessionExpired,
    exceptions.SessionIdle,
    exceptions.SessionLimitReached,
    exceptions.SessionNotFound,
    exceptions.TokenExpired,
    exceptions.TokenNotValid,
    exceptions.UserInactive,
    exceptions.UserNotFound,
]
