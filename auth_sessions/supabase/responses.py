"""The session object and the user object of Supabase's clients, and the claims of the access token."""

import uuid
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from auth_sessions.models import Session
from auth_sessions.supabase import users
from auth_sessions.tokens import TokenPair

AUTHENTICATED = "authenticated"

METHODS = {"pwd": "password", "sms": "otp"}
"""Supabase's names of authentication method references (RFC 8176); all others are sent unchanged."""


def session_object(pair: TokenPair) -> dict[str, Any]:
    """The session object: ``AccessTokenResponse`` of Supabase Auth, with times in Unix seconds."""
    return {
        "access_token": pair.access,
        "token_type": "bearer",
        "expires_in": max(pair.expires_at - int(timezone.now().timestamp()), 0),
        "expires_at": pair.expires_at,
        "refresh_token": pair.refresh,
        "user": user_object(pair.session.user),
    }


def user_object(user: AbstractBaseUser) -> dict[str, Any]:
    """The user object: ``User`` of Supabase Auth, without empty members, except for those that clients require."""
    profile, joined = users.profile(user), getattr(user, "date_joined", None)
    shared = {
        "created_at": _rfc3339(joined if isinstance(joined, datetime) else profile.created_at),
        "updated_at": _rfc3339(profile.updated_at),
        **({"last_sign_in_at": _rfc3339(user.last_login)} if user.last_login else {}),
    }
    key, email = str(profile.uuid), users.email_of(user)
    identity = {
        "identity_id": str(uuid.uuid5(profile.uuid, "email")),
        "id": key,
        "user_id": key,
        "identity_data": {"sub": key, "email": email},
        "provider": "email",
        "email": email,
        **shared,
    }
    return {
        "id": key,
        "aud": AUTHENTICATED,
        "role": AUTHENTICATED,
        "email": email,
        "phone": "",
        "app_metadata": profile.app_metadata,
        "user_metadata": profile.user_metadata,
        "identities": [identity] if email else [],
        "is_anonymous": False,
        **shared,
    }


def claims(session: Session) -> dict[str, Any]:
    """The claims that Supabase's clients, and services that verify their tokens, expect in an access token."""
    profile = users.profile(session.user)
    authenticated_at = int((session.authenticated_at or session.created_at).timestamp())
    return {
        "sub": str(profile.uuid),
        "role": AUTHENTICATED,
        "email": users.email_of(session.user),
        "phone": "",
        "app_metadata": deepcopy(profile.app_metadata),
        "user_metadata": deepcopy(profile.user_metadata),
        "is_anonymous": False,
        "aal": "aal2" if "mfa" in session.amr else "aal1",
        "amr": [{"method": METHODS.get(method, method), "timestamp": authenticated_at} for method in session.amr],
    }


def _rfc3339(time: datetime) -> str:
    aware = time if timezone.is_aware(time) else timezone.make_aware(time)
    return aware.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
