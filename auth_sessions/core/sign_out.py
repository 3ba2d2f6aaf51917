"""How sessions end: signed out by the person, with the password or the user."""

from functools import partial

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.http import HttpRequest

from auth_sessions import exceptions, passwords
from auth_sessions.choices import EndReason, Scope
from auth_sessions.core.rows import all_sessions, database, row_of, user_may_vanish
from auth_sessions.core.statements import lock_reached
from auth_sessions.db import deletion
from auth_sessions.models import Session
from auth_sessions.querysets import lock


def sign_out(
    session: Session,
    scope: Scope = Scope.GLOBAL,
    *,
    actor: AbstractBaseUser | None = None,
    request: HttpRequest | None = None,
) -> int:
    """Sign a person out from one of their sessions: everywhere, here, or everywhere else. Returns how many ended.

    ``actor`` is the person, unless told otherwise. Django's ``user_logged_out`` is sent once where the session the
    person calls from is among the ended ones and there is a ``request``. Raises ``ValueError`` for an unknown scope.
    """
    scope, using = Scope(scope), database()
    ended = deletion.end(
        partial(lock_reached, session, scope, using),
        using=using,
        reason=EndReason.SIGNED_OUT,
        scope=scope,
        actor=actor or session.user,
        request=request,
    )
    if ended and request is not None and scope != Scope.OTHERS:
        user_logged_out.send(sender=session.user.__class__, request=request, user=session.user, session=session)
    return ended


def clear_away(over: exceptions.SessionOver, *, request: HttpRequest | None = None) -> None:
    """Sign out locally where the session turned out to be over: what is left of it goes, and nobody is refused."""
    if over.session is not None:
        sign_out(over.session, Scope.LOCAL, request=request)


def change_password(
    user: AbstractBaseUser,
    password: str,
    *,
    keep: Session | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Set a new password and end every session of the user but ``keep``, which is stamped anew, in one transaction.

    The password is not validated here: that is the form's or serializer's part. Raises
    :class:`~auth_sessions.exceptions.UserNotFound` (deleted meanwhile).
    """
    using = database()
    with user_may_vanish(user), transaction.atomic(using=using):
        user.set_password(password)
        user.save(update_fields=["password"])
        sessions = all_sessions(using).filter(user_id=user.pk)
        lock(sessions)  # in key order, as whoever else ends them: the write to `keep` must not come first
        if keep is not None:
            keep.password_fingerprint = passwords.fingerprint(user.password)
            sessions.filter(pk=keep.pk).update(password_fingerprint=keep.password_fingerprint)
            sessions = sessions.exclude(pk=keep.pk)
        sessions.end(reason=EndReason.PASSWORD_CHANGED, actor=user, request=request)


def upgrade_hash(user: AbstractBaseUser) -> None:
    """Store a hash of the same password by another hasher, and keep the sessions that were stamped with the old one.

    Both in one transaction, since a request in between would find its session stamped with another password.
    """
    using = database()
    with transaction.atomic(using=using):
        for stored in lock(row_of(user)):
            row_of(user).update(password=user.password)
            sessions = all_sessions(using).filter(user_id=user.pk)
            lock(sessions)
            sessions.filter(password_fingerprint__in=passwords.fingerprints(stored.password)).update(
                password_fingerprint=passwords.fingerprint(user.password)
            )


def end_before_deletion(user: AbstractBaseUser) -> int:
    """End all sessions of a user about to be deleted, under a lock that no new sign-in passes. Returns how many."""
    using = database()
    with transaction.atomic(using=using):
        lock(row_of(user))
        return all_sessions(using).filter(user_id=user.pk).end(reason=EndReason.USER_DELETED)
