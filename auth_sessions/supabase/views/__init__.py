"""The endpoints of Supabase's clients. Each view reads its input, calls one function, and builds the response."""

from auth_sessions.supabase.views.base import JSONOnly, SignedInView, SupabaseView
from auth_sessions.supabase.views.grants import RefreshTokenGrantView, TokenView, UnsupportedGrantView
from auth_sessions.supabase.views.logout import LogoutView
from auth_sessions.supabase.views.server import HealthView, KeySetView, SettingsView, UnknownPathView
from auth_sessions.supabase.views.sign_in import PasswordGrantView, SignInBaseView
from auth_sessions.supabase.views.signup import SignupView
from auth_sessions.supabase.views.user import UserView

__all__ = [
    "HealthView",
    "JSONOnly",
    "KeySetView",
    "LogoutView",
    "PasswordGrantView",
    "RefreshTokenGrantView",
    "SettingsView",
    "SignInBaseView",
    "SignedInView",
    "SignupView",
    "SupabaseView",
    "TokenView",
    "UnknownPathView",
    "UnsupportedGrantView",
    "UserView",
]
