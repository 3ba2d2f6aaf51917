"""Old tokens are exchanged for sessions, each once.

An old token is generation 0 of its session, and the first refresh token that the client gets for it is generation 1. So
whoever presents it again is judged by the rule of ``core.rotation``, as for the parent of any other refresh token.
"""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections
from django.http import HttpRequest
from django.utils import timezone

from auth_sessions import exceptions, moments
from auth_sessions.choices import Scope
from auth_sessions.contrib.simplejwt import old_tokens
from auth_sessions.contrib.simplejwt.models import ExchangedToken, RefusedTokens
from auth_sessions.contrib.simplejwt.old_tokens import OldSlidingToken, OldToken
from auth_sessions.core import rotation
from auth_sessions.core.creation import create_migrated_session
from auth_sessions.core.database import all_sessions, all_users, user_row, write_alias
from auth_sessions.core.lifetimes import DEFAULT, Lifetime
from auth_sessions.core.sign_out import sign_out
from auth_sessions.db.batches import batches
from auth_sessions.db.locking import lock_by_primary_key, lock_by_update
from auth_sessions.db.row_deletion import delete_by_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.db.uuid7 import uuid7
from auth_sessions.masking import Secret
from auth_sessions.models import RefreshToken, Session
from auth_sessions.tokens.keys import access_backend

__all__ = ["refuse_old_tokens"]

BATCH = 1000
"""How many rows one statement writes or deletes."""

MARGIN = timedelta(days=1)
"""For how long an expired token stays known, beyond the ``LEEWAY``."""


def refresh(
    token: OldToken, *, request: HttpRequest | None = None, tag: str = "", lifetime: Lifetime = DEFAULT
) -> Session:
    """The session of an old token, which the first presentation creates. Of many at once, one does.

    Raises what ``old_tokens.require_accepted``, ``old_tokens.get_user``, ``core.creation.create_migrated_session`` and
    ``core.rotation.refresh`` raise.
    """
    old_tokens.require_renewable(token)
    exchanged = _find(token)
    if exchanged is None:
        session = _exchange(token, request=request, tag=tag, lifetime=lifetime)
        if session is not None:
            return session
        exchanged = _find(token)
    session_id = _session_id(exchanged)
    return rotation.refresh(session_id, generation=0, jti=_jti_of(session_id), request=request)


def verify(token: OldToken) -> None:
    """Raise what :func:`refresh` would, and change nothing."""
    old_tokens.require_renewable(token)
    exchanged = _find(token)
    if exchanged is None:
        old_tokens.get_user(token)
        return
    session_id = _session_id(exchanged)
    rotation.read_refresh_token(session_id, generation=0, jti=_jti_of(session_id))


def end(token: OldToken, *, request: HttpRequest | None = None) -> None:
    """End the session of an old token. One that was not exchanged yet never will be.

    Raises :class:`~auth_sessions.exceptions.TokenNotValid` if that has been done before, and what
    ``core.rotation.verify_refresh_token`` raises.
    """
    old_tokens.require_accepted(token)
    exchanged = _find(token)
    if exchanged is None:
        if in_transaction(lambda: _claim(token, None), using=write_alias()) is None:
            return
        exchanged = _find(token)
    session_id = _session_id(exchanged)
    session = rotation.verify_refresh_token(session_id, generation=0, jti=_jti_of(session_id), request=request)
    sign_out(session, Scope.LOCAL, request=request)


def authenticate(token: OldToken) -> AbstractBaseUser:
    """The user of an old token that a request presents as its access token.

    A sliding token is refused once its session has ended. Raises what ``old_tokens.get_user`` raises.
    """
    old_tokens.require_accepted(token)
    exchanged = _find(token) if isinstance(token, OldSlidingToken) else None
    if exchanged is not None and not all_sessions().filter(pk=_session_id(exchanged)).exists():
        raise exceptions.SessionNotFound
    return old_tokens.get_user(token)


def refuse_old_tokens(user_ids: Iterable[Any], *, using: str | None = None) -> None:
    """Refuse the old tokens of these users that were issued until now, whether they were exchanged or not.

    Sessions do not end by it. An exchange at the same moment is refused, or its session is there when this returns: so
    call it before sessions end.
    """
    now, alias, keys = timezone.now(), using or write_alias(), sorted(user_ids, key=str)
    rows = RefusedTokens.objects.using(alias)

    def write() -> None:
        stored = []  # a user may have been deleted meanwhile
        for batch in batches(keys):
            users = all_users(alias).filter(pk__in=batch)
            stored += [user.pk for user in lock_by_primary_key(users)]
            lock_by_update(users)
        rows.bulk_create(
            [RefusedTokens(user_id=key, issued_until=now) for key in stored],
            batch_size=BATCH,
            update_conflicts=True,
            update_fields=["issued_until"],
            unique_fields=["user"] if connections[alias].features.supports_update_conflicts_with_target else None,
        )

    in_transaction(write, using=alias)


def clear_expired(using: str) -> int:
    """Delete what is known of old tokens that have expired, in batches. Returns how many."""
    margin = MARGIN + access_backend().get_leeway()
    expired = ExchangedToken.objects.using(using).filter(expires_at__lte=moments.add(timezone.now(), -margin))
    deleted = 0
    while keys := list(expired.values_list("pk", flat=True)[:BATCH]):
        deleted += delete_by_key(ExchangedToken, keys, using=using)
    return deleted


def _find(token: OldToken) -> ExchangedToken | None:
    return ExchangedToken.objects.using(write_alias()).filter(pk=token.digest).first()


def _session_id(exchanged: ExchangedToken | None) -> uuid.UUID:
    if exchanged is None or exchanged.session_id is None:
        raise exceptions.TokenNotValid
    return exchanged.session_id


def _jti_of(session_id: uuid.UUID) -> str:
    """What proves generation 0: the old token, which the caller has verified, stands for it."""
    token = RefreshToken.objects.using(write_alias()).filter(pk=session_id).first()
    if token is None:
        raise exceptions.SessionNotFound(session_id=session_id)
    return Secret(token.jti_of(0))


def _exchange(token: OldToken, *, request: HttpRequest | None, tag: str, lifetime: Lifetime) -> Session | None:
    """Create the session. None if another request has, or has signed the token out."""
    session_id = uuid7()

    def work() -> Session | None:
        if _claim(token, session_id) != session_id:
            return None
        lock_by_update(user_row(old_tokens.get_user(token)))
        user = old_tokens.get_user(token, is_locked=True)  # who may have been signed out meanwhile
        return create_migrated_session(user, session_id=session_id, request=request, tag=tag, lifetime=lifetime)

    return in_transaction(work, using=write_alias())


def _claim(token: OldToken, session_id: uuid.UUID | None) -> uuid.UUID | None:
    """Decide what an old token is exchanged for, unless that is decided. Returns what it is exchanged for.

    Another request that does so waits for the end of this one's transaction.
    """
    rows = ExchangedToken.objects.using(write_alias())
    row = ExchangedToken(digest=token.digest, session_id=session_id, expires_at=token.expires_at)
    rows.bulk_create([row], ignore_conflicts=True)
    decided: uuid.UUID | None = rows.values_list("session_id", flat=True).get(pk=row.digest)
    return decided
