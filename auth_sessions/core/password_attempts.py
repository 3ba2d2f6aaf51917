"""How the password of somebody who is signed in is tried: each call of an authentication backend, and its answer."""

import logging
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from inspect import Parameter, Signature, signature
from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import get_hasher
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError
from django.http import HttpRequest

from auth_sessions.core.password_length import hashes
from auth_sessions.core.people import email_of
from auth_sessions.masking import SECRET_NAMES, secret_arguments

logger = logging.getLogger("auth_sessions")

OUTAGES = (OSError, OperationalError)
"""What no name is to blame for: a server that does not answer."""


@dataclass(frozen=True, eq=False)
class _Attempt:
    """One call of one backend."""

    path: str
    backend: Any
    credentials: dict[str, Any] = field(repr=False)
    is_guess: bool = False
    """Whether a parameter that the user has no attribute for was filled with the user name or the address."""

    @property
    def told(self) -> tuple[str, dict[str, Any]]:
        """What the backend is told. A value of another type is another one, though it may equal its text."""
        told = self.credentials.items()
        return self.path, {name: (str if isinstance(value, str) else type(value), value) for name, value in told}

    @property
    def is_swallowed(self) -> bool:
        """Whether the backend has no parameter for the name, but takes any keyword: it may need another one."""
        return self.credentials.keys().isdisjoint({*_parameters(self.backend)} - {"password"})

    def is_of_name(self, error: Exception) -> bool:
        """Whether the backend may have raised an error for a name that it is not meant to read."""
        return self.is_swallowed or (self.is_guess and isinstance(error, (ValueError, ValidationError)))


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
            if isinstance(error, ValueError) and not hashes(get_hasher(), attempt.credentials["password"]):
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


def find_accepted(
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
def find_attempts(
    user: AbstractBaseUser, password: str, *, request: HttpRequest | None, backend: str | None
) -> Iterator[_Attempt]:
    """The calls of backends, in order and without repetition."""
    username_field, name, email = auth.get_user_model().USERNAME_FIELD, user.get_username(), email_of(user)
    known = [{username_field: _as_sent(name)}]
    if email:
        known += [{user.get_email_field_name(): email}, {username_field: email}]
    backends = [(path, auth.load_backend(path)) for path in settings.AUTHENTICATION_BACKENDS]
    done: list[Any] = []
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
        if attempt.told not in done and _accepts(attempt, request):
            done.append(attempt.told)
            yield attempt


@secret_arguments("password")
def _own_credentials(
    backend: Any, user: AbstractBaseUser, password: str, *, names: Iterable[str]
) -> Iterator[tuple[dict[str, Any], bool]]:
    """The credentials by the names of the backend's own parameters, if one of them is ``password``."""
    parameters = [name for name in _parameters(backend) if name != "password"]
    if len(parameters) == len(_parameters(backend)):
        return
    # A field may hold a type of its own, such as a UUID or a phone number; other attributes may be anything.
    fields = {field.attname for field in user._meta.concrete_fields}
    values = {name: getattr(user, name, None) for name in parameters if not _may_stand_for_password(backend, name)}
    credentials = {
        name: value
        for name, value in values.items()
        if value and not isinstance(value, bool) and (name in fields or type(value) in {str, int})
    }
    if credentials:
        yield {**credentials, "password": password}, False
        yield {**{name: _as_sent(value) for name, value in credentials.items()}, "password": password}, False
        return
    for name in filter(None, names):
        yield {**dict.fromkeys(parameters[:1], name), "password": password}, True


def _as_sent(value: Any) -> Any:
    """As forms and JSON send a value: a backend may read nothing but a text."""
    return value if value is None or type(value) in {str, int} else str(value)


def _may_stand_for_password(backend: Any, name: str) -> bool:
    """Whether a backend may take a secret of the user, such as the code of a link, instead of the password."""
    parameters = _signature(backend).parameters
    are_required = all(parameters[each].default is Parameter.empty for each in (name, "password"))
    is_public = are_required or name == auth.get_user_model().USERNAME_FIELD
    return not is_public and bool(SECRET_NAMES.search(name))


def _accepts(attempt: _Attempt, request: HttpRequest | None) -> bool:
    """Whether Django would call the backend with these credentials."""
    try:
        _signature(attempt.backend).bind(request, **attempt.credentials)
    except TypeError:
        return False
    return True


def takes_passwords(backend: Any) -> bool:
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
