"""What a new password, a new hash or a new ``SECRET_KEY`` does to the sessions of a user."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from auth_sessions import exceptions, passwords, signals
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.database import all_sessions, as_told, translate_missing_user, user_row, write_alias
from auth_sessions.core.password_length import refusing_long_passwords
from auth_sessions.core.usage import update_on_commit
from auth_sessions.db.locking import lock, lock_by_primary_key
from auth_sessions.db.transactions import in_transaction, is_outermost
from auth_sessions.masking import Secret, secret_arguments
from auth_sessions.models import Session

CHANGE = "_auth_sessions_change"
"""The attribute of a user whose new password is being saved: the session in which it was changed, and the request."""


@secret_arguments("password")
def change_password(
    user: AbstractBaseUser,
    password: str,
    *,
    keep: Session | None = None,
    request: HttpRequest | None = None,
) -> int:
    """Set a new password and end every session of the user except ``keep``, in one transaction.

    Only sessions of the kinds in ``AUTH_SESSIONS_PASSWORD_CHANGE_ENDS`` end. ``keep`` gets the fingerprint of the new
    password. If that is a browser's session which an app has handed over, the app's is kept with it. The password is
    not validated here; a form or a serializer does that. Returns the number of sessions
    ended. Raises :class:`~auth_sessions.exceptions.UserNotFound` (the user was deleted meanwhile),
    :class:`~auth_sessions.exceptions.PasswordTooLong`, and, without any change,
    :class:`~auth_sessions.exceptions.SessionNotFound` if ``keep`` has ended meanwhile.
    """
    using = write_alias()

    def work() -> int:
        with refusing_long_passwords(password):
            user.set_password(password)
        with _announced_with(user, session=keep, request=request):
            user.save(update_fields=["password"])
        sessions = all_sessions(using).filter(user_id=user.pk)
        locked = lock(sessions)  # in key order, as all code that ends sessions: the write to `keep` must not come first
        if keep is not None and keep.user_id == user.pk and keep not in locked:
            raise exceptions.SessionNotFound
        if keep is not None:
            keep.password_fingerprint = passwords.fingerprint(user.password)
            kept = [keep.pk, keep.sign_in_id]
            sessions.filter(pk__in=kept).update(password_fingerprint=keep.password_fingerprint)
            sessions = sessions.exclude(pk__in=kept)
        sessions = sessions.filter(kind__in=conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS)
        return sessions.end(reason=EndReason.PASSWORD_CHANGED, actor=user, request=request)

    with translate_missing_user(user):
        return in_transaction(work, using=using)


@contextmanager
def _announced_with(user: AbstractBaseUser, *, session: Session | None, request: HttpRequest | None) -> Iterator[None]:
    """What is known of a change of the password, for :func:`announce`, which the receiver of the save calls."""
    vars(user)[CHANGE] = session, request
    try:
        yield
    finally:
        del vars(user)[CHANGE]


def announce(user: AbstractBaseUser, *, using: str) -> None:
    """Send ``password_changed``: the user has just been saved with a new password."""
    if signals.password_changed.has_listeners(type(user)):
        session, request = vars(user).get(CHANGE, (None, None))
        told = copy(user)
        vars(told).pop(CHANGE, None)
        signals.password_changed.send(
            sender=type(user),
            user=told,
            session=None if session is None else as_told(session),
            request=request,
            using=using,
        )


def upgrade_hash(user: AbstractBaseUser) -> None:
    """Store a hash of the same password by another hasher, and update the fingerprints that match the old hash.

    Both are written in one transaction: a request in between would find its session with an earlier password. Where a
    session that a new password ends has the fingerprint of another ``SECRET_KEY``, which cannot be updated, the old
    hash stays, and a process with that key upgrades it.
    """
    using = write_alias()

    def work() -> None:
        for stored in lock_by_primary_key(user_row(user)):
            sessions = all_sessions(using).filter(user_id=user.pk)
            bound = [row for row in lock(sessions) if row.kind in conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS]
            if not all(passwords.has_known_key(session.password_fingerprint) for session in bound):
                user.password = stored.password
                return
            user_row(user).update(password=Secret(user.password))
            sessions.filter(password_fingerprint__in=passwords.fingerprints(stored.password)).update(
                password_fingerprint=passwords.fingerprint(user.password)
            )

    in_transaction(work, using=using)


def update_fingerprint_key(session: Session) -> None:
    """After a change of ``SECRET_KEY``, store the fingerprint that is keyed with the new one, on commit.

    The session then stays live when the old key is removed from ``SECRET_KEY_FALLBACKS``. The fingerprint of another
    password stays as it is.
    """
    if passwords.has_present_key(session.password_fingerprint):
        return
    if passwords.matches(session.password_fingerprint, session.user):
        fingerprint = passwords.fingerprint(session.user.password)
        as_read = {"password_fingerprint": session.password_fingerprint}
        update_on_commit(session, {"password_fingerprint": fingerprint}, only_if=as_read)
        session.password_fingerprint = fingerprint


def sync_password_fingerprint(session: Session) -> None:
    """Store the fingerprint of the user's present password in a browser session that Django has accepted.

    If the password is a new one (``update_session_auth_hash()``), the user's other browser sessions end, which Django
    refuses. Where there are none, and no transaction is open, it is one UPDATE.
    """
    if passwords.matches(session.password_fingerprint, session.user):
        update_fingerprint_key(session)
        return
    using, fingerprint = write_alias(), passwords.fingerprint(session.user.password)
    browsers = all_sessions(using).filter(user_id=session.user_id, kind=SessionKind.BROWSER)
    outdated = browsers.with_other_password(session.user)
    if is_outermost(using) and not outdated.exclude(pk=session.pk).exists():
        session.password_fingerprint = fingerprint
        has_password = {"user__in": user_row(session.user).filter(password=Secret(session.user.password))}
        update_on_commit(session, {"password_fingerprint": fingerprint}, only_if=has_password)
        return

    def work() -> None:
        stored_users = lock_by_primary_key(user_row(session.user))
        if all(stored.password != session.user.password for stored in stored_users):
            return  # the password has changed since the user was read
        lock(browsers)
        session.password_fingerprint = fingerprint
        browsers.filter(pk=session.pk).update(password_fingerprint=fingerprint)
        outdated.end(reason=EndReason.PASSWORD_CHANGED, actor=session.user)

    in_transaction(work, using=using)
