"""The REST API. Each view reads its input, calls one function, and builds the response."""

from auth_sessions.views.base import (
    AuthSessionsView,
    BrowserSessionsMissing,
    BrowserSignInView,
    CurrentSessionView,
    HandOverView,
    HasSessionPermission,
    LengthRequired,
    PasswordSignInView,
    ReauthenticateView,
    RefreshView,
    SessionDetailView,
    SessionListView,
    SessionsView,
    SignInView,
    SignOutView,
    StaffView,
    TokenPairView,
    UserSessionListView,
    UserSignOutView,
)

__all__ = [
    "AuthSessionsView",
    "BrowserSessionsMissing",
    "BrowserSignInView",
    "CurrentSessionView",
    "HandOverView",
    "HasSessionPermission",
    "LengthRequired",
    "PasswordSignInView",
    "ReauthenticateView",
    "RefreshView",
    "SessionDetailView",
    "SessionListView",
    "SessionsView",
    "SignInView",
    "SignOutView",
    "StaffView",
    "TokenPairView",
    "UserSessionListView",
    "UserSignOutView",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # the path by which projects, system checks and the schema name it
