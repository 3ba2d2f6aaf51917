"""Secrets that no error report shows: passwords, codes, tokens and keys as values that represent themselves as stars.

An error reporter serializes the local variables of a traceback. Django's own hides what ``sensitive_variables`` names;
others know a list of names, and write anything else by its ``repr()``.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.http import QueryDict
from django.views.decorators.debug import sensitive_variables

__all__ = ["DENYLIST", "Secret", "SecretBytes"]

MASK = "********"

DENYLIST = (
    "access",
    "access_token",
    "current_password",
    "otp",
    "refresh",
    "refresh_token",
    # Variables of Django's own, when it compares a password or reads its sessions.
    "decoded",
    "encoded",
    "params",
    "session_key",
)
"""Names for a reporter that asks for some, beside those that it knows: see docs/packages.md, sentry-sdk."""

SECRET_NAMES = re.compile("pass|pwd|secret|token|refresh|otp|code|pin|nonce|key|credential|signature", re.IGNORECASE)
"""The members of a body, or of credentials, that hold secrets."""

DEPTH = 5
"""How many levels of a container are searched."""

P = ParamSpec("P")
R = TypeVar("R")


class Secret(str):
    """A text that is like any other, but for its ``repr()``.

    ``str()`` and ``strip()``, by which form fields read a text, give a secret again; any other method a plain text.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return self

    def strip(self, chars: str | None = None, /) -> "Secret":
        return Secret(super().strip(chars))

    def __repr__(self) -> str:
        return MASK

    def __sentry_repr__(self) -> str:
        """What sentry-sdk writes instead of the text, where it would not call ``repr()``: in the body of a request."""
        return MASK


class SecretBytes(bytes):
    """As :class:`Secret`, for bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    def __sentry_repr__(self) -> str:
        return MASK


def conceal(value: Any, *, numbers: bool = False, depth: int = DEPTH) -> Any:
    """The same value, with every text and all bytes in it as secrets; with ``numbers``, a number as its digits."""
    if isinstance(value, (Secret, SecretBytes, bool)) or depth == 0:
        return value
    if isinstance(value, str) or (numbers and isinstance(value, (int, float))):
        return Secret(value)
    if isinstance(value, bytes):
        return SecretBytes(value)
    if isinstance(value, (dict, Mapping)):  # a dict is recognised faster
        return {name: conceal(item, numbers=numbers, depth=depth - 1) for name, item in value.items()}
    if isinstance(value, list):
        return [conceal(item, numbers=numbers, depth=depth - 1) for item in value]
    return value


def conceal_members(value: Any, *, numbers: bool = False, depth: int = DEPTH) -> Any:
    """The same object, list or form, with the values of ``SECRET_NAMES`` concealed."""
    if depth == 0:
        return value
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, QueryDict):
        form = value.copy()
        for name in filter(SECRET_NAMES.search, value):
            form.setlist(name, [Secret(text) for text in value.getlist(name)])
        return form
    if isinstance(value, (dict, Mapping)):
        return {
            name: conceal(item, numbers=numbers)
            if SECRET_NAMES.search(str(name))
            else conceal_members(item, numbers=numbers, depth=depth - 1)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [conceal_members(item, numbers=numbers, depth=depth - 1) for item in value]
    return value


def secret_arguments(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Django's ``sensitive_variables``; in addition, the function gets the arguments of these names concealed.

    Django's wrapper alone keeps what it is called with in two variables that other reporters show.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        hidden: Callable[..., Any] = sensitive_variables(*names)(function)
        concealed = _Arguments(function, names)

        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = concealed.by_position(args), concealed.by_name(kwargs)
            return hidden(*args, **kwargs)

        return wrapper

    return decorate


def async_variant(function: Callable[P, R], *names: str) -> Callable[P, Awaitable[R]]:
    """``sync_to_async``, which gets the arguments of these names concealed."""
    in_thread: Callable[..., Awaitable[Any]] = sync_to_async(function)
    concealed = _Arguments(function, names)

    @wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = concealed.by_position(args), concealed.by_name(kwargs)
        return await in_thread(*args, **kwargs)

    return wrapper


class _Arguments:
    """Conceals the arguments of some names."""

    def __init__(self, function: Callable[..., Any], names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.positions = {at for at, name in enumerate(signature(function).parameters) if name in self.names}

    def by_position(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        for at in self.positions:
            if at < len(args):
                args = (*args[:at], _concealed(args[at]), *args[at + 1 :])
        return args

    def by_name(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if kwargs and (given := self.names & kwargs.keys()):
            return {**kwargs, **{name: _concealed(kwargs[name]) for name in given}}
        return kwargs


def _concealed(value: Any) -> Any:
    if isinstance(value, (Secret, SecretBytes)):
        return value
    return conceal_members(value) if isinstance(value, (dict, Mapping)) else conceal(value)
