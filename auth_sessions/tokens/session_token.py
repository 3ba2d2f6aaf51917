"""What both signed tokens have in common: a session, a generation, and one way to be read."""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import Token

from auth_sessions import exceptions
from auth_sessions.masking import secret_arguments

HIGHEST_GENERATION = 2**31
"""The first value that the column cannot store."""

T = TypeVar("T", bound="SessionToken")


@secret_arguments("token")
def parse(token_class: type[T], token: str | bytes) -> T:
    """Verify and read a raw token.

    Raises :class:`~auth_sessions.exceptions.TokenNotValid`, also for another type, and
    :class:`~auth_sessions.exceptions.TokenExpired`.
    """
    if token is None:
        raise exceptions.TokenNotValid
    try:
        return token_class(token)
    except ExpiredTokenError as error:
        raise exceptions.TokenExpired from error
    except TokenError as error:
        raise exceptions.TokenNotValid from error


class SessionToken(Token):
    """The base of both tokens: simplejwt's ``Token`` with one clock, and with settings read at the moment of use."""

    def __init__(self, token: str | bytes | None = None, verify: bool = True) -> None:
        self.token = token  # type: ignore[assignment]
        self.current_time = timezone.now()
        self.payload = {} if token is None else self._decode(token, verify=verify)
        if token is not None and verify:
            self.verify()

    def _decode(self, token: Any, *, verify: bool) -> dict[str, Any]:
        if not _is_raw(token):
            raise TokenError(_("Token is invalid"))
        with suppress(TokenBackendError):
            return self.get_token_backend().decode(token, verify=verify)
        for backend in self.get_fallback_backends():
            with suppress(TokenBackendError):
                return backend.decode(token, verify=verify)
        raise TokenError(_("Token is invalid"))

    def __repr__(self) -> str:
        """Without the claims, which simplejwt's shows: a refresh token's ``jti`` is a secret."""
        return f"<{type(self).__name__}: session {self.payload.get('session_id')}>"

    def get_fallback_backends(self) -> Iterable[TokenBackend]:
        """The backends of earlier keys, which may have signed the token."""
        return ()

    @property
    def session_id(self) -> uuid.UUID:
        return uuid.UUID(self.payload["session_id"])

    @property
    def generation(self) -> int:
        generation = self.payload["generation"]
        if type(generation) is not int:
            raise TypeError
        return generation

    @property
    def type_claim(self) -> str:
        return "token_type"

    def verify(self) -> None:
        """Raise ``TokenError`` unless the signed claims are of the right type and shape."""
        try:
            well_formed = self.session_id and 0 <= self.generation < HIGHEST_GENERATION
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TokenError(_("Token contains no session")) from error
        if not well_formed or self.payload.get(self.type_claim) != self.token_type:
            raise TokenError(_("Token has wrong type"))


def _is_raw(token: object) -> bool:
    return isinstance(token, (str, bytes))
