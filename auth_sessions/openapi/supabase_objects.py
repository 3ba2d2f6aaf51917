"""What Supabase's clients send and get, as serializers that only a schema uses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class SupabasePasswordGrant(serializers.Serializer[Any]):
    """The credentials, and the code of a second factor."""

    email = serializers.CharField()
    password = serializers.CharField()
    otp = serializers.CharField(required=False)


class SupabaseRefreshTokenGrant(serializers.Serializer[Any]):
    """The refresh token."""

    refresh_token = serializers.CharField()


class SupabaseSignup(serializers.Serializer[Any]):
    """The new user."""

    email = serializers.CharField()
    password = serializers.CharField()
    data = serializers.DictField(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="Becomes `user_metadata`."
    )


class SupabaseUserAttributes(serializers.Serializer[Any]):
    """What changes of the user."""

    password = serializers.CharField(required=False, allow_null=True)
    current_password = serializers.CharField(required=False, allow_null=True)
    email = serializers.CharField(required=False, allow_null=True)
    data = serializers.DictField(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="Is merged into `user_metadata`; null deletes a key."
    )


class SupabaseTimes(serializers.Serializer[Any]):
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    last_sign_in_at = serializers.DateTimeField(required=False)


class SupabaseIdentity(SupabaseTimes):
    """The user's e-mail address as an identity."""

    identity_id = serializers.UUIDField()
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    identity_data = serializers.DictField()
    provider = serializers.CharField()
    email = serializers.CharField()


class SupabaseUser(SupabaseTimes):
    """The user object of Supabase Auth. A project may add members."""

    id = serializers.UUIDField()
    aud = serializers.CharField()
    role = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    email_confirmed_at = serializers.DateTimeField(required=False)
    phone_confirmed_at = serializers.DateTimeField(required=False)
    confirmed_at = serializers.DateTimeField(required=False)
    app_metadata = serializers.DictField()
    user_metadata = serializers.DictField()
    identities = SupabaseIdentity(many=True)
    is_anonymous = serializers.BooleanField()


class SupabaseSession(serializers.Serializer[Any]):
    """The session object of Supabase Auth, with times in Unix seconds."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    expires_at = serializers.IntegerField()
    refresh_token = serializers.CharField()
    user = SupabaseUser()
    weak_password = serializers.DictField(
        required=False, allow_null=True, help_text="Null, in the response to a password."
    )


class SupabaseKeySet(serializers.Serializer[Any]):
    """A JSON Web Key Set (RFC 7517)."""

    keys = serializers.ListField(child=serializers.DictField())


class SupabaseHealth(serializers.Serializer[Any]):
    """The name and the version of the server."""

    version = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()


class SupabaseSettings(serializers.Serializer[Any]):
    """The available ways to sign in."""

    external = serializers.DictField(child=serializers.BooleanField())
    disable_signup = serializers.BooleanField()
    mailer_autoconfirm = serializers.BooleanField()
    phone_autoconfirm = serializers.BooleanField()
    sms_provider = serializers.CharField(allow_blank=True)
    saml_enabled = serializers.BooleanField()
    saml_private_key_next_configured = serializers.BooleanField()
    passkeys_enabled = serializers.BooleanField()
