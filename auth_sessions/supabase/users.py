"""Users of the Supabase API: found by e-mail address, identified by a UUID, with metadata."""

import hashlib
import logging
import uuid
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Upper

from auth_sessions import exceptions
from auth_sessions.core.database import all_users, user_row, write_alias
from auth_sessions.core.people import EMAIL_LENGTH, email_of, has_email, is_same_email, normalized_email
from auth_sessions.db.batches import batches
from auth_sessions.db.compiled import get_related, set_related
from auth_sessions.db.encoding import find_text
from auth_sessions.db.locking import lock, lock_by_primary_key, lock_by_update, read_keys
from auth_sessions.db.row_deletion import delete_by_key
from auth_sessions.db.transactions import in_transaction
from auth_sessions.supabase.models import Profile
from auth_sessions.supabase.request_body import check_size

logger = logging.getLogger("auth_sessions")

IDENTITY = ("sub", "email", "email_verified", "phone_verified")
"""The members of ``user_metadata`` that the server always writes, and a client never."""

PROFILE_OF_SESSION = "user__supabase_profile"
"""The profile as a related row of a session, which may not exist yet."""

UNKNOWN_USERNAME = "no-such-user:{}"


def usernames(email: str) -> list[str]:
    """The user names of all users with this e-mail address, compared without regard to case."""
    return [name for _, name in _with_address(email)]


def _with_address(email: str) -> list[tuple[Any, str]]:
    """The key and the user name of each user with this address."""
    if len(email) > EMAIL_LENGTH:
        return []
    user_model = get_user_model()
    names = ("pk", user_model.USERNAME_FIELD, user_model.get_email_field_name())
    rows = _visible().filter(has_email(email)).values_list(*names)
    found: list[Any] = find_text(lambda: list(rows), default=[])
    # A database may also treat accents, or letters with the same upper case, as equal.
    return [(key, name) for key, name, stored in found if is_same_email(stored, email)]


def sharing_an_address() -> list[Any]:
    """The keys of two users with the same e-mail address, if there are any. Reads the addresses of all users."""
    field = get_user_model().get_email_field_name()
    addressed = _visible().annotate(address=Upper(field)).filter(address__gt="")
    shared = addressed.values("address").annotate(count=Count("pk")).filter(count__gt=1).values("address")
    first: dict[str, Any] = {}
    # Two that differ in their Unicode form only are not equal in SQL.
    may_be_shared = Q(address__in=shared) | Q(**{f"{field}__regex": "[^ -~]"})
    for key, address in addressed.filter(may_be_shared).values_list("pk", field).iterator():
        if first.setdefault(normalized_email(address), key) != key:
            return [first[normalized_email(address)], key]
    return []


def _visible() -> QuerySet[AbstractBaseUser]:
    """The users that the project's default manager finds."""
    return get_user_model()._default_manager.using(write_alias())


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
    found = _with_address(email)
    if len(found) > 1:
        logger.warning("A sign-in is refused, since several users share its address: %s", [key for key, _ in found])
    name = found[0][1] if len(found) == 1 else UNKNOWN_USERNAME.format(hashlib.sha256(email.encode()).hexdigest())
    return {get_user_model().USERNAME_FIELD: name, "password": password}


def build(email: str) -> AbstractBaseUser:
    """A user who is not saved, without a password. The user name is the address, if its field accepts that."""
    user_model = get_user_model()
    username_field: Any = user_model._meta.get_field(user_model.USERNAME_FIELD)
    username = email
    try:
        username_field.run_validators(email)
    except ValidationError:
        username = uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{email}").hex  # the same name for the same address
    return user_model(**{user_model.USERNAME_FIELD: username, user_model.get_email_field_name(): email})


def created_at(user: AbstractBaseUser) -> datetime:
    """When the user signed up; if the user model does not store it, when their profile was created."""
    joined = getattr(user, "date_joined", None)
    return joined if isinstance(joined, datetime) else profile(user).created_at


def is_autoconfirmed() -> bool:
    """Whether every address counts as confirmed: nothing that is installed verifies addresses."""
    return not apps.is_installed("allauth.account")


def email_confirmed_at(user: AbstractBaseUser) -> datetime | None:
    """When the user's address was confirmed; None if it is not confirmed, or there is none.

    Every address counts as confirmed at sign-up, as in Supabase Auth with ``mailer_autoconfirm``. If django-allauth is
    installed, an address is confirmed if allauth has verified it. It does not store when: the time is that of sign-up.
    """
    email = email_of(user)
    if not email:
        return None
    if not is_autoconfirmed():
        model: Any = apps.get_model("account", "EmailAddress")  # type: ignore[misc]
        addresses = model._default_manager.using(write_alias())
        if not addresses.filter(user_id=user.pk, email__iexact=email, verified=True).exists():
            return None
    return created_at(user)


def profile(user: AbstractBaseUser) -> Profile:
    """The profile of a user, created if there is none. Raises :class:`~auth_sessions.exceptions.UserNotFound`.

    It is read once for each instance of the user, from the database that it is written to.
    """
    found: Profile | None = get_related(user, "supabase_profile")
    if found is None:
        found = _profiles().filter(user_id=user.pk).first() or _create_profile(user)
        _keep(user, found)
    return found


def _keep(user: AbstractBaseUser, profile: Profile) -> None:
    set_related(user, "supabase_profile", profile)
    set_related(profile, "user", user)


def _create_profile(user: AbstractBaseUser) -> Profile:
    """Create a profile, under the lock on the user's row that a deletion takes as well."""
    using = write_alias()

    def work() -> Profile:
        if not lock_by_update(user_row(user)):
            raise exceptions.UserNotFound
        key = user.pk if isinstance(user.pk, uuid.UUID) else uuid.uuid4()
        try:
            with transaction.atomic(using=using):
                return _profiles().create(user_id=user.pk, uuid=key)
        except IntegrityError:  # another request was first; a locking read sees its row
            return _profiles().select_for_update().get(user_id=user.pk)

    return in_transaction(work, using=using)


def merge_user_metadata(user: AbstractBaseUser, changes: dict[str, Any]) -> None:
    """Merge ``changes`` key by key; None deletes a key. Call it in a transaction: the row is locked until its end.

    The members of ``IDENTITY``, which clients send back as they have read them, are not stored.
    """
    if not changes:
        return
    for stored in lock_by_primary_key(_profiles().filter(pk=profile(user).pk)):
        before, merged = stored.user_metadata, {**stored.user_metadata, **changes}
        stored.user_metadata = {
            key: value for key, value in merged.items() if value is not None and key not in IDENTITY
        }
        stored.save(update_fields=["user_metadata", "updated_at"])
        # a database may store numbers in a longer form
        stored.refresh_from_db(using=write_alias(), fields=["user_metadata"])
        check_size(stored.user_metadata, before=before)
        _keep(user, stored)


def delete_profiles(user_ids: list[Any]) -> None:
    """Delete the profiles of users about to be deleted, under the lock that the creation of a profile takes as well."""

    def work() -> None:
        for keys in batches(user_ids):
            lock_by_primary_key(all_users().filter(pk__in=keys))
            delete_by_key(Profile, read_keys(_profiles().filter(user_id__in=keys)), using=write_alias())

    in_transaction(work, using=write_alias())


def _profiles() -> QuerySet[Profile]:
    return Profile.objects.using(write_alias())
