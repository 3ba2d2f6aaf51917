"""The face's own settings, beside those of the core."""

from typing import cast

from auth_sessions.conf import Settings


class SupabaseSettings(Settings):
    @property
    def SUPABASE_SIGNUP(self) -> bool:
        """Whether ``POST signup`` accepts new users."""
        return cast("bool", self._read("SUPABASE_SIGNUP", False))


conf = SupabaseSettings()
