"""simplejwt's requests and responses in a schema, where ``auth_sessions.contrib.simplejwt`` is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import status

from auth_sessions import exceptions
from auth_sessions.openapi.components import AuthSessionsTokens, NamedSerializer, shown
from auth_sessions.openapi.refusals import BODY_REFUSED, TEXT, THROTTLED, Responses, json_object, refused
from auth_sessions.openapi.views import Described, DescribedViews, Descriptions, Operation

TAGS = ("token",)

SECOND_FACTOR_CODES = [exceptions.SecondFactorRequired.code, exceptions.SecondFactorInvalid.code]

SLIDING = OpenApiResponse(json_object(token=TEXT), "The token.")

NOTHING = OpenApiResponse({"type": "object", "properties": {}}, "Done.")

NEW_SESSION: Responses = {
    status.HTTP_403_FORBIDDEN: refused("The user has too many sessions.", exceptions.SessionLimitReached.code)
}


def unauthorized(*codes: str) -> OpenApiResponse:
    """A refusal as simplejwt's: without a code for a person who may not be signed in."""
    code = {"type": "string", "enum": list(codes)}
    shape = {"type": "object", "properties": {"detail": TEXT, "code": code}, "required": ["detail"]}
    return OpenApiResponse(shape, "Not accepted.")


def describe(
    name: str, summary: str, answer: Any, *codes: str, creates_session: bool = False
) -> Callable[[Any], Described]:
    """What describes a view with one operation: ``POST``."""

    def described(view: Any) -> Described:
        responses: Responses = {
            status.HTTP_200_OK: shown(view, answer),
            status.HTTP_401_UNAUTHORIZED: unauthorized(*codes),
        }
        if creates_session:
            responses |= NEW_SESSION
        operation = Operation(
            id=name,
            summary=summary,
            description=f"{summary}, as simplejwt has it.",
            tags=TAGS,
            request=view.serializer_class,
            responses={**responses, **BODY_REFUSED, **THROTTLED},
        )
        return Described(operations={"post": operation})

    return described


NOT_VALID = exceptions.TokenNotValid.code

VIEWS = "auth_sessions.contrib.simplejwt.views"

SERIALIZERS = "auth_sessions.contrib.simplejwt.serializers"


class ObtainComponent(NamedSerializer):
    target_class = f"{SERIALIZERS}.ObtainSerializer"
    name = "AuthSessionsObtain"
    description = "The credentials, the code of a second factor, and the person's own name for the device."


class TokenComponent(NamedSerializer):
    target_class = f"{SERIALIZERS}.TokenSerializer"
    name = "AuthSessionsToken"
    description = "A token."


DESCRIPTIONS: Descriptions = {
    f"{VIEWS}.TokenObtainPairView": describe(
        "token_obtain_pair", "Sign in", AuthSessionsTokens, *SECOND_FACTOR_CODES, creates_session=True
    ),
    f"{VIEWS}.TokenRefreshView": describe(
        "token_refresh", "Refresh", AuthSessionsTokens, NOT_VALID, creates_session=True
    ),
    f"{VIEWS}.TokenVerifyView": describe("token_verify", "Verify a token", NOTHING, NOT_VALID),
    f"{VIEWS}.TokenBlacklistView": describe("token_blacklist", "Sign out this device", NOTHING, NOT_VALID),
    f"{VIEWS}.TokenObtainSlidingView": describe(
        "token_obtain_sliding", "Sign in", SLIDING, *SECOND_FACTOR_CODES, creates_session=True
    ),
    f"{VIEWS}.TokenRefreshSlidingView": describe(
        "token_refresh_sliding", "Refresh", SLIDING, NOT_VALID, creates_session=True
    ),
}


class SimpleJWTViews(DescribedViews):
    target_class = f"{VIEWS}.SimpleJWTView"
    descriptions = DESCRIPTIONS
