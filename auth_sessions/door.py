"""The one door through which sessions end, and what goes with them."""

from __future__ import annotations

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
    hanging: list[Any] = list(get_candidate_relations_to_delete(model._meta))
    if connections[using].vendor == "postgresql" and all(map(collector.takes_unread, hanging)):
        _delete_at_once(sessions, [relation.field for relation in hanging], using=using)
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

    def takes_unread(self, relation: Any) -> bool:
        """Whether the rows of a relation just go: by CASCADE, unheard, with nothing that hangs on them."""
        names_key = relation.field.target_field.primary_key
        return names_key and self.can_fast_delete(relation.related_model, from_field=relation.field)


def _delete_at_once(sessions: list[Session], hanging: list[Any], *, using: str) -> None:
    """One statement, whose size does not grow with the number of sessions."""
    quote = connections[using].ops.quote_name
    *hanging_deletes, delete = (
        f"DELETE FROM {quote(field.model._meta.db_table)} WHERE {quote(field.column)} = ANY(%(keys)s)"  # noqa: S608
        for field in (*hanging, sessions[0]._meta.pk)
    )
    named = ", ".join(f"hanging_{number} AS ({each})" for number, each in enumerate(hanging_deletes))
    with connections[using].cursor() as cursor:
        cursor.execute(f"WITH {named} {delete}" if named else delete, {"keys": [session.pk for session in sessions]})
