"""The refresh token, which only this app reads."""

from collections.abc import Iterable

from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend

from auth_sessions import moments
from auth_sessions.conf import conf
from auth_sessions.masking import Secret, conceal
from auth_sessions.models import Session
from auth_sessions.tokens.keys import refresh_backend
from auth_sessions.tokens.session_token import SessionToken


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
        if (idle_timeout := conf.AUTH_SESSIONS_IDLE_TIMEOUT) is not None:
            ends.append(moments.to_seconds(row.rotated_at) + idle_timeout.total_seconds())
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
