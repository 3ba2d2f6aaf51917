"""``request.user`` of the cached check: the row is read when it is needed."""

from collections.abc import Callable
from copy import copy
from typing import Any, NoReturn, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.functional import SimpleLazyObject

from auth_sessions import exceptions
from auth_sessions.authentication.api_exceptions import to_api_exception
from auth_sessions.core import session_cache
from auth_sessions.core.database import all_users, write_alias
from auth_sessions.core.event_loops import Origin
from auth_sessions.db.compiled import set_related
from auth_sessions.models import Session


class LazyUser(SimpleLazyObject):  # type: ignore[type-arg]
    """The user of a session from the cache: primary key, ``is_authenticated`` and ``is_active`` need no SQL.

    Any other attribute reads the row; on an event loop, from a thread. If the row does not exist any more, the user has
    this primary key, no other data and no permissions, and cannot be saved (401 ``user_not_found``). Raises
    ``RuntimeError`` if that thread reads another database or schema than the one that authenticated the session
    (``get_database_id``).
    """

    is_authenticated = True
    is_anonymous = False

    def __init__(self, session: Session, *, get_database_id: Callable[[], str] = session_cache.get_database_id) -> None:
        self._set_up(session.user_id, Origin(session._state.db or write_alias(), get_database_id=get_database_id))
        set_related(session, "user", cast("AbstractBaseUser", self))

    @classmethod
    def of(cls, key: Any, origin: Origin) -> "LazyUser":
        """The user with this primary key, whose row is read from the origin."""
        user = cls.__new__(cls)
        user._set_up(key, origin)
        return user

    def _set_up(self, key: Any, origin: Origin) -> None:
        attributes = vars(self)  # an ordinary assignment would set an attribute of the user

        def load() -> AbstractBaseUser:
            found = origin.call(all_users(origin.using).filter(pk=key).first)
            attributes["loaded"] = user = found or _deleted_user(key)
            return user

        super().__init__(load)
        attributes.update({"pk": key, session_cache.USER.target_field.attname: key, "loaded": None})

    def __bool__(self) -> bool:
        return True

    def __copy__(self) -> Any:
        """A copy of the user whose row has been read. Until then it is this object, whose primary key is fixed."""
        loaded = vars(self)["loaded"]
        return self if loaded is None else copy(loaded)

    @property
    def is_active(self) -> bool:
        loaded = vars(self)["loaded"]
        return loaded is None or loaded.is_active


def _deleted_user(key: Any) -> AbstractBaseUser:
    """A user whose row does not exist any more, and whose ``save()`` creates no other."""
    user = get_user_model()(pk=key)
    vars(user)["save"] = vars(user)["save_base"] = _refuse_to_save
    return user


def _refuse_to_save(*args: object, **kwargs: object) -> NoReturn:
    raise to_api_exception(exceptions.UserNotFound())
