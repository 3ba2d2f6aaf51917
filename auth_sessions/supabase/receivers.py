"""What the face adds to tokens, and what it forgets with a user."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models.signals import pre_delete

from auth_sessions.models import Session
from auth_sessions.signals import access_token_issuing
from auth_sessions.supabase import responses, users
from auth_sessions.tokens import SessionAccessToken
from auth_sessions.tokens.keys import simple_jwt


def connect() -> None:
    access_token_issuing.connect(add_claims, dispatch_uid="auth_sessions.supabase.add_claims")
    for model in apps.get_models():
        if model._meta.concrete_model is get_user_model()._meta.concrete_model:
            uid = f"auth_sessions.supabase.pre_delete.{model._meta.label_lower}"
            pre_delete.connect(forget_deleted_user, model, dispatch_uid=uid)


def add_claims(token: SessionAccessToken, session: Session, **kwargs: Any) -> None:
    """To every access token, through whichever face it is issued. What the project's own receivers say counts more."""
    claims = responses.claims(session)
    if simple_jwt("AUDIENCE") is None:
        claims["aud"] = responses.AUTHENTICATED
    token.payload = {**claims, **token.payload}


def forget_deleted_user(instance: AbstractBaseUser, **kwargs: Any) -> None:
    users.forget(instance)
