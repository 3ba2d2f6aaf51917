"""Passwords that are too long for a hasher."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import BasePasswordHasher, get_hasher, get_hashers

from auth_sessions import exceptions
from auth_sessions.masking import secret_arguments

SHORTEST_LIMIT = 72
"""The bytes that bcrypt takes, which is the least of all hashers."""


@contextmanager
@secret_arguments("password")
def refusing_long_passwords(password: object) -> Iterator[None]:
    """Raise ``PasswordTooLong`` for the ``ValueError`` of a hasher that does not take the password."""
    try:
        yield
    except ValueError as error:
        if isinstance(error, UnicodeError) or not isinstance(password, str):
            raise
        # A hasher whose library is missing takes no password at all.
        if all(hashes(hasher, password) or not hashes(hasher, "") for hasher in get_hashers()):
            raise
        raise exceptions.PasswordTooLong from None


@secret_arguments("password")
def check_length(password: object) -> None:
    """Raise ``PasswordTooLong`` for a password that the first of ``PASSWORD_HASHERS`` does not take.

    A wrong password is checked so, too: the answer is then the same whether or not there is a hash to compare.
    """
    is_long = isinstance(password, str) and len(password) * 4 > SHORTEST_LIMIT
    if is_long and len(str(password).encode(errors="replace")) > SHORTEST_LIMIT:
        with refusing_long_passwords(password):
            get_hasher().encode(str(password), get_hasher().salt())


@secret_arguments("password")
def hashes(hasher: BasePasswordHasher, password: str) -> bool:
    """Whether a hasher takes the password."""
    try:
        hasher.encode(password, hasher.salt())
    except ValueError:
        return False
    return True
