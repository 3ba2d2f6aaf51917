"""The signed pair of tokens that carries a session, and the keys that sign it."""

from auth_sessions.tokens.access_token import SessionAccessToken
from auth_sessions.tokens.pair import TokenPair, issue
from auth_sessions.tokens.refresh_token import SessionRefreshToken
from auth_sessions.tokens.session_token import parse

__all__ = ["SessionAccessToken", "SessionRefreshToken", "TokenPair", "issue", "parse"]
