"""Credentials: whom they sign in, and whether a password is that of the person who is signed in.

Every interface that asks for a password does it here, so that each attempt is one for Django's signals and for backends
that count failures.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import Parameter, Signature, signature
from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import BasePasswordHasher, get_hasher, get_hashers
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest

from auth_sessions import exceptions, refusals
from auth_sessions.core.backends import backend_of, is_accepted
from auth_sessions.core.people import email_of
from auth_sessions.masking import secret_arguments

logger = logging.getLogger("auth_sessions")

SecondFactor = Callable[[AbstractBaseUser], Iterable[str]]
"""Asks for the second factor of a user: returns its authentication method references (RFC 8176), or raises."""

SECRETS = re.compile("api|token|key|secret|password|signature", re.IGNORECASE)
"""The credentials whose values Django masks in ``user_login_failed``."""

OUTAGES = (OSError, OperationalError)
"""What no name is to blame for: a server that does not answer."""

SHORTEST_LIMIT = 72
"""The bytes that bcrypt takes, which is the least of all hashers."""

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
    first error propagates if it raises for each of them, an outage (:data:`OUTAGES`) at once. Another person is not
    accepted. Raises :class:`~auth_sessions.exceptions.PasswordTooLong`.
    """
    with refusing_long_passwords(password):
        try:
            attempts = list(_attempts(user, password, request=request, backend=backend))
            if found := _find_accepted(user, attempts, request):
                return found
        except PermissionDenied:
            pass
    email = {user.get_email_field_name(): email_of(user)} if email_of(user) else {}
    name = {auth.get_user_model().USERNAME_FIELD: user.get_username()}
    _report_failure(request, {**email, **name, "password": password}, reauthenticated_user=user)
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
        and any(_takes_passwords(backend) for backend in auth.get_backends())
    )


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
        if all(_hashes(hasher, password) or not _hashes(hasher, "") for hasher in get_hashers()):
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
def _hashes(hasher: BasePasswordHasher, password: str) -> bool:
    try:
        hasher.encode(password, hasher.salt())
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class _Attempt:
    """One call of one backend."""

    path: str
    backend: Any = field(compare=False)
    credentials: dict[str, Any] = field(repr=False)
    is_guess: bool = field(default=False, compare=False)
    """Whether a parameter that the user has no attribute for was filled with the user name or the address."""

    @property
    def is_swallowed(self) -> bool:
        """Whether the backend has no parameter for the name, but takes any keyword: it may need another one."""
        return self.credentials.keys().isdisjoint({*_parameters(self.backend)} - {"password"})

    def is_of_name(self, error: Exception) -> bool:
        """Whether the backend may have raised an error for a name that it is not meant to read."""
        return self.is_swallowed or (self.is_guess and isinstance(error, ValueError))


@dataclass
class _Backends:
    """The backends of one attempt: which have answered for a name that they read, and what the others raised first."""

    request: HttpRequest | None
    answered: set[str] = field(default_factory=set)
    errors: dict[str, Exception] = field(default_factory=dict)

    def ask(self, attempt: _Attempt) -> Any:
        """What the backend returns; None also if it raises: see :meth:`raise_for`."""
        try:
            found = attempt.backend.authenticate(self.request, **attempt.credentials)
        except (PermissionDenied, *OUTAGES):
            raise
        except Exception as error:
            if isinstance(error, ValueError) and not _hashes(get_hasher(), attempt.credentials["password"]):
                raise
            if not attempt.is_of_name(error):
                self.errors.setdefault(attempt.path, error)
            names = ", ".join(name for name in attempt.credentials if name != "password")
            logger.info("%s raised %s for the keyword %s", attempt.path, type(error).__name__, names)
            return None
        if not attempt.is_swallowed:
            self.answered.add(attempt.path)
        return found

    def raise_for(self, paths: Iterable[str]) -> None:
        """Raise the first error of the first of these backends that has not answered for any name."""
        for path in paths:
            if path in self.errors and path not in self.answered:
                raise self.errors[path]


def _find_accepted(
    user: AbstractBaseUser, attempts: list[_Attempt], request: HttpRequest | None
) -> AbstractBaseUser | None:
    """The user as the first backend returns them that accepts one of the attempts.

    The backends before it see the other names, too: one may count failures by any of them.
    """
    backends, paths = _Backends(request), list(settings.AUTHENTICATION_BACKENDS)
    for number, attempt in enumerate(attempts):
        found = backends.ask(attempt)
        if found is None or found.pk != user.pk:
            continue
        earlier = paths[: paths.index(attempt.path)]
        for other in attempts[number + 1 :]:
            if other.path in earlier:
                backends.ask(other)
        backends.raise_for(earlier)
        found.backend = attempt.path
        return cast("AbstractBaseUser", found)
    backends.raise_for(paths)
    return None


@secret_arguments("password")
def _attempts(
    user: AbstractBaseUser, password: str, *, request: HttpRequest | None, backend: str | None
) -> Iterator[_Attempt]:
    """The calls of backends, in order and without repetition."""
    username_field, name, email = auth.get_user_model().USERNAME_FIELD, user.get_username(), email_of(user)
    known = [{username_field: name}]
    if email:
        known += [{user.get_email_field_name(): email}, {username_field: email}]
    backends = [(path, auth.load_backend(path)) for path in settings.AUTHENTICATION_BACKENDS]
    done: list[_Attempt] = []
    attempts = [
        *(_Attempt(path, each, {**names, "password": password}) for names in known for path, each in backends),
        *(
            _Attempt(path, each, credentials, is_guess)
            for path, each in backends
            if backend in {None, path}
            for credentials, is_guess in _own_credentials(each, user, password, names=(name, email))
        ),
    ]
    for attempt in attempts:
        if attempt not in done and _accepts(attempt, request):
            done.append(attempt)
            yield attempt


@secret_arguments("password")
def _own_credentials(
    backend: Any, user: AbstractBaseUser, password: str, *, names: Iterable[str]
) -> Iterator[tuple[dict[str, Any], bool]]:
    """The credentials by the names of the backend's own parameters, if one of them is ``password``."""
    parameters = [name for name in _parameters(backend) if name != "password"]
    if len(parameters) == len(_parameters(backend)):
        return
    values = {name: getattr(user, name, None) for name in parameters}
    credentials = {name: value for name, value in values.items() if value and type(value) in {str, int}}
    if credentials:
        yield {**credentials, "password": password}, False
        return
    for name in filter(None, names):
        yield {**dict.fromkeys(parameters[:1], name), "password": password}, True


def _accepts(attempt: _Attempt, request: HttpRequest | None) -> bool:
    """Whether Django would call the backend with these credentials."""
    try:
        _signature(attempt.backend).bind(request, **attempt.credentials)
    except TypeError:
        return False
    return True


def _takes_passwords(backend: Any) -> bool:
    if type(backend).authenticate is BaseBackend.authenticate:  # it only gives permissions
        return False
    parameters = _signature(backend).parameters.values()
    return "password" in _parameters(backend) or any(each.kind == Parameter.VAR_KEYWORD for each in parameters)


def _parameters(backend: Any) -> list[str]:
    """The names of what ``authenticate()`` takes by keyword, after the request."""
    by_name = {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
    return [each.name for each in list(_signature(backend).parameters.values())[1:] if each.kind in by_name]


def _signature(backend: Any) -> Signature:
    if sys.version_info >= (3, 14):
        from annotationlib import Format  # noqa: PLC0415 - annotations may name what is imported for types only

        return signature(backend.authenticate, annotation_format=Format.STRING)
    return signature(backend.authenticate)


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
