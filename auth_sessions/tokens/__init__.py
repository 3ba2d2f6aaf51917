"""The signed pair that carries a session, and the keys that sign it."""

from auth_sessions.tokens.pair import (
    SessionAccessToken,
    SessionRefreshToken,
    TokenPair,
    issue,
    parse,
    present,
    refresh,
)

__all__ = ["SessionAccessToken", "SessionRefreshToken", "TokenPair", "issue", "parse", "present", "refresh"]
