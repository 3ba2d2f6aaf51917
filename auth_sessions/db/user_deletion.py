"""The users that one deletion deletes together, so that their sessions end in one operation.

Django sends ``pre_delete`` for one user after another, and names neither the others nor the last one. Its collector
knows them all; it calls the ``on_delete`` of a foreign key while it collects.
"""

import threading
import weakref
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import CASCADE, Model

_collectors = threading.local()

BY_HAND = object()
"""The origin of a ``pre_delete`` that names none. Django's collector always does, if only None."""

TOLD = "_auth_sessions_told"
"""The attribute of a collector with the names of the receivers that know its users."""

USERS = "_auth_sessions_users"
"""The attribute of a collector with its users, by ``id()``."""


def cascade_to_sessions(collector: Any, field: Any, sub_objs: Any, using: str) -> None:
    """The ``on_delete`` of ``Session.user``: ``CASCADE``, which also remembers the collector."""
    seen = [reference for reference in getattr(_collectors, "seen", ()) if reference() not in (None, collector)]
    _collectors.seen = [*seen, weakref.ref(collector)]
    CASCADE(collector, field, sub_objs, using)


cascade_to_sessions.lazy_sub_objs = True  # type: ignore[attr-defined] # called for users without sessions as well


def deleted_together(user: Any, *, origin: Any, using: str, receiver: str) -> list[Any]:
    """The keys of the users that are deleted with this one, to be asked by a ``receiver`` of ``pre_delete``.

    All of them for the first user of a deletion, and none for the others; the user's own where Django's collector is
    not known (``origin`` is :data:`BY_HAND`: a package for soft deletion). None for a row of a child model that is
    deleted with ``keep_parents``: the user stays.
    """
    collector = _collector_of(user, origin=origin, using=using)
    if collector is None:
        # Without the user's own row, Django does not call the `on_delete` of a foreign key to it.
        return [user.pk] if origin is BY_HAND or _is_own_row(type(user)) else []
    told = vars(collector).setdefault(TOLD, set())
    if receiver in told:
        return []
    told.add(receiver)
    deleted = (each.pk for each in _users_of(collector).values() if _is_own_row(type(each)))
    return list(dict.fromkeys(deleted))


def skip_deleted(user: Any, model: type[Model], *, origin: Any, using: str) -> None:
    """Spare the collector the rows of a model that have just been deleted: it would delete them a hundred at a time."""
    collector = _collector_of(user, origin=origin, using=using)
    if collector is not None:
        for collected in collector.data:
            if issubclass(collected, model):
                collector.data[collected].clear()


def _is_own_row(model: type[Model]) -> bool:
    """Whether an instance stands for the row of the user itself, and not for that of a child model."""
    return model._meta.concrete_model is get_user_model()._meta.concrete_model


def _collector_of(user: Any, *, origin: Any, using: str) -> Any:
    """The collector that is deleting a user, if it is known."""
    for reference in reversed(getattr(_collectors, "seen", ())):
        collector = reference()
        is_same = collector is not None and collector.origin is origin and collector.using == using
        if is_same and id(user) in _users_of(collector):
            return collector
    return None


def _users_of(collector: Any) -> dict[int, Any]:
    """The users that a collector has collected, by ``id()``: all of them, once the first ``pre_delete`` is sent."""
    users: dict[int, Any] | None = vars(collector).get(USERS)
    if users is None:
        models = [model for model in collector.data if issubclass(model, get_user_model())]
        users = {id(user): user for model in models for user in collector.data[model]}
        vars(collector)[USERS] = users
    return users
