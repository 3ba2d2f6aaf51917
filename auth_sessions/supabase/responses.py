"""The session object and the user object of Supabase's clients, and the claims of the access token."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from auth_sessions import moments
from auth_sessions.core.people import email_of
from auth_sessions.models import Session
from auth_sessions.supabase import users
from auth_sessions.supabase.models import Profile
from auth_sessions.tokens import TokenPair
from auth_sessions.tokens.keys import simple_jwt

APP_NAME = "auth_sessions_supabase"
"""The namespace of the URLs."""

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
    profile, fields = users.profile(user), _described(user)
    key, email, metadata = str(profile.uuid), fields["email"], fields["user_metadata"]
    times = _written(
        {"created_at": users.created_at(user), "updated_at": profile.updated_at, "last_sign_in_at": user.last_login}
    )
    identity = {
        "identity_id": str(uuid.uuid5(profile.uuid, "email")),
        "id": key,
        "user_id": key,
        "identity_data": {name: metadata[name] for name in users.IDENTITY if name in metadata},
        "provider": "email",
        "email": email,
        **times,
    }
    return _written(
        {
            "aud": AUTHENTICATED,
            "role": AUTHENTICATED,
            "identities": [identity] if email else [],
            "is_anonymous": False,
            **times,
            **fields,
            "id": key,
        }
    )


def claims(session: Session, *, request: HttpRequest | None = None) -> dict[str, Any]:
    """The claims that Supabase's clients, and services that verify their tokens, expect in an access token."""
    fields, iss = _described(session.user), issuer(request)
    return {
        **({"iss": iss} if iss else {}),
        "sub": str(users.profile(session.user).uuid),
        "role": AUTHENTICATED,
        **{name: _copied(fields[name]) for name in ("email", "phone", "app_metadata", "user_metadata")},
        "is_anonymous": False,
        "aal": "aal2" if "mfa" in session.amr else "aal1",
        "amr": [
            {
                "method": METHODS.get(method, method),
                "timestamp": int(moments.to_seconds(session.proved_at(method) or session.created_at)),
            }
            for method in session.amr
        ],
    }


def _described(user: AbstractBaseUser) -> dict[str, Any]:
    """The members of the user object that the project may change, by ``SupabaseConfig.get_user_fields()``."""
    profile, config = users.profile(user), apps.get_app_config(Profile._meta.app_label)
    fields = {"email": email_of(user), "phone": "", **config.get_user_fields(user)}  # type: ignore[attr-defined]
    confirmed = {name: fields.get(f"{name}_confirmed_at") for name in ("email", "phone")}
    if times := [time for time in confirmed.values() if time]:
        fields.setdefault("confirmed_at", min(times))
    identity = {
        "sub": str(profile.uuid),
        **({"email": fields["email"]} if fields["email"] else {}),
        **{f"{name}_verified": time is not None for name, time in confirmed.items()},
    }
    fields["user_metadata"] = {**profile.user_metadata, **identity, **fields.get("user_metadata", {})}
    fields["app_metadata"] = {**profile.app_metadata, **fields.get("app_metadata", {})}
    return fields


def issuer(request: HttpRequest | None) -> str | None:
    """The URL of the Supabase API at the host of the request, as the issuer of Supabase Auth.

    None without a request, where the API is not mounted, and if ``SIMPLE_JWT["ISSUER"]`` names the issuer.
    """
    if request is None or simple_jwt("ISSUER") is not None:
        return None
    match, kwargs, namespace = request.resolver_match, None, APP_NAME
    if match is not None and match.app_names[-1:] == [APP_NAME]:  # mounted in another namespace, or below a parameter
        namespace, kwargs = match.namespace, match.kwargs
    try:
        return request.build_absolute_uri(reverse(f"{namespace}:token", kwargs=kwargs)).removesuffix("/token")
    except (NoReverseMatch, DisallowedHost, KeyError):  # KeyError: a request made by hand has no host
        return None


def _copied(value: Any) -> Any:
    """A copy of a JSON value."""
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _written(members: dict[str, Any]) -> dict[str, Any]:
    """The members that are not None, with times in RFC 3339."""
    return {
        name: _rfc3339(value) if isinstance(value, datetime) else value
        for name, value in members.items()
        if value is not None
    }


def _rfc3339(time: datetime) -> str:
    if time.tzinfo is not UTC:
        aware = time if timezone.is_aware(time) else datetime.fromtimestamp(moments.to_seconds(time), tz=UTC)
        time = aware.astimezone(UTC)
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
