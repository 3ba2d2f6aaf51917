"""What the cookie of a request named before the request did anything: a session id, and the user who was logged in.

Django's ``login()`` over another login, ``flush()`` and ``clear()`` drop the data, often before anybody has asked for
``request.user``. They are therefore noted when they are loaded, which costs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest

from auth_sessions.core.django_session_store import is_signed_cookie
from auth_sessions.masking import conceal

SESSION_ID_KEY = "_auth_sessions_id"
"""The key of the session id in the data of Django's session."""

ACTING_KEY = "_auth_sessions_acting"
"""The key of an :class:`Acting` in the data of Django's session."""


class Acting(TypedDict):
    """Who acts in the name of the user of Django's session, and what comes back when they stop."""

    actor: str
    """The actor's primary key."""
    session: str | None
    """The id of the actor's own session, if it was this browser's, and will be again."""


@dataclass(frozen=True)
class Login:
    """The login that the data of Django's session hold; all None if there is none."""

    session_id: str | None = None
    user_key: str | None = None
    session_hash: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, data: Mapping[str, Any] | SessionBase) -> "Login":
        return cls(data.get(SESSION_ID_KEY), data.get(SESSION_KEY), data.get(HASH_SESSION_KEY))

    def __bool__(self) -> bool:
        return self.session_id is not None or self.user_key is not None

    @property
    def is_unnamed(self) -> bool:
        """Whether somebody is logged in, without a session id."""
        return self.user_key is not None and self.session_id is None


NOBODY = Login()


class PresentedCookie:
    """The cookie of one request: the ``key`` of Django's session, and its ``login`` (None: nobody has loaded it)."""

    def __init__(self, request: HttpRequest) -> None:
        self.django_session: SessionBase = request.session
        self.key: str | None = conceal(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        self.login: Login | None = None
        self.acting: Acting | None = None
        """Who acts; kept where the row that the cookie named has ended."""
        self.was_found = self.key is not None
        """Whether the client has sent a cookie that the store knows; True as long as nobody has loaded it."""
        if self.django_session.accessed:
            self._note_loaded()
        else:
            self.key = conceal(self.django_session.session_key)
            self._note_when_loaded()
        if self.key is None:
            self.was_found, self.login = False, NOBODY

    def _note_loaded(self) -> None:
        """An earlier middleware has loaded the data, and may have replaced them, as ``login()`` does."""
        login = Login.of(self.django_session)
        if self.django_session.session_key == self.key or login.session_id is not None:
            self.login, self.acting = login, self.django_session.get(ACTING_KEY)

    def _note_when_loaded(self) -> None:
        load, aload = self.django_session.load, self.django_session.aload

        def note(data: dict[str, Any]) -> dict[str, Any]:
            if self.login is None:
                self.login, self.was_found, self.acting = Login.of(data), bool(data), data.get(ACTING_KEY)
            return data

        def noting_load() -> dict[str, Any]:
            return note(load())

        async def noting_aload() -> dict[str, Any]:
            return note(await aload())

        vars(self.django_session).update({"load": noting_load, "aload": noting_aload})

    def read(self) -> Login | None:
        """The login, also of a signed cookie that nobody has loaded."""
        if self.login is None and is_signed_cookie(self.django_session):
            data = type(self.django_session)(self.key)
            self.login, self.acting = Login.of(data), data.get(ACTING_KEY)
        return self.login

    def forget(self) -> None:
        """The row that the cookie named has ended, or has been judged."""
        self.login = NOBODY

    def stop_noting(self) -> None:
        for name in ("load", "aload"):
            vars(self.django_session).pop(name, None)
