"""What the save of a user does to their sessions: nothing, unless the password or who may be signed in has changed."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from auth_sessions import passwords
from auth_sessions.choices import EndReason, SessionKind
from auth_sessions.conf import conf
from auth_sessions.core.backends import is_accepted, is_visible, refused_sessions
from auth_sessions.core.database import all_sessions, all_users, user_row, write_alias
from auth_sessions.core.sign_out import revoke_credentials
from auth_sessions.db.hash_upgrades import has_new_password
from auth_sessions.db.locking import lock, lock_by_primary_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.models import Session
from auth_sessions.querysets import SessionQuerySet
from auth_sessions.signals import credentials_revoked

ANY_OTHER = ""
"""Equals no password hash."""


def get_stored_password(user: AbstractBaseUser, update_fields: Collection[str] | None, *, using: str) -> str | None:
    """The stored hash that the save of a user is about to overwrite; None if it writes no password of a stored user.

    ``ANY_OTHER``, without SQL, if the password has just been set.
    """
    if not hasattr(user, "password") or (update_fields is not None and "password" not in update_fields):
        return None
    if user._state.adding and (user.pk is None or user._meta.pk.has_default()):
        return None
    if has_new_password(user):
        return ANY_OTHER
    rows: Any = type(user)._base_manager.using(using).filter(pk=user.pk)
    stored: str | None = rows.values_list("password", flat=True).first()
    return stored


def revoke_before_save(user: AbstractBaseUser, stored: str | None) -> bool:
    """Before a new password of a stored user is written, send ``credentials_revoked``. Whether it was sent.

    After it, until the sessions have ended, whatever an earlier sign-in has given could open a session with the new
    password's fingerprint. What the person gets by the new password, perhaps in the same transaction, stays.
    """
    revokes = not user._state.adding and is_new_password(user, stored) and _ends_tokens()
    if revokes:
        revoke_credentials({user.pk}, using=write_alias())
    return revokes


def is_new_password(user: AbstractBaseUser, stored: str | None) -> bool:
    """Whether a save writes a new password over the ``stored`` hash, as :func:`get_stored_password` found it."""
    return stored is not None and stored != user.password


def _ends_tokens() -> bool:
    return SessionKind.TOKEN in conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS


def end_after_save(user_id: Any, *, has_new_password: bool, is_revoked: bool = False) -> int:
    """End the sessions of a saved user that nobody may use any more. Returns the number of sessions ended.

    These are the sessions whose backend does not accept the user, all of them if the default manager hides the user,
    and those in which a user who is not accepted acts in another person's name. With a new password these are also the
    token sessions of any other, and those in which the user acts from a browser session of any other, where
    ``AUTH_SESSIONS_PASSWORD_CHANGE_ENDS`` names that kind. Costs at most two SELECTs if none ends.

    Sends ``credentials_revoked`` of a user whom no backend accepts, and with a new password that does not leave token
    sessions alone, unless it ``is_revoked``: it was sent before the save.
    """
    using = write_alias()
    user = all_users(using).filter(pk=user_id).first()
    if user is None:
        return 0
    revokes = has_new_password and not is_revoked and _ends_tokens()
    is_locked_out = credentials_revoked.has_listeners(Session) and not _may_sign_in(user, using)
    refused = [sessions for _, sessions in _refused(user, using, has_new_password=has_new_password)]
    if not (revokes or is_locked_out or (refused and refused[0].union(*refused[1:]).exists())):
        return 0

    def work() -> int:
        ended = 0
        for stored in lock_by_primary_key(user_row(user)):  # nobody changes the user until these sessions have ended
            if revokes or not _may_sign_in(stored, using):
                revoke_credentials({user_id}, using=using)
            if has_new_password:
                lock(all_sessions(using).of_person(user_id))
            for reason, sessions in _refused(stored, using, has_new_password=has_new_password):
                ended += sessions.end(reason=reason)
        return ended

    return in_transaction(work, using=using)


def _refused(user: AbstractBaseUser, using: str, *, has_new_password: bool) -> list[tuple[EndReason, SessionQuerySet]]:
    """The sessions that a user's present state refuses, and the reason for which they end.

    The user's browser sessions of another password are Django's to judge, and stay: ``update_session_auth_hash()`` may
    follow. Until then nobody can act from them in another person's name, so that those sessions end.
    """
    own, acted = all_sessions(using).filter(user_id=user.pk), all_sessions(using).filter(actor_id=user.pk)
    refused = []
    if not _may_sign_in(user, using):
        refused.append((EndReason.SIGNED_OUT, acted))
    if (of_backends := refused_sessions(user, own, is_visible=is_visible(user, using=using))) is not None:
        refused.append((EndReason.USER_INACTIVE, of_backends))
    if has_new_password:
        kinds = conf.AUTH_SESSIONS_PASSWORD_CHANGE_ENDS
        outdated = own.exclude(password_fingerprint__in=passwords.fingerprints(user.password))
        if SessionKind.BROWSER in kinds:
            browsers = outdated.filter(kind=SessionKind.BROWSER)
            refused.append((EndReason.SIGNED_OUT, acted.filter(depends_on__in=browsers.values("pk"))))
        if SessionKind.TOKEN in kinds:
            refused.append((EndReason.PASSWORD_CHANGED, outdated.filter(kind=SessionKind.TOKEN)))
    return refused


def _may_sign_in(user: AbstractBaseUser, using: str) -> bool:
    return is_accepted(user, "") and is_visible(user, using=using)
