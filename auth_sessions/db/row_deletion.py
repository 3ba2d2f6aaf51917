"""The deletion of rows of any model by their primary keys, and by Django's collector without its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.deletion import Collector

from auth_sessions.db.batches import batches
from auth_sessions.db.locking import is_mariadb, join_by_key
from auth_sessions.masking import conceal

if TYPE_CHECKING:
    from collections.abc import Iterable


def delete_by_key(model: Any, keys: Iterable[Any], *, using: str) -> int:
    """Delete the rows of a model with these primary keys, and what refers to them as its ``on_delete`` says.

    As ``QuerySet.delete()``, but of the table no other row is read, unless another refers to it, or a receiver is
    called for each. Returns the number of rows of the model.
    """
    # No variable holds a queryset: an error report would read its rows, which may have a secret key.
    is_fast = UnbatchedCollector(using=using).can_fast_delete(model._base_manager.using(using).none())
    deleted = 0
    for batch in batches(list(keys)):
        if is_fast:
            deleted += raw_delete_by_key(model, batch, using=using)
        else:
            counts = model._base_manager.using(using).filter(pk__in=batch).delete()[1]
            deleted += counts.get(model._meta.label, 0)
    return deleted


def raw_delete_by_key(model: Any, keys: list[Any], *, using: str) -> int:
    """Delete the rows with these primary keys, and read no other. Returns their number.

    InnoDB would wait for the others that it reads, where another transaction has locked them. That one may wait for
    these: a deadlock.
    """
    if not keys:
        return 0
    connection, column = connections[using], model._meta.pk
    values = [conceal(column.get_db_prep_save(key, connection)) for key in keys]
    if is_mariadb(using):
        rows, join = ", ".join(["(%s)"] * len(values)), join_by_key(model, "named.id", using=using)
        sql = f"DELETE found FROM (WITH keys_ (id) AS (VALUES {rows}) SELECT id FROM keys_) AS named {join}"  # noqa: S608 - names of models
    else:
        table, key = (connection.ops.quote_name(name) for name in (model._meta.db_table, column.column))
        sql = f"DELETE FROM {table} WHERE {table}.{key} IN ({', '.join(['%s'] * len(values))})"  # noqa: S608 - as above
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


class KeyedRows(QuerySet[Any]):
    """Rows with the given primary keys, which a collector deletes by these."""

    keys: list[Any]

    def _raw_delete(self, using: str | None) -> int:
        return raw_delete_by_key(self.model, self.keys, using=using or self.db)


class UnbatchedCollector(Collector):
    """Django's collector, without its batches of 500 keys on SQLite: one statement for each related model.

    Of the model ``without`` there are no rows to delete.
    """

    def __init__(self, *, using: str, without: Any = None) -> None:
        super().__init__(using=using)
        self.without = without

    def get_del_batches(self, objs: Any, fields: Any) -> list[Any]:
        return list(batches(objs))

    def related_objects(self, related_model: Any, related_fields: Any, objs: Any) -> QuerySet[Any]:
        """The objects with the rows of their multi-table inheritance parents, which Django would read one by one."""
        if related_model is self.without:
            return related_model._base_manager.none()  # type: ignore[no-any-return]
        links = [link.name for link in related_model._meta.concrete_model._meta.parents.values() if link]
        rows: QuerySet[Any] = super().related_objects(related_model, related_fields, objs)
        if all(field.primary_key for field in related_fields):
            rows = KeyedRows(rows.model, rows.query, self.using)
            rows.keys = [getattr(each, related_fields[0].target_field.attname) for each in objs]
        return rows.select_related(*links) if links else rows

    def can_delete_in_sql(self, model: Any, relations: list[Any]) -> bool:
        """Whether all rows that reference a model can be deleted by SQL alone, without reading them."""
        has_generic = any(hasattr(field, "bulk_related_objects") for field in model._meta.private_fields)
        return not has_generic and all(self._is_plain_cascade(relation.field, model._meta.pk) for relation in relations)

    def _is_plain_cascade(self, field: Any, key: Any) -> bool:
        """Whether a foreign key is a CASCADE to the primary key, and Django would delete its rows without reading them.

        That is not so if the model has delete receivers, a base manager of its own, or rows that others reference.
        """
        connection = connections[self.using]
        holds_key = field.db_type(connection) == key.db_type(connection) and field.target_field.primary_key
        has_plain_base_manager = field.model._base_manager.auto_created
        return holds_key and has_plain_base_manager and self.can_fast_delete(field.model, from_field=field)
