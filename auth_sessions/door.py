"""The one door through which sessions end, and what goes with them."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connections, transaction
from django.db.models.deletion import Collector, get_candidate_relations_to_delete

from auth_sessions import signals

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

    from auth_sessions.choices import EndReason, Scope
    from auth_sessions.models import Session

T = TypeVar("T")

KEYS_PER_STATEMENT = 30_000
"""Below the limits of parameters: 32,766 on SQLite, 65,535 on PostgreSQL with server-side binding."""


def end(
    lock: Callable[[], list[Session]],
    *,
    using: str,
    reason: EndReason,
    scope: Scope | None = None,
    actor: AbstractBaseUser | None = None,
    request: HttpRequest | None = None,
) -> int:
    """End the sessions that ``lock()`` reads and locks in key order: see ``SessionQuerySet.end()``."""
    with transaction.atomic(using=using):
        sessions = lock()
        if not sessions:
            return 0
        event: dict[str, Any] = {
            "sender": type(sessions[0]),
            "sessions": sessions,
            "user_ids": {session.user_id for session in sessions},
            "reason": reason,
            "scope": scope,
            "actor": actor,
            "request": request,
            "using": using,
        }
        signals.sessions_ending.send(**event)
        _delete(sessions, using=using)
        transaction.on_commit(partial(signals.sessions_ended.send_robust, **event), using=using)
    return len(sessions)


def batches(items: list[T]) -> list[list[T]]:
    """Portions that fit into one statement."""
    return [items[start : start + KEYS_PER_STATEMENT] for start in range(0, len(items), KEYS_PER_STATEMENT)]


def _delete(sessions: list[Session], *, using: str) -> None:
    """Delete what hangs on the rows as ``on_delete`` says, then the rows."""
    model: Any = type(sessions[0])
    collector = _WideCollector(using=using)
    if any(model._meta.concrete_model._meta.parents.values()):  # multi-table inheritance: Django knows the order
        collector.collect([copy(session) for session in sessions])
        collector.delete()
        return
    hanging: list[Any] = list(get_candidate_relations_to_delete(model._meta))
    if connections[using].vendor == "postgresql" and collector.takes_unread(model, hanging):
        _delete_by_key(sessions, [relation.field for relation in hanging], using=using)
        return
    collector.collect(sessions)
    # Left to the collector, the rows would go a hundred at a time and lose their keys, which sessions_ended tells.
    del collector.data[model]
    collector.delete()
    for batch in batches(sessions):
        keys = [session.pk for session in batch]
        model._base_manager.using(using).filter(pk__in=keys)._raw_delete(using)


class _WideCollector(Collector):
    """Django's collector, without its batches of 500 keys on SQLite: one statement for each related model."""

    def get_del_batches(self, objs: Any, fields: Any) -> list[Any]:
        return list(batches(objs))

    def takes_unread(self, model: Any, hanging: list[Any]) -> bool:
        """Whether all that hangs on rows of a model just goes: by CASCADE, unheard, with nothing that hangs on it."""
        generic = any(hasattr(field, "bulk_related_objects") for field in model._meta.private_fields)
        return not generic and all(self._just_goes(relation.field, model._meta.pk) for relation in hanging)

    def _just_goes(self, field: Any, key: Any) -> bool:
        connection = connections[self.using]
        holds_key = field.db_type(connection) == key.db_type(connection) and field.target_field.primary_key
        hides_none = field.model._base_manager.auto_created
        return holds_key and hides_none and self.can_fast_delete(field.model, from_field=field)


def _delete_by_key(sessions: list[Session], hanging: list[Any], *, using: str) -> None:
    """A statement for each of the project's tables, and one for the app's own; none grows with the sessions."""
    quote = connections[using].ops.quote_name

    def deletion(field: Any) -> str:
        return f"DELETE FROM {quote(field.model._meta.db_table)} WHERE {quote(field.column)} = ANY(%(keys)s)"  # noqa: S608

    key: Any = type(sessions[0])._meta.pk
    own = [field for field in hanging if field.model._meta.app_label == key.model._meta.app_label]
    own_deletions = ", ".join(f"own_{number} AS ({deletion(field)})" for number, field in enumerate(own))
    keys = {"keys": [session.pk for session in sessions]}
    with connections[using].cursor() as cursor:
        for field in hanging:
            if field not in own:
                cursor.execute(deletion(field), keys)
        cursor.execute(f"WITH {own_deletions} {deletion(key)}", keys)
