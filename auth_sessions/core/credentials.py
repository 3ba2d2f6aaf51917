"""Credentials: whom they sign in, and whether a password is that of the person who is signed in.

Every interface that asks for a password does it here, so that each attempt is one for Django's signals and for backends
that count failures.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest

from auth_sessions import exceptions, refusals
from auth_sessions.core.backends import backend_of, is_accepted
from auth_sessions.core.password_attempts import find_accepted, find_attempts, takes_passwords
from auth_sessions.core.password_length import check_length, refusing_long_passwords
from auth_sessions.core.people import email_of
from auth_sessions.db.encoding import cannot_hold
from auth_sessions.masking import secret_arguments

SecondFactor = Callable[[AbstractBaseUser], Iterable[str]]
"""Asks for the second factor of a user: returns its authentication method references (RFC 8176), or raises."""

SECRETS = re.compile("api|token|key|secret|password|signature", re.IGNORECASE)
"""The credentials whose values Django masks in ``user_login_failed``."""

LONGEST_USERNAME = 254
"""Where the field has no limit; as in Django's login form."""


@secret_arguments("credentials")
def normalized(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """The credentials with the user name as ``create_user()`` stores it. One that is too long is left as it is."""
    user_model = auth.get_user_model()
    field: Any = user_model._meta.get_field(user_model.USERNAME_FIELD)
    longest = field.max_length or LONGEST_USERNAME
    normalized = dict(credentials)
    for key in {user_model.USERNAME_FIELD, "username"} & normalized.keys():
        if isinstance(name := normalized[key], str) and len(name) <= longest:
            normalized[key] = user_model.normalize_username(name)
    return normalized


@secret_arguments("credentials")
def authenticate(
    request: HttpRequest | None, credentials: Mapping[str, Any], *, second_factor: SecondFactor | None = None
) -> tuple[AbstractBaseUser, tuple[str, ...]]:
    """The user whom ``django.contrib.auth.authenticate()`` accepts, and by which methods.

    ``second_factor`` is called with that user. A second factor that is refused is one failed sign-in, as a wrong
    password is. Raises :class:`~auth_sessions.exceptions.NoActiveAccount`,
    :class:`~auth_sessions.exceptions.PasswordTooLong`, and what ``second_factor`` raises.
    """
    try:
        with refusing_long_passwords(credentials.get("password")):
            user = auth.authenticate(request, **credentials)
    except exceptions.PasswordTooLong:
        check_length(credentials.get("password"))
        # Only the former hasher of this person's password refuses it: for anybody else it would be wrong.
        _report_failure(request, credentials)
        raise exceptions.NoActiveAccount from None
    except DatabaseError as error:
        if not cannot_hold(error):
            raise
        _report_failure(request, credentials)
        raise exceptions.NoActiveAccount from None
    if user is None or not is_accepted(user, backend_of(user)):
        check_length(credentials.get("password"))
        if user is not None:  # which no signal of Django's says
            refusals.tell_sign_in(exceptions.UserInactive.code, request=request, user=user)
        raise exceptions.NoActiveAccount
    try:
        return user, ("pwd", *(() if second_factor is None else second_factor(user)))
    except exceptions.SecondFactorInvalid as error:
        _report_failure(request, credentials, code=error.code)
        raise


@secret_arguments("password")
def verify_password(
    user: AbstractBaseUser, password: str, *, request: HttpRequest | None, backend: str | None = None
) -> AbstractBaseUser | None:
    """The same user, as the backend that accepted the password returned them; None if none did.

    The password is tried with the user name, then with the e-mail address, then with what the ``backend`` of the
    present login takes (its path; where that is not known, each of ``AUTHENTICATION_BACKENDS``). All of it is one
    attempt: ``user_login_failed`` is sent once, and ``PermissionDenied``, by which a backend locks out, ends it. A
    backend that raises anything else for one of these names has not accepted that one: nobody may ever type it. Its
    first error propagates if it raises for each of them, an outage (``password_attempts.OUTAGES``) at once.
    Another person is not accepted. Raises :class:`~auth_sessions.exceptions.PasswordTooLong`.
    """
    with refusing_long_passwords(password):
        try:
            attempts = list(find_attempts(user, password, request=request, backend=backend))
            if found := find_accepted(user, attempts, request):
                return found
        except PermissionDenied:
            pass
    email = {user.get_email_field_name(): email_of(user)} if email_of(user) else {}
    name = {auth.get_user_model().USERNAME_FIELD: user.get_username()}
    code = exceptions.ReauthenticationFailed.code
    _report_failure(request, {**email, **name, "password": password}, code=code, reauthenticated_user=user)
    return None


def prove_again(
    user: AbstractBaseUser,
    *,
    request: HttpRequest | None,
    password: Callable[[], AbstractBaseUser | None] | None,
    second_factor: SecondFactor,
) -> tuple[AbstractBaseUser | None, tuple[str, ...]]:
    """The methods by which a person who is signed in has proved their identity again: all that a sign-in asks for.

    ``password`` verifies theirs, as :func:`verify_password` does; None if they have none. The user is that of the
    backend that accepted it. A second factor that is refused is one failed sign-in. Raises
    :class:`~auth_sessions.exceptions.ReauthenticationFailed`,
    :class:`~auth_sessions.exceptions.ReauthenticationUnavailable` if there was nothing to ask for, and what
    ``second_factor`` raises.
    """
    found = None if password is None else password()
    if password is not None and found is None:
        raise exceptions.ReauthenticationFailed
    try:
        amr = (*(() if found is None else ("pwd",)), *second_factor(user))
    except exceptions.SecondFactorInvalid as error:
        name = {auth.get_user_model().USERNAME_FIELD: user.get_username()}
        _report_failure(request, name, code=error.code, reauthenticated_user=user)
        raise
    if not amr:
        raise exceptions.ReauthenticationUnavailable
    return found, amr


def has_password(user: AbstractBaseUser) -> bool:
    """Whether the person can be asked for a password: they have one, and a backend of the project takes it."""
    return (
        bool(user.password)
        and user.has_usable_password()
        and any(takes_passwords(backend) for backend in auth.get_backends())
    )


@secret_arguments("credentials")
def _report_failure(request: HttpRequest | None, credentials: Mapping[str, Any], **more: Any) -> None:
    """Send ``user_login_failed`` as Django does, for a failure that Django does not see.

    ``more`` is for the app's own receiver (``observers.tell_login_failure``).
    """
    masked = {name: "*" * 20 if SECRETS.search(name) else value for name, value in credentials.items()}
    user_login_failed.send(sender=auth.__name__, credentials=masked, request=request, **more)


def keep_answer(request: HttpRequest) -> None:
    """Keep the middleware of django-axes from replacing the JSON of an API by its page for people.

    Somebody who is locked out gets the refusal of wrong credentials, as from simplejwt's views.
    """
    vars(request).pop("axes_locked_out", None)
