"""The face's own settings, beside those of the core."""

from datetime import timedelta
from typing import cast

from auth_sessions.conf import Settings


class PagesSettings(Settings):
    @property
    def FRESH_AGE(self) -> timedelta | None:
        """Ending other devices asks for the password again when the sign-in is older than this; None: never."""
        return cast("timedelta | None", self._read("FRESH_AGE", timedelta(minutes=10)))


conf = PagesSettings()
