"""The output of the REST API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from auth_sessions.activity.models import Activity
from auth_sessions.serializers import DeviceSerializer


class PresentedSerializer(serializers.Serializer[Activity]):
    """``{"device", "ip_address"}`` of the other device, or null where the event has none."""

    device = DeviceSerializer(source="presented_device")
    ip_address = serializers.CharField(source="presented_ip_address", allow_null=True)

    def to_representation(self, instance: Activity) -> Any:
        return None if instance.presented_device is None else super().to_representation(instance)


class ActivitySerializer(serializers.Serializer[Activity]):
    """One event as its person sees it: without the name of a member of the staff."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    created_at = serializers.DateTimeField()
    session_id = serializers.UUIDField(allow_null=True)
    is_current = serializers.SerializerMethodField(help_text=_("Whether it is the session of this request."))
    name = serializers.CharField()
    device = DeviceSerializer()
    ip_address = serializers.CharField(allow_null=True)
    reason = serializers.CharField(help_text=_("Why a session has ended; empty for other events."))
    scope = serializers.CharField()
    is_own_action = serializers.SerializerMethodField(
        help_text=_("Whether the person did it, or somebody else; null where nobody did, or it is not known.")
    )
    last_used_at = serializers.DateTimeField(allow_null=True)
    presented = PresentedSerializer(
        source="*",
        allow_null=True,
        help_text=_("Who presented a reused refresh token, or where a session has moved to."),
    )

    def get_is_current(self, activity: Activity) -> bool:
        current = self.context["current"]
        return current is not None and activity.session_id == current.pk

    def get_is_own_action(self, activity: Activity) -> bool | None:
        return None if activity.actor_id is None else activity.actor_id == activity.user_id
