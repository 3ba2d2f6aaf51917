"""Refusals in simplejwt's words and with its codes, by which its clients decide what to do."""

from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy
from rest_framework import exceptions as drf
from rest_framework.exceptions import APIException
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError
from rest_framework_simplejwt.serializers import TokenObtainSerializer, TokenRefreshSerializer

from auth_sessions import exceptions
from auth_sessions.authentication import to_api_exception
from auth_sessions.exceptions import AuthSessionsError
from auth_sessions.tokens.keys import simple_jwt

# simplejwt has these in its own catalogues: it translates them where it is in INSTALLED_APPS.
INVALID, EXPIRED, BLACKLISTED, NO_TYPE, NOT_FOUND, INACTIVE = map(
    gettext_lazy,
    (
        "Token is invalid",
        "Token is expired",
        "Token is blacklisted",
        "Given token not valid for any token type",
        "User not found",
        "User is inactive",
    ),
)

NO_ACCOUNT = exceptions.NoActiveAccount.code


def of_view(error: AuthSessionsError) -> APIException:
    """The refusal of a view: a person who may not be signed in without a code, and what is wrong with a token."""
    if isinstance(error, exceptions.NoActiveAccount):
        return drf.AuthenticationFailed(TokenObtainSerializer.default_error_messages[NO_ACCOUNT], NO_ACCOUNT)
    if isinstance(error, (exceptions.UserInactive, exceptions.UserNotFound)):
        return drf.AuthenticationFailed(TokenRefreshSerializer.default_error_messages[NO_ACCOUNT], NO_ACCOUNT)
    if _is_of_token(error):
        return InvalidToken(_text(error))
    return to_api_exception(error)


def of_request(error: AuthSessionsError) -> APIException:
    """The refusal of an access token. Also of one whose session has ended: ``token_not_valid``, which says refresh.

    The refresh is refused as well, and then the client asks the person to sign in.
    """
    if isinstance(error, exceptions.UserNotFound):
        return AuthenticationFailed(NOT_FOUND, code=error.code)  # type: ignore[arg-type]
    if isinstance(error, exceptions.UserInactive):
        return AuthenticationFailed(INACTIVE, code=error.code)  # type: ignore[arg-type]
    if _is_of_token(error):
        return InvalidToken({"detail": NO_TYPE, "messages": _for_token_classes(_text(error))})
    return to_api_exception(error)


def _is_of_token(error: AuthSessionsError) -> bool:
    refused = (exceptions.TokenNotValid, exceptions.SessionInvalid, exceptions.RefreshTokenAlreadyUsed)
    return isinstance(error, refused)


def _text(error: AuthSessionsError) -> str:
    """What simplejwt says of a token. It has one word for each that was good and is not any more."""
    if isinstance(error.__cause__, TokenError):
        return str(error.__cause__)
    if isinstance(error, exceptions.RefreshTokenForged):
        return str(INVALID)
    return str(EXPIRED if isinstance(error, exceptions.SessionExpired) else BLACKLISTED)


def _for_token_classes(text: str) -> list[dict[str, Any]]:
    """One message for each kind of token that the project accepts."""
    classes = [import_string(each) if isinstance(each, str) else each for each in simple_jwt("AUTH_TOKEN_CLASSES")]
    return [{"token_class": each.__name__, "token_type": each.token_type, "message": text} for each in classes]
