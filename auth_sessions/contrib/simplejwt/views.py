"""simplejwt's views over sessions: the same requests and responses, for clients that do not change.

A refusal is answered as simplejwt does: a person who may not be signed in with DRF's ``{"detail"}``, and whatever is
wrong with a token as ``token_not_valid``.
"""

from typing import Any

from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from auth_sessions import api, views
from auth_sessions.authentication import get_session_of_refresh_token, get_valid_session
from auth_sessions.choices import Scope
from auth_sessions.contrib.simplejwt import exchange, refusals
from auth_sessions.contrib.simplejwt.authentication import accepts_old_access_tokens
from auth_sessions.contrib.simplejwt.old_tokens import (
    OldAccessToken,
    OldRefreshToken,
    OldSlidingToken,
    OldToken,
    parse_first,
)
from auth_sessions.contrib.simplejwt.serializers import ObtainSerializer, TokenSerializer
from auth_sessions.core.rotation import read_refresh_token
from auth_sessions.exceptions import AuthSessionsError, TokenNotValid
from auth_sessions.masking import Secret, secret_arguments
from auth_sessions.mixins import NewSessionMixin
from auth_sessions.models import Session
from auth_sessions.serializers import RefreshSerializer
from auth_sessions.tokens import SessionAccessToken, SessionRefreshToken, issue

SLIDING = "sliding"
"""The claim of an access token that is renewed by itself, as a sliding token is."""


class SimpleJWTView(views.TokenPairView):
    """The base of the views: refusals, and what creates the session of an old token."""

    def to_api_exception(self, error: AuthSessionsError) -> APIException:
        return refusals.of_view(error)


class ExchangeView(NewSessionMixin, SimpleJWTView):
    """The base of the refreshes: an old token is exchanged for a session."""

    action_throttle_scope = "auth_sessions_refresh"
    old_token: OldToken
    """What is exchanged: :meth:`get_tag` and :meth:`get_lifetime` may read its claims and its ``expires_at``."""

    def exchange(self, token: OldToken) -> Session:
        self.old_token = token
        return exchange.refresh(token, request=self.request._request, tag=self.get_tag(), lifetime=self.get_lifetime())


class TokenObtainPairView(SimpleJWTView, views.SignInView):
    """``POST {<USERNAME_FIELD>, "password"}``: 200 ``{"access", "refresh"}``; 401."""

    serializer_class = ObtainSerializer

    def get_response_data(self, session: Session, pair: api.TokenPair) -> dict[str, Any]:
        return {"refresh": pair.refresh, "access": pair.access}


class TokenRefreshView(ExchangeView, views.RefreshView):
    """``POST {"refresh"}``: 200 ``{"access", "refresh"}``; 401."""

    @secret_arguments("token")
    def refresh(self, request: Request, token: str) -> api.TokenPair:
        parsed = parse_first(token, SessionRefreshToken, OldRefreshToken)
        if isinstance(parsed, OldToken):
            return issue(self.exchange(parsed), request=request._request)
        return super().refresh(request, token)


class TokenVerifyView(SimpleJWTView):
    """``POST {"token"}``: 200 ``{}`` for an access or refresh token whose session is live; 401."""

    serializer_class = TokenSerializer
    action_throttle_scope = "auth_sessions_verify"  # of its own: services ask at every request

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        self.verify(self.read(request).validated_data["token"])
        return Response({})

    @secret_arguments("token")
    def verify(self, token: str) -> None:
        """Raise an error of ``auth_sessions.exceptions`` unless the token may be used. Ends and rotates nothing."""
        access: tuple[type[OldToken], ...] = (OldAccessToken,) if accepts_old_access_tokens() else ()
        parsed = parse_first(token, SessionAccessToken, SessionRefreshToken, OldRefreshToken, OldSlidingToken, *access)
        if isinstance(parsed, SessionAccessToken):
            get_valid_session(parsed)
        elif isinstance(parsed, SessionRefreshToken):
            read_refresh_token(parsed.session_id, generation=parsed.generation, jti=parsed.jti)
        elif isinstance(parsed, OldAccessToken):
            exchange.authenticate(parsed)
        elif isinstance(parsed, OldToken):
            exchange.verify(parsed)


class TokenBlacklistView(SimpleJWTView):
    """``POST {"refresh"}``: signs this device out, 200 ``{}``; 401 for a token that is not good any more."""

    serializer_class = RefreshSerializer
    action_throttle_scope = "auth_sessions_sign_out"

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        self.sign_out(request, self.read(request).validated_data["refresh"])
        return Response({})

    @secret_arguments("token")
    def sign_out(self, request: Request, token: str) -> None:
        parsed = parse_first(token, SessionRefreshToken, OldRefreshToken)
        if isinstance(parsed, OldToken):
            exchange.end(parsed, request=request._request)
        else:
            session = get_session_of_refresh_token(token, request=request._request)
            api.sign_out(session, Scope.LOCAL, request=request._request)


class TokenObtainSlidingView(TokenObtainPairView):
    """``POST {<USERNAME_FIELD>, "password"}``: 200 ``{"token"}``, which is access token and refresh token in one."""

    def get_response_data(self, session: Session, pair: api.TokenPair) -> dict[str, Any]:
        return {"token": issue_sliding(session, request=self.request)}


class TokenRefreshSlidingView(ExchangeView):
    """``POST {"token"}``: 200 ``{"token"}``, as long as the token has not expired and the session is live; 401."""

    serializer_class = TokenSerializer

    @sensitive_variables()
    def post(self, request: Request, **kwargs: object) -> Response:
        parsed = parse_first(self.read(request).validated_data["token"], SessionAccessToken, OldSlidingToken)
        session = self.exchange(parsed) if isinstance(parsed, OldToken) else self.renew(parsed)
        return Response(self.get_response_data(session, issue(session, request=request._request)))

    def renew(self, token: Any) -> Session:
        if token.get(SLIDING) is not True:
            raise TokenNotValid
        return get_valid_session(token)

    def get_response_data(self, session: Session, pair: api.TokenPair) -> dict[str, Any]:
        return {"token": issue_sliding(session, request=self.request)}


def issue_sliding(session: Session, *, request: Request) -> str:
    """An access token that :class:`TokenRefreshSlidingView` renews."""
    token = SessionAccessToken.for_session(session, request=request._request)
    token[SLIDING] = True
    return Secret(token)
