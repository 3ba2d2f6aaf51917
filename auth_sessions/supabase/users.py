"""Users of the Supabase API: found by e-mail address, identified by a UUID, with metadata."""

import hashlib
import unicodedata
import uuid
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q, QuerySet

from auth_sessions import exceptions
from auth_sessions.core.database import all_users, user_row, write_alias
from auth_sessions.core.sign_out import end_before_deletion
from auth_sessions.db.locking import lock, lock_by_primary_key, lock_by_update
from auth_sessions.db.transactions import in_transaction
from auth_sessions.supabase.models import Profile
from auth_sessions.supabase.request_body import check_size

EMAIL_LENGTH = 254
"""The maximum length of an address (RFC 5321)."""

UNKNOWN_USERNAME = "no-such-user:{}"


def usernames(email: str) -> list[str]:
    """The user names of all users with this e-mail address, compared without regard to case."""
    if len(email) > EMAIL_LENGTH:
        return []
    user_model = get_user_model()
    field = user_model.get_email_field_name()
    users = user_model._default_manager.filter(**{f"{field}__iexact": email})
    # A database may also treat accents, or letters with the same upper case, as equal.
    return [name for name, stored in users.values_list(user_model.USERNAME_FIELD, field) if is_same(stored, email)]


def is_taken(user: AbstractBaseUser) -> bool:
    """Whether another user has the user name or the address of this user, who could not be saved."""
    user_model = get_user_model()
    same_name = Q(**{user_model.USERNAME_FIELD: user.get_username()})
    same_address = Q(**{user_model.get_email_field_name(): email_of(user)})
    users = all_users().filter(same_name | same_address)
    return bool(in_transaction(lambda: lock(users), using=write_alias()))  # sees what another has just written


def credentials(email: str, password: str) -> dict[str, str]:
    """The credentials for ``authenticate()``.

    For an unknown address, and for one that several users share, they contain a user name that no user has: it takes as
    long as a wrong password, and ``user_login_failed`` is sent.
    """
    found = usernames(email)
    name = found[0] if len(found) == 1 else UNKNOWN_USERNAME.format(hashlib.sha256(email.encode()).hexdigest())
    return {get_user_model().USERNAME_FIELD: name, "password": password}


def email_of(user: AbstractBaseUser) -> str:
    """The e-mail address of a user, "" if there is none."""
    return getattr(user, user.get_email_field_name(), None) or ""


def is_same(one: str, other: str) -> bool:
    """Whether two addresses are the same, compared without regard to case."""
    return normalized(one) == normalized(other)


def normalized(email: str) -> str:
    """An address in lower case and in Unicode's form NFKC, as Django stores user names. One too long is unchanged."""
    email = email.strip()
    if len(email) > EMAIL_LENGTH:
        return email
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).lower())


def profile(user: AbstractBaseUser) -> Profile:
    """The profile of a user, created if there is none. Raises :class:`~auth_sessions.exceptions.UserNotFound`."""
    try:
        return cast("Profile", cast("Any", user).supabase_profile)
    except Profile.DoesNotExist:
        made = _make(user)
    cast("Any", user).supabase_profile = made
    return made


def _make(user: AbstractBaseUser) -> Profile:
    """Create a profile, under the lock on the user's row that a deletion takes as well."""

    def work() -> Profile:
        if not lock_by_update(user_row(user)):
            raise exceptions.UserNotFound
        found = _profiles().select_for_update().filter(user_id=user.pk).first()  # of a request that was first
        key = user.pk if isinstance(user.pk, uuid.UUID) else uuid.uuid4()
        return found or _profiles().create(user_id=user.pk, uuid=key)

    return in_transaction(work, using=write_alias())


def merge_user_metadata(user: AbstractBaseUser, changes: dict[str, Any]) -> None:
    """Merge ``changes`` key by key; None deletes a key. Call it in a transaction: the row is locked until its end."""
    if not changes:
        return
    for stored in lock_by_primary_key(_profiles().filter(pk=profile(user).pk)):
        before, merged = stored.user_metadata, {**stored.user_metadata, **changes}
        stored.user_metadata = {key: value for key, value in merged.items() if value is not None}
        stored.save(update_fields=["user_metadata", "updated_at"])
        stored.refresh_from_db(fields=["user_metadata"])  # a database may store numbers in a longer form
        check_size(stored.user_metadata, before=before)
        cast("Any", user).supabase_profile = stored


def delete_profile(user: AbstractBaseUser) -> None:
    """Delete the profile of a user about to be deleted, under the lock that the creation of a profile takes as well."""
    end_before_deletion(user)
    _profiles().filter(user_id=user.pk).delete()


def _profiles() -> QuerySet[Profile]:
    return Profile.objects.using(write_alias())
