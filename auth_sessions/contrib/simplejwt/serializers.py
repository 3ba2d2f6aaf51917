"""Input of the views."""

from typing import Any

from rest_framework import serializers


class TokenSerializer(serializers.Serializer[Any]):
    """``{"token"}``: a token of any kind, or a sliding token."""

    token = serializers.CharField()
