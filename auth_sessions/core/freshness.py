"""Whether the last proof of identity is recent enough for what a person is about to do: step-up (RFC 9470)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from auth_sessions import exceptions, moments
from auth_sessions.conf import conf
from auth_sessions.core.statements.reading import select_session
from auth_sessions.models import Session

SHORTEST = timedelta(seconds=1)
"""The least age that can be required: ``max_age`` has whole seconds, and 0 would ask again after each proof."""

NOT_IN_ACR_VALUES = frozenset(' "\\')
"""The printable characters of ASCII that cannot be part of a value in the parameter ``acr_values``."""


@dataclass(frozen=True)
class Requirement:
    """What is required of a proof of identity.

    ``max_age`` is how old it may be, by default ``AUTH_SESSIONS_REAUTHENTICATION_AGE``. ``methods`` are authentication
    method references (RFC 8176), of which one must have been proved that recently; by default any will do.
    """

    max_age: timedelta | None = None
    methods: tuple[str, ...] = ()

    @classmethod
    def of(cls, max_age: timedelta | None = None, *, methods: Iterable[str] = (), **duration: float) -> Self:
        """``duration`` are keyword arguments of ``timedelta``. Raises ``TypeError`` or ``ValueError`` for other values.

        The age is a second or more, and less than a thousand years; a method is a word of printable ASCII.
        """
        if max_age is not None and duration:
            raise TypeError("Give one age: a timedelta, or its keyword arguments.")
        if duration:
            max_age = timedelta(**duration)
        if max_age is not None and not isinstance(max_age, timedelta):
            raise TypeError(f"The age must be a datetime.timedelta, not {max_age!r}.")
        if max_age is not None and not SHORTEST <= max_age < moments.LONGEST:
            raise ValueError(f"The age must be a second or more, and less than a thousand years, not {max_age!r}.")
        if isinstance(methods, str):
            raise TypeError("The methods must be a list of texts.")
        methods = tuple(methods)
        if not all(isinstance(method, str) and _is_word(method) for method in methods):
            raise ValueError(f"The methods must be words of RFC 8176, not {methods!r}.")
        return cls(max_age, methods)

    @property
    def age(self) -> timedelta | None:
        """How old the proof may be; None: any age."""
        return conf.AUTH_SESSIONS_REAUTHENTICATION_AGE if self.max_age is None else self.max_age

    def is_met_by(self, session: Session) -> bool:
        """Whether the session's proof of identity is what is required. Never where somebody acts in the user's name."""
        if session.is_staff_help:
            return False
        if not self.methods:
            return self.age is None or self._is_young(session.authenticated_at)
        proved = [session.proved_at(method) for method in self.methods if method in session.amr]
        return any(map(self._is_young, proved)) if self.age is not None else bool(proved)

    def _is_young(self, moment: datetime | None) -> bool:
        """By the clock of another machine, which may be ahead, a proof may be a little in the future: by this age."""
        return self.age is not None and moment is not None and abs(moments.age(moment)) < self.age


USUAL = Requirement()
"""That of the setting."""


def is_fresh(session: Session, requirement: Requirement = USUAL) -> bool:
    """Whether the session's last proof of identity is as recent as is required, and by one of the methods."""
    return requirement.is_met_by(session)


def require_fresh(session: Session, requirement: Requirement = USUAL) -> None:
    """Raise unless :func:`is_fresh`. Costs no SQL if it is, one SELECT otherwise.

    What the request was authenticated with may be older than the last proof (the cached check, another request at the
    same moment): the row is read again before it is refused, and the ``session`` gets what it says.

    Raises :class:`~auth_sessions.exceptions.InsufficientUserAuthentication`,
    :class:`~auth_sessions.exceptions.SessionNotFound` if the session has ended, and ``PermissionDenied`` where somebody
    acts in another person's name.
    """
    refuse_acting(session)
    if is_fresh(session, requirement):
        return
    stored = select_session(session.pk)
    if stored is None:
        raise exceptions.SessionNotFound
    refuse_acting(stored)
    for name in ("authenticated_at", "amr", "earlier_proofs"):
        setattr(session, name, getattr(stored, name))
    if not is_fresh(session, requirement):
        has_method = not requirement.methods or not {*requirement.methods}.isdisjoint(session.amr)
        raise exceptions.InsufficientUserAuthentication(
            max_age=requirement.age, methods=requirement.methods, is_too_old=has_method
        )


def refuse_acting(session: Session) -> None:
    """Raise ``PermissionDenied`` where somebody acts in another person's name: they cannot prove to be that person."""
    if session.is_staff_help:
        raise PermissionDenied(_("You act in another person’s name: only they can show that it is them."))


def _is_word(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and NOT_IN_ACR_VALUES.isdisjoint(text)
