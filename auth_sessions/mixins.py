"""The methods of a sign-in view that a project may override, in the REST API and in the Supabase API."""

from auth_sessions.api import DEFAULT, Lifetime


class SignInMixin:
    """How long a new session lasts, and which tag it gets."""

    def get_lifetime(self) -> Lifetime:
        """The lifetime of the session ("remember me"): a timedelta, None (no end), or ``DEFAULT`` (the setting)."""
        return DEFAULT

    def get_tag(self) -> str:
        """The tag that groups this client for limits, at most 100 characters."""
        return ""
