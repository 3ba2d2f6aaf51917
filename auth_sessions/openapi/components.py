"""Named parts of a schema: the serializers of the REST API, under names that leave a project its own, and choices."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import TextChoices
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, get_doc
from drf_spectacular.utils import Direction, OpenApiParameter
from rest_framework import serializers

from auth_sessions.choices import DeviceType, Scope, SessionKind


class NamedSerializer(OpenApiSerializerExtension):
    """A serializer of the app, or a subclass of the project's, which keeps its own name.

    Choices are components of their own. Inline ones would share drf-spectacular's names of enumerations, which it makes
    of the names of fields, with the project's.
    """

    match_subclasses = True
    priority = -1
    name: str
    description: str
    choices: dict[str, type[TextChoices]] = {}

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str | None:
        cls = self.target if isinstance(self.target, type) else type(self.target)
        return self.name if cls is self.target_class else None

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if schema.get("description") == get_doc(self.target_class):  # also where a subclass says nothing else
            schema["description"] = self.description
        for field, choices in self.choices.items():
            if field in schema.get("properties", {}):
                schema["properties"][field] = _reference(auto_schema, choices, schema["properties"][field])
        return schema


def _reference(auto_schema: AutoSchema, choices: type[TextChoices], described: dict[str, Any]) -> dict[str, Any]:
    component = ResolvedComponent(
        name=f"AuthSessions{choices.__name__.removeprefix('Session')}",
        type=ResolvedComponent.SCHEMA,
        schema={"type": "string", "enum": choices.values},
        object=choices,
    )
    auto_schema.registry.register_on_missing(component)
    kept = {name: value for name, value in described.items() if name in {"readOnly", "description", "title"}}
    return {"allOf": [component.ref], **kept} if kept else component.ref


class SessionComponent(NamedSerializer):
    target_class = "auth_sessions.serializers.SessionSerializer"
    name = "AuthSessionsSession"
    description = "A session as its owner sees it."
    choices = {"kind": SessionKind}


class DeviceComponent(NamedSerializer):
    target_class = "auth_sessions.serializers.DeviceSerializer"
    name = "AuthSessionsDevice"
    description = "A device, by its user agent."
    choices = {"type": DeviceType}


class SignInComponent(NamedSerializer):
    target_class = "auth_sessions.serializers.SignInSerializer"
    priority = -2  # a serializer of this app's that derives from it has a name of its own
    name = "AuthSessionsSignIn"
    description = "The credentials, the code of a second factor, and the person's own name for the device."


class ReauthenticateComponent(NamedSerializer):
    target_class = "auth_sessions.serializers.ReauthenticateSerializer"
    name = "AuthSessionsReauthenticate"
    description = "The password, which a person who has one must send, and the code of a second factor."


class RefreshComponent(NamedSerializer):
    target_class = "auth_sessions.serializers.RefreshSerializer"
    name = "AuthSessionsRefresh"
    description = "The refresh token."


class SignOutComponent(NamedSerializer):
    target_class = "auth_sessions.serializers.SignOutSerializer"
    name = "AuthSessionsSignOut"
    description = "Which sessions end, and a refresh token that stands for the session of the request."
    choices = {"scope": Scope}


class HandOverComponent(NamedSerializer):
    target_class = "auth_sessions.serializers.HandOverSerializer"
    name = "AuthSessionsHandOver"
    description = "The path of the website to which the browser goes."


class AuthSessionsHandOverCode(serializers.Serializer[Any]):
    """A code by which a browser signs in."""

    code = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="In seconds.")
    url = serializers.URLField(allow_null=True, help_text="The page that takes the code; null where none is mounted.")


class AuthSessionsTokens(serializers.Serializer[Any]):
    """The tokens of a session."""

    access = serializers.CharField()
    refresh = serializers.CharField()


def scope_parameter(view: Any, *, also: str = "") -> OpenApiParameter:
    """``scope`` of a view that signs out, by default the view's own; ``also`` says more of it."""
    return OpenApiParameter(
        "scope",
        {"type": "string", "enum": Scope.values, "default": str(Scope(view.scope))},
        description=f"Which sessions end: all of the user's, the current one, or all others.{also}",
    )


def shown(view: Any, usual: Any) -> Any:
    """The response of a view: the one that the project names, where it has more members than usual."""
    return getattr(view, "response_serializer_class", None) or usual


def around(
    shown: type[serializers.BaseSerializer[Any]],
    name: str,
    description: str,
    *,
    base: type[serializers.Serializer[Any]] = serializers.Serializer,
    **members: Any,
) -> type[Any]:
    """A serializer with ``members``, one of which is ``shown``, by whose class it is named if that is the project's."""
    own = "" if shown.__module__.startswith("auth_sessions.") else shown.__name__
    return type(f"{name}{own.removesuffix('Serializer')}", (base,), {**members, "__doc__": description})


@cache
def signed_in(session_serializer: type[serializers.BaseSerializer[Any]]) -> type[AuthSessionsTokens]:
    """The response to a sign-in, with the session as this serializer shows it."""
    return around(
        session_serializer,
        "AuthSessionsSignedIn",
        "The tokens of a new session, and the session.",
        base=AuthSessionsTokens,
        session=session_serializer(),
    )


@cache
def reauthenticated(session_serializer: type[serializers.BaseSerializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The response to a later proof of identity, with the session as this serializer shows it."""
    return around(
        session_serializer,
        "AuthSessionsReauthenticated",
        "A new access token, where the session has tokens, and the session.",
        access=serializers.CharField(required=False),
        session=session_serializer(),
    )
