"""The API of Supabase's clients in a schema: what each view takes and answers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer
from rest_framework import status

from auth_sessions.openapi import supabase_objects as objects
from auth_sessions.openapi.authentication import SharedScheme
from auth_sessions.openapi.components import scope_parameter
from auth_sessions.openapi.refusals import NO_CONTENT, TEXT, json_object
from auth_sessions.openapi.views import Described, DescribedViews, Descriptions, Operation, asks_for_proof
from auth_sessions.supabase import errors

TAGS = ("supabase",)

JSON = "application/json"

VERSION = OpenApiParameter(
    errors.VERSION_HEADER,
    str,
    OpenApiParameter.HEADER,
    description=f"From `{errors.VERSION}` on, `code` of a refusal is its code; in earlier versions it is the status.",
)


class BearerScheme(SharedScheme):
    """``supabaseAuth``: the access token, always as ``Authorization: Bearer``."""

    target_class = "auth_sessions.supabase.authentication.BearerAuthentication"
    name = "supabaseAuth"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return build_bearer_security_scheme_object(
            header_name="Authorization",
            token_prefix="Bearer",  # noqa: S106 - no secret
            bearer_format="JWT",
        )


Codes = dict[int, tuple[str, ...]]

ANY: Codes = {
    429: ("over_request_rate_limit",),
    500: ("unexpected_failure",),
    503: ("unexpected_failure",),
}
"""Of every endpoint."""

BODY: Codes = {400: ("bad_json", "validation_failed"), 413: ("request_entity_too_large",)}

NEW_PASSWORD: Codes = {422: ("weak_password",)}


def of(refusals: errors.Refusals) -> Codes:
    """The codes that an endpoint answers to refusals of the core, by status."""
    found = defaultdict[int, list[str]](list)
    for http_status, code, _ in refusals.values():
        found[http_status].append(code)
    return {http_status: tuple(codes) for http_status, codes in found.items()}


def signed_in(view: Any) -> tuple[Codes, ...]:
    """Of every endpoint that requires an access token."""
    of_a_proof: Codes = of(errors.STEP_UP_REFUSALS) if asks_for_proof(view) else {}
    return ANY, {400: ("bad_jwt",), 401: ("no_authorization",)}, of(errors.BEARER_REFUSALS), of_a_proof


def refused(*given: Codes) -> dict[int, OpenApiResponse]:
    """The refusals with these codes, in both formats."""
    merged = defaultdict[int, dict[str, None]](dict)
    for codes in given:
        for http_status, names in codes.items():
            merged[http_status] |= dict.fromkeys(names)
    return {http_status: _response(http_status, list(names)) for http_status, names in sorted(merged.items())}


def _response(http_status: int, codes: list[str]) -> OpenApiResponse:
    code = {"type": "string", "enum": codes}
    current = json_object(code=code, error_code=code, message=TEXT, msg=TEXT)
    legacy = json_object(code={"type": "integer", "enum": [http_status]}, error_code=code, msg=TEXT)
    if "weak_password" in codes:
        reasons = {"type": "array", "items": {"type": "string", "enum": ["characters", "length", "pwned"]}}
        for shape in (current, legacy):
            shape["properties"]["weak_password"] = json_object(reasons=reasons)
    if http_status >= status.HTTP_500_INTERNAL_SERVER_ERROR:
        legacy["properties"]["error_id"] = TEXT
    return OpenApiResponse({"oneOf": [current, legacy]}, f"Refused: {', '.join(f'`{name}`' for name in codes)}.")


def token(view: Any) -> Described:
    grant_type = OpenApiParameter("grant_type", str, required=True, enum=list(view.grants))
    grants = PolymorphicProxySerializer(
        component_name="SupabaseGrant",
        serializers=[objects.SupabasePasswordGrant, objects.SupabaseRefreshTokenGrant],
        resource_type_field_name=None,
    )
    return Described(
        operations={
            "post": Operation(
                id="supabase_token",
                summary="Sign in, or refresh",
                description="Create a session by `password`, or exchange a `refresh_token` for a new pair of tokens.",
                tags=TAGS,
                parameters=(grant_type, VERSION),
                request={JSON: grants},
                responses={
                    status.HTTP_200_OK: objects.SupabaseSession,
                    **refused(
                        ANY,
                        BODY,
                        of(errors.SIGN_IN_REFUSALS),
                        of(errors.REFRESH_REFUSALS),
                        {422: ("phone_provider_disabled",)},
                    ),
                },
            )
        }
    )


def logout(view: Any) -> Described:
    return Described(
        has_challenge=False,
        operations={
            "post": Operation(
                id="supabase_logout",
                summary="Sign out",
                description="End sessions of the user. `local` for a session that has already ended is 204, too.",
                tags=TAGS,
                parameters=(scope_parameter(view), VERSION),
                responses={**NO_CONTENT, **refused({400: ("validation_failed",)}, *signed_in(view))},
            )
        },
    )


def user(view: Any) -> Described:
    audience = OpenApiParameter(
        "X-JWT-AUD", str, OpenApiParameter.HEADER, description="Must be among the audiences of the access token."
    )
    return Described(
        has_challenge=False,
        operations={
            "get": Operation(
                id="supabase_user",
                summary="The user",
                description="The user of the access token.",
                tags=TAGS,
                parameters=(audience, VERSION),
                responses={
                    status.HTTP_200_OK: objects.SupabaseUser,
                    **refused({400: ("validation_failed",)}, *signed_in(view)),
                },
            ),
            "put": Operation(
                id="supabase_user_update",
                summary="Change the user",
                description="A new password ends every other session.",
                tags=TAGS,
                parameters=(VERSION,),
                request={JSON: objects.SupabaseUserAttributes},
                responses={
                    status.HTTP_200_OK: objects.SupabaseUser,
                    **refused(
                        BODY,
                        {
                            400: (
                                "current_password_invalid",
                                "current_password_required",
                                "reauthentication_needed",
                            ),
                            403: ("not_admin",),
                            422: ("same_password",),
                        },
                        NEW_PASSWORD,
                        *signed_in(view),
                    ),
                },
            ),
        },
    )


def signup(view: Any) -> Described:
    signed_up = PolymorphicProxySerializer(
        component_name="SupabaseSignedUp",
        serializers=[objects.SupabaseSession, objects.SupabaseUser],
        resource_type_field_name=None,
    )
    return Described(
        operations={
            "post": Operation(
                id="supabase_signup",
                summary="Sign up",
                description="Create a user and a session; the user alone where it must be confirmed first.",
                tags=TAGS,
                parameters=(VERSION,),
                request={JSON: objects.SupabaseSignup},
                responses={
                    status.HTTP_200_OK: signed_up,
                    **refused(
                        ANY,
                        BODY,
                        {
                            400: ("phone_provider_disabled", *of(errors.SIGN_IN_REFUSALS)[400]),
                            422: ("signup_disabled", "anonymous_provider_disabled", "user_already_exists"),
                        },
                        NEW_PASSWORD,
                    ),
                },
            )
        }
    )


def _shown(operation_id: str, summary: str, serializer: Any) -> Described:
    return Described(
        operations={
            "get": Operation(
                id=operation_id,
                summary=summary,
                description=serializer.__doc__,
                tags=TAGS,
                parameters=(VERSION,),
                responses={status.HTTP_200_OK: serializer, **refused(ANY)},
            )
        }
    )


DESCRIPTIONS: Descriptions = {
    "auth_sessions.supabase.views.TokenView": token,
    "auth_sessions.supabase.views.LogoutView": logout,
    "auth_sessions.supabase.views.UserView": user,
    "auth_sessions.supabase.views.SignupView": signup,
    "auth_sessions.supabase.views.KeySetView": lambda view: _shown(
        "supabase_keys", "The public keys", objects.SupabaseKeySet
    ),
    "auth_sessions.supabase.views.HealthView": lambda view: _shown(
        "supabase_health", "The server", objects.SupabaseHealth
    ),
    "auth_sessions.supabase.views.SettingsView": lambda view: _shown(
        "supabase_settings", "The settings", objects.SupabaseSettings
    ),
}


class SupabaseViews(DescribedViews):
    target_class = "auth_sessions.supabase.views.SupabaseView"
    descriptions = DESCRIPTIONS
