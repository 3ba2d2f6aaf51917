"""Authentication for Django REST framework that refuses a signed-out session at once."""

from auth_sessions.authentication.bearer import (
    BrowserSessionAuthentication,
    CachedSessionJWTAuthentication,
    LazyUser,
    SessionJWTAuthentication,
    StepUpRequired,
    get_bearer_classes,
    get_session,
    get_session_of_expired_token,
    get_session_of_refresh_token,
    get_valid_session,
    to_api_exception,
)

__all__ = [
    "BrowserSessionAuthentication",
    "CachedSessionJWTAuthentication",
    "LazyUser",
    "SessionJWTAuthentication",
    "StepUpRequired",
    "get_bearer_classes",
    "get_session",
    "get_session_of_expired_token",
    "get_session_of_refresh_token",
    "get_valid_session",
    "to_api_exception",
]
