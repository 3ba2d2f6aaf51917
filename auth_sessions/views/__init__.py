"""The REST API. Each view reads its input, calls one function, and builds the response."""

from auth_sessions.views.base import AuthSessionsView, LengthRequired, TokenPairView
from auth_sessions.views.hand_over import HandOverView
from auth_sessions.views.reauthentication import ReauthenticateView
from auth_sessions.views.refresh import RefreshView
from auth_sessions.views.sessions import CurrentSessionView, SessionDetailView, SessionListView, SessionsView
from auth_sessions.views.sign_in import BrowserSessionsMissing, BrowserSignInView, PasswordSignInView, SignInView
from auth_sessions.views.sign_out import SignOutView
from auth_sessions.views.staff import HasSessionPermission, StaffView, UserSessionListView, UserSignOutView

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
