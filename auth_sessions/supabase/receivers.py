"""Receivers: add the claims of the Supabase API to access tokens, and delete the profiles of deleted users.

The claims need the profile, which is read with each session whose token is issued.
"""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import pre_delete
from django.http import HttpRequest

from auth_sessions.core.database import user_models
from auth_sessions.core.statements.reading import read_for_tokens
from auth_sessions.db.user_deletion import BY_HAND, deleted_together
from auth_sessions.models import Session
from auth_sessions.signals import access_token_issuing
from auth_sessions.supabase import responses, users
from auth_sessions.tokens import SessionAccessToken
from auth_sessions.tokens.keys import simple_jwt


def connect() -> None:
    read_for_tokens.register(users.PROFILE_OF_SESSION)
    access_token_issuing.connect(add_claims, dispatch_uid="auth_sessions.supabase.add_claims")
    for model in user_models():
        uid = f"auth_sessions.supabase.pre_delete.{model._meta.label_lower}"
        pre_delete.connect(delete_profiles_of_deleted_users, model, dispatch_uid=uid)


def add_claims(
    token: SessionAccessToken, session: Session, request: HttpRequest | None = None, **kwargs: object
) -> None:
    """Add the claims to every access token, whichever API issues it. Claims of other receivers are not overwritten."""
    claims = responses.claims(session, request=request)
    if simple_jwt("AUDIENCE") is None:
        claims["aud"] = responses.AUTHENTICATED
    token.payload = {**claims, **token.payload}


def delete_profiles_of_deleted_users(
    instance: AbstractBaseUser, origin: object = BY_HAND, using: str = DEFAULT_DB_ALIAS, **kwargs: object
) -> None:
    """Before users are deleted, delete their profiles: with the first of them, those of all."""
    if user_ids := deleted_together(instance, origin=origin, using=using, receiver=__name__):
        users.delete_profiles(user_ids)
