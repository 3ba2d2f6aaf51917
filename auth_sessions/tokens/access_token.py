"""The two signed tokens: the access token, which services may verify, and the refresh token, which this app reads."""

import math
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import Token

from auth_sessions import exceptions, moments, signals
from auth_sessions.conf import conf
from auth_sessions.core.database import as_told
from auth_sessions.masking import Secret, conceal, secret_arguments
from auth_sessions.models import Session
from auth_sessions.tokens.keys import access_backend, fallback_backends, refresh_backend, simple_jwt

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


class SessionRefreshToken(SessionToken):
    """The refresh token: signed with HS256 and a key derived from ``SECRET_KEY``, independently of ``SIMPLE_JWT``.

    All of its claims are determined by the row: nothing is random, and nothing is taken from the time of the request.
    ``exp`` tells the client when an unused session ends; the row decides.
    """

    token_type = "refresh"  # noqa: S105

    @classmethod
    def for_session(cls, session: Session) -> "SessionRefreshToken":
        row = session.refresh_token
        token = cls()
        token.payload = {
            token.type_claim: cls.token_type,
            "session_id": str(session.pk),
            "generation": row.generation,
            "jti": row.jti_of(row.generation),
            "iat": int(moments.to_seconds(row.rotated_at)),
        }
        ends = [] if session.expires_at is None else [moments.to_seconds(session.expires_at)]
        if conf.AUTH_SESSIONS_IDLE_TIMEOUT is not None:
            ends.append(moments.to_seconds(row.rotated_at) + conf.AUTH_SESSIONS_IDLE_TIMEOUT.total_seconds())
        if ends:
            token["exp"] = int(min(ends))
        return token

    @property
    def jti(self) -> str:
        return Secret(str(self.payload.get("jti")).encode(errors="replace").decode())

    def get_token_backend(self) -> TokenBackend:
        return refresh_backend(settings.SECRET_KEY)

    def get_fallback_backends(self) -> Iterable[TokenBackend]:
        return [refresh_backend(secret_key) for secret_key in conceal(list(settings.SECRET_KEY_FALLBACKS))]


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


class SessionAccessToken(ProjectToken):
    """The access token: simplejwt's, with the keys and the claim names of ``SIMPLE_JWT``, and with its session.

    The app's claims are ``session_id``, ``generation`` (of the refresh token issued with it) and ``rotated_at`` (when
    that generation was issued, Unix seconds), ``auth_time`` (the last proof of identity, Unix seconds, if it is known),
    and ``act`` (RFC 8693, section 4.1) where somebody acts in the user's name. ``amr`` are the methods of the proofs in
    this session (RFC 8176), unless a receiver of ``access_token_issuing`` has set another. ``exp`` is never later than
    the session's ``expires_at``.
    """

    token_type = "access"  # noqa: S105
    read_session: Callable[[], Session] | None = None

    @cached_property
    def session(self) -> Session:
        """Set by :class:`~auth_sessions.authentication.SessionJWTAuthentication`, or read when it is used first."""
        if self.read_session is None:
            raise AttributeError("session")
        return self.read_session()

    @classmethod
    def for_session(
        cls,
        session: Session,
        *,
        request: HttpRequest | None = None,
        people: dict[str, Any] | None = None,
        generation: int | None = None,
    ) -> "SessionAccessToken":
        """The token of a session. ``people`` are the claims of :func:`claims_of_people`, if they were taken before.

        ``generation`` is that of the refresh token which the client holds, by default the one issued last.
        """
        row = session.refresh_token
        token = cls()
        expires_at = token.current_time.timestamp() + simple_jwt("ACCESS_TOKEN_LIFETIME").total_seconds()
        if session.expires_at is not None:
            expires_at = min(expires_at, moments.to_seconds(session.expires_at))
        own_claims = {
            token.type_claim: cls.token_type,
            "exp": int(expires_at),
            "iat": int(token.current_time.timestamp()),
            simple_jwt("JTI_CLAIM") or "jti": uuid.uuid4().hex,
            "session_id": str(session.pk),
            "generation": row.generation if generation is None else generation,
            "rotated_at": moments.to_seconds(row.rotated_at),
            **_claims_of_proof(session),
            **(claims_of_people(session) if people is None else people),
        }
        token.payload = own_claims
        if signals.access_token_issuing.has_listeners(cls):
            token.payload = deepcopy(own_claims)
            signals.access_token_issuing.send(sender=cls, token=token, session=as_told(session), request=request)
            token.payload.update(own_claims)
        if "auth_time" not in own_claims:
            token.payload.pop("auth_time", None)
        elif session.amr:
            token.payload.setdefault("amr", list(session.amr))
        return token

    @cached_property
    def rotated_at(self) -> datetime:
        """When this generation was issued; now, if the claim is in the future (the issuer's clock was ahead)."""
        return min(self._moment("rotated_at"), self.current_time)

    @cached_property
    def confirms_at(self) -> datetime:
        """The time after which a use of this token shows that the client has stored its pair.

        It is later than ``AUTH_SESSIONS_REUSE_INTERVAL`` after the token's own issue, because a client that cannot
        store the pair uses the access token at once. ``iat`` has whole seconds, and a clock may be ahead by the leeway.
        """
        leeway = self.get_token_backend().get_leeway()
        return moments.add(self._moment("iat"), conf.AUTH_SESSIONS_REUSE_INTERVAL + timedelta(seconds=1) + leeway)

    def verify(self) -> None:
        self.verify_start()
        self.verify_end()
        self.verify_claims()

    def verify_claims(self) -> None:
        """Raise ``TokenError`` unless the claims contain a session, a user, a generation and the times of issue."""
        super().verify()
        try:
            complete = self.user_id.encode() and "\0" not in self.user_id and self.rotated_at and self.confirms_at
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise TokenError(_("Token is incomplete")) from error
        if not complete:
            raise TokenError(_("Token is incomplete"))


def claims_of_people(session: Session) -> dict[str, Any]:
    """Whose token it is, and who acts in their name. Taken before receivers get the user, who may change them."""
    key = simple_jwt("USER_ID_FIELD")
    claims: dict[str, Any] = {simple_jwt("USER_ID_CLAIM"): str(getattr(session.user, key))}
    if session.actor is not None:
        claims["act"] = {"sub": str(getattr(session.actor, key))}
    return claims


def _claims_of_proof(session: Session) -> dict[str, Any]:
    """``auth_time`` (OpenID Connect Core, section 2; RFC 9068, section 2.2.1), if the last proof is known."""
    at = session.authenticated_at
    return {} if at is None else {"auth_time": int(moments.to_seconds(at))}


def _is_raw(token: object) -> bool:
    return isinstance(token, (str, bytes))


def _seconds(value: object) -> float:
    """A NumericDate (RFC 7519, section 2). Raises ``TypeError`` or ``ValueError`` for any other value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    if not math.isfinite(value):
        raise ValueError
    return value
