"""Authentication for Django REST framework that refuses a signed-out session at once."""

from auth_sessions.authentication.api_exceptions import StepUpRequired, to_api_exception
from auth_sessions.authentication.bearer import SessionJWTAuthentication
from auth_sessions.authentication.cached import CachedSessionJWTAuthentication
from auth_sessions.authentication.cookie import BrowserSessionAuthentication
from auth_sessions.authentication.default_classes import get_bearer_classes
from auth_sessions.authentication.lazy_user import LazyUser
from auth_sessions.authentication.session_of_request import get_session
from auth_sessions.authentication.session_of_token import (
    get_session_of_expired_token,
    get_session_of_refresh_token,
    get_valid_session,
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
