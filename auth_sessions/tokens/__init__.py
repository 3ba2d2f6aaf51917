"""The signed pair of tokens that carries a session, and the keys that sign it."""

from auth_sessions.tokens.pair import TokenPair, issue
from auth_sessions.tokens.session_tokens import SessionAccessToken, SessionRefreshToken, parse

__all__ = ["SessionAccessToken", "SessionRefreshToken", "TokenPair", "issue", "parse"]
