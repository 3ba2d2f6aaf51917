"""What tokens have in common that the keys of ``SIMPLE_JWT`` sign."""

import math
from collections.abc import Iterable
from datetime import datetime

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError

from auth_sessions import moments
from auth_sessions.tokens.keys import access_backend, fallback_backends, simple_jwt
from auth_sessions.tokens.session_token import SessionToken


class ProjectToken(SessionToken):
    """The base of tokens that are signed by the keys of ``SIMPLE_JWT``, and have its claim names."""

    @property
    def type_claim(self) -> str:
        return simple_jwt("TOKEN_TYPE_CLAIM") or "token_type"

    @property
    def user_id(self) -> str:
        return str(self.payload[simple_jwt("USER_ID_CLAIM")])

    def _moment(self, claim: str) -> datetime:
        return moments.from_seconds(_seconds(self.payload[claim]))

    def _is_moment(self, claim: str) -> bool:
        """Whether the claim is a moment. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is no time."""
        return moments.is_plausible(_seconds(self.payload[claim]))

    def verify_start(self) -> None:
        """Raise ``TokenError`` before ``nbf``, which a token has if the project has added it."""
        if "nbf" not in self.payload:
            return
        leeway = self.get_token_backend().get_leeway()
        try:
            has_begun = _seconds(self.payload["nbf"]) <= self.current_time.timestamp() + leeway.total_seconds()
        except (TypeError, ValueError, OverflowError) as error:
            raise TokenError(_("Token is incomplete")) from error
        if not has_begun:
            raise TokenError(_("Token is invalid"))

    def verify_end(self) -> None:
        """Raise ``ExpiredTokenError`` at or after ``exp``."""
        leeway = self.get_token_backend().get_leeway()
        try:
            live = _seconds(self.payload["exp"]) > self.current_time.timestamp() - leeway.total_seconds()
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TokenError(_("Token is incomplete")) from error
        if not live:
            raise ExpiredTokenError(_("Token is expired"))

    @cached_property
    def backend(self) -> TokenBackend:
        return access_backend()

    def get_token_backend(self) -> TokenBackend:
        return self.backend

    def get_fallback_backends(self) -> Iterable[TokenBackend]:
        return fallback_backends()


def _seconds(value: object) -> float:
    """A NumericDate (RFC 7519, section 2). Raises ``TypeError`` or ``ValueError`` for any other value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    if not math.isfinite(value):
        raise ValueError
    return value
