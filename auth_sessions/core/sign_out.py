"""Ends the sessions of a user: by a sign-out, chosen ones, or before users are deleted."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from auth_sessions import exceptions, security_log, signals
from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.database import all_sessions, all_users, lock_with_caller, write_alias
from auth_sessions.core.statements.scopes import lock_in_scope
from auth_sessions.db import ending
from auth_sessions.db.batches import batches
from auth_sessions.db.ended_session import EndedSession
from auth_sessions.db.locking import lock_by_primary_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet

OF_STAFF = (EndReason.REVOKED, EndReason.DELETED)
"""The reasons for which staff ends sessions of others."""


def sign_out(
    session: Session,
    scope: Scope = Scope.GLOBAL,
    *,
    actor: AbstractBaseUser | None = None,
    request: HttpRequest | None = None,
) -> int:
    """Sign a person out from one of their sessions. Returns the number of sessions ended.

    The scope ``global`` ends every session of the person, ``local`` this session, and ``others`` every other session.
    A session in which somebody acts in the person's name (``Session.actor``) reaches only what that somebody began.
    ``actor`` is by default the person, or who acts in their name. Django's ``user_logged_out`` is sent once, if there
    is a ``request`` and this session may be among those that ended. ``credentials_revoked`` is sent in the transaction,
    unless the scope is ``local`` or somebody acts. Raises ``ValueError`` for an unknown scope, and, unless the scope is
    ``local``, :class:`~auth_sessions.exceptions.SessionNotFound` if this session has ended: it signs out nobody else.
    """
    scope, using = Scope(scope), write_alias()
    revokes = scope != Scope.LOCAL and session.actor_id is None

    def lock(record: type[EndedSession] | None) -> list[Any]:
        if revokes:
            revoke_credentials({session.user_id}, using=using)
        return lock_in_scope(session, scope, using, record=record)

    ended = ending.end(
        lock,
        using=using,
        reason=EndReason.SIGNED_OUT,
        scope=scope,
        actor=actor or session.actor or session.user,
        request=request,
    )
    if ended and request is not None and scope != Scope.OTHERS:
        user_logged_out.send(sender=session.user.__class__, request=request, user=session.user, session=session)
    return ended


def revoke_credentials(user_ids: Collection[Any], *, using: str) -> None:
    """Send ``credentials_revoked``, if it is about anybody.

    Call it in the transaction in which their sessions end, before these are locked: a receiver may lock the users.
    """
    if user_ids:
        signals.credentials_revoked.send(sender=Session, user_ids=set(user_ids), using=using)


def end_chosen(
    chosen: SessionQuerySet,
    *,
    caller: Session | None,
    reason: EndReason,
    scope: Scope | None = None,
    actor: AbstractBaseUser | None = None,
    request: HttpRequest | None = None,
    revoked_users: Collection[Any] = (),
) -> int:
    """End the ``chosen`` sessions from another one, the ``caller``'s. Returns the number of sessions ended.

    ``caller`` is None for somebody who is signed in by something else than a session. ``revoked_users`` are the keys of
    users of whom ``credentials_revoked`` is sent, in the same transaction. Raises
    :class:`~auth_sessions.exceptions.SessionNotFound` if the caller's session has ended: it signs out nobody else. And
    ``PermissionDenied`` if somebody acts in it in another person's name and has not begun all of the chosen sessions,
    or if a ``scope`` says that a person is signed out, and not a device.
    """
    using = write_alias()

    def lock(record: type[EndedSession] | None) -> list[Any]:
        revoke_credentials(revoked_users, using=using)
        locked = lock_with_caller(chosen, caller=caller, using=using, record=record)
        if caller is None:
            return locked
        is_theirs = scope is None and all(each.actor_id == caller.actor_id for each in locked)
        if caller.is_staff_help and not is_theirs:
            raise acting_refused()
        own = all_sessions(using).filter(pk=caller.pk)
        is_chosen = own.filter(pk__in=chosen.using(using).values("pk")).exists()
        return locked if is_chosen else [each for each in locked if each.id != caller.pk]

    ended = ending.end(lock, using=using, reason=reason, scope=scope, actor=actor, request=request)
    if reason in OF_STAFF:
        (user_id,) = revoked_users if len(revoked_users) == 1 else (None,)
        security_log.write_on_commit(
            security_log.ADMIN_ACTION,
            using=using,
            request=request,
            user=user_id,
            actor=None if actor is None else actor.pk,
            reason=str(reason),
            scope=None if scope is None else str(scope),
            count=ended,
        )
    return ended


def acting_refused() -> PermissionDenied:
    """The refusal of a sign-out of other devices than those that somebody has begun in another person's name."""
    return PermissionDenied(_("You act in another person’s name: only they can sign out their devices."))


def complete_local_sign_out(error: BaseException | None, scope: str, *, request: HttpRequest) -> bool:
    """Complete a sign-out of the scope ``local`` whose session was refused. False if the refusal remains.

    A client that only wants to sign out is not refused: the row of an expired or otherwise invalid session ends here.
    """
    if scope != Scope.LOCAL or not isinstance(error, exceptions.SessionInvalid):
        return False
    if error.session is not None:
        sign_out(error.session, Scope.LOCAL, request=request)
    return True


def end_before_deletion(user_ids: list[Any]) -> int:
    """End all sessions of users about to be deleted. Returns the number of sessions ended.

    The rows of the users are locked first, so that a new sign-in waits until they are deleted. The number of statements
    and of signals does not depend on the number of users, up to 30,000 of them.
    """
    using = write_alias()

    def work() -> int:
        ended = 0
        for keys in batches(user_ids):
            lock_by_primary_key(all_users(using).filter(pk__in=keys))
            of_others = all_sessions(using).filter(actor_id__in=keys).exclude(user_id__in=keys)
            ended += of_others.end(reason=EndReason.SIGNED_OUT)
            ended += all_sessions(using).filter(user_id__in=keys).end(reason=EndReason.USER_DELETED)
        return ended

    return in_transaction(work, using=using)
