"""The deletion of sessions with their related objects, as the ``on_delete`` of these says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.apps import apps
from django.db import connections
from django.db.models import DO_NOTHING
from django.db.models.deletion import get_candidate_relations_to_delete

from auth_sessions.choices import SessionKind
from auth_sessions.db.batches import as_array, batches
from auth_sessions.db.row_deletion import UnbatchedCollector, raw_delete_by_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from auth_sessions.db.ended_session import EndedSession


def prepare_deletion(records: Sequence[EndedSession], *, using: str) -> Callable[[], None]:
    """Return a function that deletes the related objects as their ``on_delete`` says, then the rows."""
    model: Any = apps.get_model("auth_sessions", "Session")
    keys = [record.id for record in records]
    has_tokens = any(record.kind == SessionKind.TOKEN for record in records)
    collector = UnbatchedCollector(
        using=using, without=None if has_tokens else apps.get_model("auth_sessions", "RefreshToken")
    )
    candidates: list[Any] = list(get_candidate_relations_to_delete(model._meta))
    relations = [
        relation
        for relation in candidates
        if relation.on_delete is not DO_NOTHING and relation.related_model is not collector.without
    ]
    if connections[using].vendor == "postgresql" and collector.can_delete_in_sql(model, relations):
        fields = [*(relation.field for relation in relations), model._meta.pk]
        return partial(_delete_in_sql, fields, keys, using=using)
    return partial(_delete_by_collector, collector, keys, using=using)


def _delete_by_collector(collector: UnbatchedCollector, keys: list[UUID], *, using: str) -> None:
    """For multi-table inheritance children, too, the instances are of the parent.

    The row of a child references that of the session, as any related object does.
    """
    model: Any = apps.get_model("auth_sessions", "Session")
    collector.collect([model.from_db(using, [model._meta.pk.attname], [key]) for key in keys])
    # The collector would delete the rows a hundred at a time.
    collector.data[model].clear()
    collector.delete()
    for batch in batches(keys):
        raw_delete_by_key(model, batch, using=using)


def _delete_in_sql(fields: list[Any], keys: list[UUID], *, using: str) -> None:
    """One statement for each column that holds keys of sessions, however many sessions there are.

    They are not joined to one: a project's trigger on the rows of a related object finds the session still.
    """
    quote, array = connections[using].ops.quote_name, as_array(keys)
    with connections[using].cursor() as cursor:
        for field in fields:
            table, column = quote(field.model._meta.db_table), quote(field.column)
            cursor.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s::uuid[])", [array])  # noqa: S608 - names of models


def delete_without_signals(keys: list[UUID], *, using: str) -> None:
    """Delete the related objects as their ``on_delete`` says, and the rows, without a receiver of theirs."""
    model: Any = apps.get_model("auth_sessions", "Session")
    collector = UnbatchedCollector(using=using)
    collector.collect([model(pk=key) for key in keys])
    collector.sort()
    for rows in collector.fast_deletes:
        rows._raw_delete(using)
    for (field, value), groups in collector.field_updates.items():
        for group in cast("list[Any]", groups):
            _rows(field.model, group, using=using).update(**{field.name: value})
    for deleted, instances in collector.data.items():
        raw_delete_by_key(deleted, [instance.pk for instance in instances], using=using)


def _rows(model: Any, instances: Iterable[Any], *, using: str) -> Any:
    return model._base_manager.using(using).filter(pk__in=[instance.pk for instance in instances])
