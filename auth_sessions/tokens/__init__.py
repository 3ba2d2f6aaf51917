"""The signed pair of tokens that carries a session, and the keys that sign it."""

from auth_sessions.tokens.access_token import SessionAccessToken, SessionRefreshToken, parse
from auth_sessions.tokens.pair import TokenPair, issue

__all__ = ["SessionAccessToken", "SessionRefreshToken", "TokenPair", "issue", "parse"]
