"""The REST API in a schema: what each view takes and answers."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import IntegerField, UUIDField
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.settings import api_settings

from auth_sessions import exceptions
from auth_sessions.openapi import authentication, components  # noqa: F401 - registers their extensions
from auth_sessions.openapi.refusals import (
    ACCESS_CODES,
    BODY_REFUSED,
    FORBIDDEN,
    INVALID,
    NO_CONTENT,
    NOT_FOUND,
    REFRESH_CODES,
    SESSION_CODES,
    TEXT,
    THROTTLED,
    UNAUTHORIZED,
    Responses,
    json_object,
    refused,
)
from auth_sessions.openapi.views import Described, DescribedViews, Descriptions, Operation

TAGS = ("auth",)

SESSION_ID = OpenApiParameter("session_id", OpenApiTypes.UUID, OpenApiParameter.PATH)

LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1}, description="The maximum number of sessions; without it, all."
)

SIGNED_IN = THROTTLED | UNAUTHORIZED

CREDENTIALS_REFUSED: Responses = {
    status.HTTP_401_UNAUTHORIZED: refused(
        "The credentials or the second factor were not accepted.",
        exceptions.NoActiveAccount.code,
        exceptions.SecondFactorRequired.code,
        exceptions.SecondFactorInvalid.code,
        *SESSION_CODES,
    )
}


def sign_in(view: Any) -> Described:
    return Described(
        operations={
            "post": Operation(
                id="auth_sign_in",
                summary="Sign in",
                description="Create a session with its tokens.",
                tags=TAGS,
                request=view.serializer_class,
                responses={
                    status.HTTP_200_OK: components.shown(view, components.signed_in(view.session_serializer_class)),
                    **CREDENTIALS_REFUSED,
                    status.HTTP_403_FORBIDDEN: refused(
                        "The user has too many sessions.", exceptions.SessionLimitReached.code
                    ),
                    **BODY_REFUSED,
                    **THROTTLED,
                },
            )
        }
    )


def browser_sign_in(view: Any) -> Described:
    header = partial(OpenApiParameter, view.get_csrf_header(), str, OpenApiParameter.HEADER, required=True)
    next_token = header(response=True, description="The CSRF token of the next request.")
    return Described(
        operations={
            "get": Operation(
                id="auth_csrf_token",
                summary="Get a CSRF token",
                description="The response sets Django's CSRF cookie and has the token in a header.",
                tags=TAGS,
                parameters=(next_token,),
                responses={**NO_CONTENT, **THROTTLED},
            ),
            "post": Operation(
                id="auth_browser_sign_in",
                summary="Sign in by cookie",
                description="Log in by Django's session, for a page of the same site.",
                tags=TAGS,
                parameters=(header(description="The CSRF token."), next_token),
                request=view.serializer_class,
                responses={
                    status.HTTP_200_OK: view.session_serializer_class,
                    **CREDENTIALS_REFUSED,
                    **FORBIDDEN,
                    **BODY_REFUSED,
                    **THROTTLED,
                    status.HTTP_501_NOT_IMPLEMENTED: refused(
                        "The project has no browser sessions.", "browser_sessions_missing"
                    ),
                },
            ),
        }
    )


def hand_over(view: Any) -> Described:
    return Described(
        operations={
            "post": Operation(
                id="auth_hand_over",
                summary="Hand over to a browser",
                description="Get a code by which a browser signs in as the same person, once.",
                tags=TAGS,
                request=view.serializer_class,
                responses={
                    status.HTTP_201_CREATED: components.AuthSessionsHandOverCode,
                    status.HTTP_403_FORBIDDEN: refused(
                        "The session may not be handed over.", exceptions.HandOverRefused.code
                    ),
                    **BODY_REFUSED,
                    **SIGNED_IN,
                    status.HTTP_501_NOT_IMPLEMENTED: refused(
                        "The project has no browser sessions.", "browser_sessions_missing"
                    ),
                },
            )
        }
    )


def refresh(view: Any) -> Described:
    return Described(
        operations={
            "post": Operation(
                id="auth_refresh",
                summary="Refresh",
                description="Exchange a refresh token for a new pair of tokens.",
                tags=TAGS,
                request=view.serializer_class,
                responses={
                    status.HTTP_200_OK: components.shown(view, components.AuthSessionsTokens),
                    status.HTTP_401_UNAUTHORIZED: refused("The refresh token is not valid.", *REFRESH_CODES),
                    **BODY_REFUSED,
                    **THROTTLED,
                },
            )
        }
    )


def reauthenticate(view: Any) -> Described:
    return Described(
        operations={
            "post": Operation(
                id="auth_reauthenticate",
                summary="Prove the identity again",
                description="Renew the session by the password and the second factor, as after the challenge "
                "`insufficient_user_authentication` (RFC 9470). `access` is there for a session with tokens.",
                tags=TAGS,
                request=view.serializer_class,
                responses={
                    status.HTTP_200_OK: components.shown(
                        view, components.reauthenticated(view.session_serializer_class)
                    ),
                    status.HTTP_401_UNAUTHORIZED: refused(
                        "The password or the second factor were not accepted, or nobody is signed in.",
                        exceptions.ReauthenticationFailed.code,
                        exceptions.SecondFactorRequired.code,
                        exceptions.SecondFactorInvalid.code,
                        *ACCESS_CODES,
                    ),
                    status.HTTP_403_FORBIDDEN: OpenApiResponse(
                        json_object(detail=TEXT, code={"type": "string"}, required=["detail"]),
                        "There is nothing to ask for (`reauthentication_unavailable`), somebody acts in another "
                        "person's name, or the CSRF token is missing.",
                    ),
                    **BODY_REFUSED,
                    **THROTTLED,
                },
            )
        }
    )


def sign_out(view: Any) -> Described:
    return Described(
        # The refresh token in the body may be the only credential.
        attributes={"permission_classes": (AllowAny, *view.permission_classes)},
        operations={
            "post": Operation(
                id="auth_sign_out",
                summary="Sign out",
                description="End sessions of the user. `local` for a session that has already ended is 204, too.",
                tags=TAGS,
                parameters=(components.scope_parameter(view, also=" The body may say it, too."),),
                request=view.serializer_class,
                responses={
                    **NO_CONTENT,
                    status.HTTP_401_UNAUTHORIZED: refused(
                        "Nobody is signed in.", *ACCESS_CODES, exceptions.RefreshTokenAlreadyUsed.code
                    ),
                    **FORBIDDEN,
                    **BODY_REFUSED,
                    **THROTTLED,
                },
            )
        },
    )


def session_list(view: Any) -> Described:
    return Described(
        operations={
            "get": Operation(
                id="auth_sessions_list",
                summary="List sessions",
                description="The user's sessions, the current one first, then by last use.",
                tags=TAGS,
                parameters=(LIMIT,),
                responses={status.HTTP_200_OK: view.serializer_class(many=True), **INVALID, **SIGNED_IN},
            )
        }
    )


def current_session(view: Any) -> Described:
    return Described(
        operations={
            "get": Operation(
                id="auth_sessions_current",
                summary="The current session",
                description="The session that the request comes from.",
                tags=TAGS,
                responses={status.HTTP_200_OK: view.serializer_class, **NOT_FOUND, **SIGNED_IN},
            )
        }
    )


def session_detail(view: Any) -> Described:
    return Described(
        operations={
            "get": Operation(
                id="auth_sessions_retrieve",
                summary="Show a session",
                description="One of the user's sessions.",
                tags=TAGS,
                parameters=(SESSION_ID,),
                responses={status.HTTP_200_OK: view.serializer_class, **NOT_FOUND, **SIGNED_IN},
            ),
            "patch": Operation(
                id="auth_sessions_rename",
                summary="Rename a session",
                description="Only `name` can be changed.",
                tags=TAGS,
                parameters=(SESSION_ID,),
                request=view.serializer_class,
                responses={
                    status.HTTP_200_OK: view.serializer_class,
                    **FORBIDDEN,
                    **NOT_FOUND,
                    **BODY_REFUSED,
                    **SIGNED_IN,
                },
            ),
            "delete": Operation(
                id="auth_sessions_sign_out",
                summary="Sign out of a session",
                description="End one of the user's sessions.",
                tags=TAGS,
                parameters=(SESSION_ID,),
                responses={**NO_CONTENT, **FORBIDDEN, **NOT_FOUND, **SIGNED_IN},
            ),
        }
    )


def user_session_list(view: Any) -> Described:
    return Described(
        attributes=_users(),
        operations={
            "get": Operation(
                id="auth_users_sessions_list",
                summary="List a user's sessions",
                description=f"Requires the permission `{view.permission_required}`.",
                tags=TAGS,
                parameters=(_user_key(), LIMIT),
                responses={
                    status.HTTP_200_OK: view.serializer_class(many=True),
                    **INVALID,
                    **FORBIDDEN,
                    **NOT_FOUND,
                    **SIGNED_IN,
                },
            )
        },
    )


def user_sign_out(view: Any) -> Described:
    return Described(
        attributes=_users(),
        operations={
            "post": Operation(
                id="auth_users_sign_out",
                summary="Sign a user out",
                description=f"End all sessions of a user. Requires the permission `{view.permission_required}`.",
                tags=TAGS,
                parameters=(_user_key(),),
                responses={**NO_CONTENT, **FORBIDDEN, **NOT_FOUND, **SIGNED_IN},
            )
        },
    )


def _users() -> dict[str, Any]:
    """By this queryset DRF's generator names the parameter ``pk`` after the user's key."""
    return {"queryset": get_user_model()._base_manager.none()}


def _user_key() -> OpenApiParameter:
    key: Any = get_user_model()._meta.pk
    stored = key.target_field if key.is_relation else key
    kinds = {IntegerField: OpenApiTypes.INT, UUIDField: OpenApiTypes.UUID}
    kind = next((kind for field, kind in kinds.items() if isinstance(stored, field)), OpenApiTypes.STR)
    name = key.name if api_settings.SCHEMA_COERCE_PATH_PK else "pk"
    return OpenApiParameter(name, kind, OpenApiParameter.PATH)


DESCRIPTIONS: Descriptions = {
    "auth_sessions.views.SignInView": sign_in,
    "auth_sessions.views.BrowserSignInView": browser_sign_in,
    "auth_sessions.views.HandOverView": hand_over,
    "auth_sessions.views.RefreshView": refresh,
    "auth_sessions.views.ReauthenticateView": reauthenticate,
    "auth_sessions.views.SignOutView": sign_out,
    "auth_sessions.views.SessionListView": session_list,
    "auth_sessions.views.CurrentSessionView": current_session,
    "auth_sessions.views.SessionDetailView": session_detail,
    "auth_sessions.views.UserSessionListView": user_session_list,
    "auth_sessions.views.UserSignOutView": user_sign_out,
}


class RestViews(DescribedViews):
    target_class = "auth_sessions.views.AuthSessionsView"
    descriptions = DESCRIPTIONS
