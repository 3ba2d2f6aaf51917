"""What a project's subclass of a sign-in view may override, of the REST and of the Supabase API alike."""

from auth_sessions.api import DEFAULT, Lifetime


class SignInMixin:
    def get_lifetime(self) -> Lifetime:
        """How long this sign-in may last ("remember me"): a timedelta, None (no end), or ``DEFAULT`` (the setting)."""
        return DEFAULT

    def get_tag(self) -> str:
        """The tag that groups this client for limits."""
        return ""
