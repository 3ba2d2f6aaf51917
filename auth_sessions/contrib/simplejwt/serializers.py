"""Input of the views."""

from typing import Any

from rest_framework import serializers

from auth_sessions.serializers import SignInSerializer


class ObtainSerializer(SignInSerializer):
    """``{<USERNAME_FIELD>, "password", "otp"?, "device_name"?}``; spaces around the password are removed."""

    password = serializers.CharField(write_only=True, style={"input_type": "password"})


class TokenSerializer(serializers.Serializer[Any]):
    """``{"token"}``: a token of any kind, or a sliding token."""

    token = serializers.CharField()
