"""Input and output of the REST API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from auth_sessions.choices import Scope
from auth_sessions.core.hand_over import NEXT_LENGTH, is_path
from auth_sessions.devices.device import Device
from auth_sessions.models import Session


class SignInSerializer(serializers.Serializer[Any]):
    """``{<USERNAME_FIELD>, "password", "otp"?, "device_name"?}``."""

    password = serializers.CharField(write_only=True, trim_whitespace=False, style={"input_type": "password"})
    otp = serializers.CharField(write_only=True, required=False, allow_blank=True, allow_null=True, max_length=128)
    device_name = serializers.CharField(
        required=False, allow_blank=True, max_length=Session._meta.get_field("name").max_length
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {self.username_field: serializers.CharField(), **super().get_fields()}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """As DRF's, which builds the fields anew for each request: a plain name and a plain password need none."""
        if type(self) is SignInSerializer and _are_plain(self, data, {self.username_field, "password"}):
            with suppress(serializers.ValidationError):  # which DRF's raises in its own form
                return self.validate({**data, self.username_field: data[self.username_field].strip()})
        return super().run_validation(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Answer a user name that the model field cannot hold with 400, not as an unknown user."""
        field: Any = get_user_model()._meta.get_field(self.username_field)
        try:
            field.to_python(attrs[self.username_field])
        except ValidationError as error:
            raise serializers.ValidationError({self.username_field: error.messages}) from error
        return attrs

    @cached_property
    def username_field(self) -> str:
        return get_user_model().USERNAME_FIELD

    @property
    def credentials(self) -> dict[str, Any]:
        return {name: self.validated_data[name] for name in (self.username_field, "password")}


class ReauthenticateSerializer(serializers.Serializer[Any]):
    """``{"password"?, "otp"?}``: a person who has a password must send it."""

    password = serializers.CharField(
        write_only=True, required=False, trim_whitespace=False, style={"input_type": "password"}
    )
    otp = serializers.CharField(write_only=True, required=False, allow_blank=True, allow_null=True, max_length=128)


class RefreshSerializer(serializers.Serializer[Any]):
    """``{"refresh"}``."""

    refresh = serializers.CharField()

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """As DRF's, which builds the field anew for each request: a plain text needs none."""
        if type(self) is RefreshSerializer and _are_plain(self, data, {"refresh"}):
            return {"refresh": data["refresh"].strip()}
        return super().run_validation(data)


def _are_plain(serializer: serializers.Serializer[Any], data: Any, names: set[str]) -> bool:
    """Whether a body has texts of these names and nothing else, not blank, without a character that DRF might refuse.

    False where somebody has changed the fields of the serializer.
    """
    return (
        "fields" not in vars(serializer)
        and type(data) is dict
        and data.keys() == names
        and all(isinstance(text, str) and text.isprintable() and text.strip() for text in data.values())
    )


class SignOutSerializer(serializers.Serializer[Any]):
    """``{"scope"?, "refresh"?}``; the scope may be in the query string instead."""

    scope = serializers.ChoiceField(
        choices=Scope.choices, required=False, error_messages={"invalid_choice": _("There is no such scope.")}
    )
    refresh = serializers.CharField(required=False)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """As DRF's, which builds the fields anew for each request: a scope alone, or nothing, needs none."""
        is_plain = type(self) is SignOutSerializer and _are_plain(self, data, {"scope"} if data else set())
        if is_plain and data.get("scope", Scope.GLOBAL) in Scope.values:
            return dict(data)
        return super().run_validation(data)


class HandOverSerializer(serializers.Serializer[Any]):
    """``{"next"?}``, a path of the site."""

    next = serializers.CharField(required=False, allow_blank=True)

    def validate_next(self, value: str) -> str:
        if value and not is_path(value):
            raise serializers.ValidationError(
                _("Name a path of this site, of at most %(length)s characters.") % {"length": NEXT_LENGTH}
            )
        return value


class DeviceSerializer(serializers.Serializer[Any]):
    """``{"label", "browser", "os", "type"}``."""

    label = serializers.CharField()  # type: ignore[assignment]
    browser = serializers.CharField()
    os = serializers.CharField()
    type = serializers.CharField()

    def to_representation(self, instance: Any) -> dict[str, str]:
        """The plain values. DRF would copy the fields for each response and call each of them for each session."""
        return {name: getattr(instance, name) for name in self._declared_fields}


class SessionSerializer(serializers.Serializer[Session]):
    """One session as its owner sees it, without secrets. Only ``name`` can be written."""

    id = serializers.UUIDField(read_only=True)
    kind = serializers.CharField(read_only=True)
    name = serializers.CharField(
        required=False, allow_blank=True, max_length=Session._meta.get_field("name").max_length
    )
    device = DeviceSerializer(read_only=True)
    is_staff_help = serializers.BooleanField(
        read_only=True, help_text=_("Whether somebody of the staff acts in the user’s name.")
    )
    ip_address = serializers.CharField(read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    last_used_at = serializers.DateTimeField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    is_current = serializers.SerializerMethodField(help_text=_("Whether this request comes from it."))

    def to_representation(self, instance: Session) -> dict[str, Any]:
        """As DRF's, which would call ten fields for each session; a subclass, or changed fields, go that way.

        The list passes a ``core.listing.ListedSession``, unless the project has a serializer of its own.
        """
        if type(self) is not SessionSerializer or "fields" in vars(self):
            return super().to_representation(instance)
        to_text, expires_at = self._moments.to_representation, instance.expires_at
        return {
            "id": str(instance.pk),
            "kind": str(instance.kind),
            "name": str(instance.name),
            "device": dict(self._show_device(instance.device)),
            "is_staff_help": instance.is_staff_help,
            "ip_address": instance.ip_address,
            "created_at": to_text(instance.created_at),
            "last_used_at": to_text(instance.last_used_at),
            "expires_at": None if expires_at is None else to_text(expires_at),
            "is_current": self.get_is_current(instance),
        }

    def get_is_current(self, session: Session) -> bool:
        current = self.context["current"]
        return current is not None and session.pk == current.pk

    @cached_property
    def _show_device(self) -> Callable[[Device], dict[str, str]]:
        return cache(self._declared_fields["device"].to_representation)

    @cached_property
    def _moments(self) -> serializers.DateTimeField:
        """DRF's field, with the time zone that it would look up for each value."""
        return serializers.DateTimeField(default_timezone=get_current_timezone() if settings.USE_TZ else None)
