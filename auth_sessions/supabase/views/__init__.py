"""The endpoints of Supabase's clients. Each view reads its input, calls one function, and builds the response."""

from auth_sessions.supabase.views.user import (
    HealthView,
    JSONOnly,
    KeySetView,
    LogoutView,
    PasswordGrantView,
    RefreshTokenGrantView,
    SettingsView,
    SignedInView,
    SignInBaseView,
    SignupView,
    SupabaseView,
    TokenView,
    UnknownPathView,
    UnsupportedGrantView,
    UserView,
)

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

for _name in __all__:
    globals()[_name].__module__ = __name__  # the path by which projects, system checks and the schema name it
