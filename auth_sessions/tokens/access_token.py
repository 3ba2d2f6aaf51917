"""The access token, which services may verify."""

import uuid
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.exceptions import TokenError

from auth_sessions import moments, signals
from auth_sessions.conf import conf
from auth_sessions.core.database import as_told
from auth_sessions.models import Session
from auth_sessions.tokens.keys import simple_jwt
from auth_sessions.tokens.project_token import ProjectToken


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

    @property
    def confirms_at(self) -> float:
        """The time (Unix) after which a use of this token shows that the client has stored its pair.

        It is later than ``AUTH_SESSIONS_REUSE_INTERVAL`` after the token's own issue, because a client that cannot
        store the pair uses the access token at once. ``iat`` has whole seconds, and a clock may be ahead by the leeway.
        """
        issued_at: float = self.payload["iat"]
        leeway = self.get_token_backend().get_leeway()
        return issued_at + conf.AUTH_SESSIONS_REUSE_INTERVAL.total_seconds() + 1 + leeway.total_seconds()

    def verify(self) -> None:
        self.verify_start()
        self.verify_end()
        self.verify_claims()

    def verify_claims(self) -> None:
        """Raise ``TokenError`` unless the claims contain a session, a user, a generation and the times of issue."""
        super().verify()
        try:
            user_id = self.user_id.encode()
            complete = user_id and b"\0" not in user_id and self._is_moment("rotated_at") and self._is_moment("iat")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
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
