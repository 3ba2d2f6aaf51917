"""By Bearer token: one SELECT for each request."""

from functools import partial
from typing import cast

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from auth_sessions import exceptions, refusals
from auth_sessions.authentication.api_exceptions import to_api_exception
from auth_sessions.authentication.session_of_token import get_valid_session
from auth_sessions.masking import SecretBytes
from auth_sessions.preferences import tell_end_reason
from auth_sessions.tokens import SessionAccessToken, parse


class SessionJWTAuthentication(JWTAuthentication):
    """simplejwt's ``JWTAuthentication``, which also requires that the session of the access token is live.

    ``request.user`` is the user; ``request.auth`` is the validated :class:`~auth_sessions.tokens.SessionAccessToken`
    with the ``session``. Costs exactly one SELECT, as simplejwt's own class does
    (one more where somebody acts in the user's name). Answers 401 with the code
    ``token_not_valid`` (the client should refresh), ``session_not_found``, ``session_expired``, ``password_changed``,
    ``user_inactive`` or ``user_not_found``. ``await request.auser()`` gives the same user as ``request.user``. With the
    request header ``Prefer: end-reason``, ``session_not_found`` says why the session has ended, where that is known.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, SessionAccessToken] | None:  # type: ignore[override]
        try:
            with refusals.telling(request):
                authenticated = cast(
                    "tuple[AbstractBaseUser, SessionAccessToken] | None", super().authenticate(request)
                )
        except APIException as refusal:
            tell_end_reason(refusal, refusal.__cause__, request=request)
            raise
        if authenticated is not None:
            getattr(request, "_request", request).auser = partial(_auser, authenticated[0])
        return authenticated

    def get_header(self, request: Request) -> bytes | None:  # type: ignore[override]
        header = super().get_header(request)
        return None if header is None else SecretBytes(header)

    def get_raw_token(self, header: bytes) -> bytes | None:
        token = super().get_raw_token(header)
        return None if token is None else SecretBytes(token)

    def get_validated_token(self, raw_token: bytes) -> SessionAccessToken:
        try:
            return parse(SessionAccessToken, raw_token)
        except exceptions.TokenNotValid as error:
            raise self.to_api_exception(error) from error

    def get_user(self, validated_token: SessionAccessToken) -> AbstractBaseUser:  # type: ignore[override]
        try:
            validated_token.session = get_valid_session(validated_token)
        except exceptions.AuthSessionsError as error:
            raise self.to_api_exception(error) from error
        return validated_token.session.user

    def to_api_exception(self, error: exceptions.AuthSessionsError) -> APIException:
        """The DRF exception by which the class answers a refusal."""
        return to_api_exception(error)


async def _auser(user: AbstractBaseUser) -> AbstractBaseUser:
    return await sync_to_async(_loaded)(user)


def _loaded(user: AbstractBaseUser) -> AbstractBaseUser:
    """The user, whose row has been read."""
    user.password  # noqa: B018 - reads it
    return user
