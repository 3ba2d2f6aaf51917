"""Receivers: refuse the old tokens of people who were signed out everywhere, and forget those that have expired."""

from typing import Any

from auth_sessions.contrib.simplejwt import exchange, old_tokens
from auth_sessions.signals import credentials_revoked, expired_cleared


def connect() -> None:
    credentials_revoked.connect(refuse_old_tokens, dispatch_uid="auth_sessions.contrib.simplejwt.credentials_revoked")
    expired_cleared.connect(clear_expired, dispatch_uid="auth_sessions.contrib.simplejwt.expired_cleared")


def refuse_old_tokens(user_ids: set[Any], using: str, **kwargs: object) -> None:
    if not old_tokens.is_over():
        exchange.refuse_old_tokens(user_ids, using=using)


def clear_expired(using: str, **kwargs: object) -> None:
    exchange.clear_expired(using)
