"""Users of Supabase Auth, from rows of its table ``auth.users``: with their UUIDs, passwords and metadata."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db.models import UUIDField
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from auth_sessions.core.database import all_users, write_alias
from auth_sessions.core.people import normalized_email
from auth_sessions.moments import has_passed
from auth_sessions.supabase import users
from auth_sessions.supabase.models import Profile

COLUMNS = (
    "id",
    "email",
    "encrypted_password",
    "email_confirmed_at",
    "banned_until",
    "created_at",
    "last_sign_in_at",
    "raw_app_meta_data",
    "raw_user_meta_data",
)

HASHERS = {"$2": "bcrypt$", "$argon2": "argon2"}
"""What Django puts before a hash, by the first characters of the hash."""


class Outcome(StrEnum):
    """What became of a row."""

    IMPORTED = "imported"
    KNOWN = "known already"
    NO_ADDRESS = "without an e-mail address"
    ADDRESS_TAKEN = "with the e-mail address or user name of another user"


def import_users(rows: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, Outcome]]:
    """Create the users of these rows, which have ``COLUMNS``; yields the id of each and what became of it.

    Those whose address is not confirmed, and those who are banned, are inactive. A user whose id is known is left as it
    is. Call it in a transaction. Raises ``ValueError`` for a row that cannot be read, and for a hash of which no hasher
    is in ``PASSWORD_HASHERS``.
    """
    known, addresses = _known_ids(), _addresses()
    for row in rows:
        _require_complete(row)
        key, email = uuid.UUID(row["id"]), normalized_email(row["email"])
        outcome = Outcome.IMPORTED
        if key in known:
            outcome = Outcome.KNOWN
        elif not email:
            outcome = Outcome.NO_ADDRESS
        elif email in addresses:
            outcome = Outcome.ADDRESS_TAKEN
        else:
            _create(key, email, row)
            known.add(key)
            addresses.add(email)
        yield row["id"], outcome


def _require_complete(row: Mapping[str, str | None]) -> None:
    """Raise ``ValueError`` for a row that ends early: the file may have been cut off."""
    if missing := [name for name in COLUMNS if row[name] is None]:
        raise ValueError(f"The row ends before {missing[0]}.")


def _known_ids() -> set[uuid.UUID]:
    of_users = all_users().values_list("pk", flat=True) if _has_uuid_key() else ()
    return {*Profile.objects.using(write_alias()).values_list("uuid", flat=True), *of_users}


def _addresses() -> set[str]:
    user_model = get_user_model()
    found = all_users().values_list(user_model.get_email_field_name(), user_model.USERNAME_FIELD)
    return {normalized_email(name) for names in found.iterator() for name in names if name}


def _has_uuid_key() -> bool:
    return isinstance(get_user_model()._meta.pk, UUIDField)


def _is_active(row: Mapping[str, str]) -> bool:
    banned_until = _moment(row["banned_until"])
    return bool(row["email_confirmed_at"]) and (banned_until is None or has_passed(banned_until))


def _create(key: uuid.UUID, email: str, row: Mapping[str, str]) -> None:
    user = users.build(email)
    email_field: Any = user._meta.get_field(user.get_email_field_name())
    if (longest := email_field.max_length) is not None and len(email) > longest:
        raise ValueError(f"The address {email!r} has more than {longest} characters.")
    if _has_uuid_key():
        user.pk = key
    created_at = _moment(row["created_at"]) or timezone.now()
    user.password = _hash_of(row["encrypted_password"])
    user.is_active = _is_active(row)
    user.last_login = _moment(row["last_sign_in_at"])
    user.date_joined = created_at  # type: ignore[attr-defined]
    user.save(using=write_alias())
    metadata = _object(row["raw_user_meta_data"])
    profiles = Profile.objects.using(write_alias())
    profile = profiles.create(
        uuid=key,
        user_id=user.pk,
        user_metadata={name: value for name, value in metadata.items() if name not in users.IDENTITY},
        app_metadata=_object(row["raw_app_meta_data"]),
    )
    profiles.filter(pk=profile.pk).update(created_at=created_at)


def _hash_of(encrypted: str) -> str:
    """The hash as Django stores it. Without one, and with one of another kind, the user has no usable password."""
    for start, prefix in HASHERS.items():
        if encrypted.startswith(start):
            identify_hasher(prefix + encrypted)
            return prefix + encrypted
    return make_password(None)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    found = parse_datetime(text)
    if found is None:
        raise ValueError(f"{text!r} is no time")
    return timezone.make_naive(found) if timezone.is_aware(found) and not settings.USE_TZ else found


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text or "{}")
    if not isinstance(found, dict):
        raise ValueError("metadata must be an object")  # noqa: TRY004
    return found
