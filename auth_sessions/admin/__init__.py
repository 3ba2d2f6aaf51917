"""The admin: shows sessions of either kind, and revokes them."""

from auth_sessions.admin.sessions import SessionAdmin
from auth_sessions.admin.users import SessionInline, sign_out_everywhere

__all__ = ["SessionAdmin", "SessionInline", "sign_out_everywhere"]
