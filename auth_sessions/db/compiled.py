"""A queryset's SQL, compiled once for a process and run with other values.

Django compiles a queryset anew each time, which takes longer than the query itself. This module uses the SQL compiler,
which is Django's private API: each statement is checked when it is compiled, and if Django has changed, the ORM is used
instead (:func:`compile_query` and :func:`compile_insert` return None).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery
from django.db.models.sql.constants import LOUTER

from auth_sessions.db.times import read_times_faster

logger = logging.getLogger("auth_sessions")


@dataclass(frozen=True)
class ModelColumns:
    """The columns of one model in a row, and the setters that connect its instance with the queryset's own."""

    model: type[Model]
    columns: slice
    names: list[str]
    setters: tuple[Callable[[Any, Any], None], ...]
    parent: int
    """Which of the models it is related to, by its position."""
    key: int | None
    """The column of the primary key, if a row may lack this model (a LEFT JOIN): NULL says so."""

    def instances(self, rows: list[list[Any]], using: str) -> list[Any]:
        """None for a row that lacks this model."""
        key = self.key
        return [
            None if key is not None and row[key] is None else self.model.from_db(using, self.names, row[self.columns])
            for row in rows
        ]


@dataclass(frozen=True)
class CompiledQuery:
    """A SELECT of whole rows, with the related rows of ``select_related()``."""

    sql: str
    converters: list[tuple[int, Callable[..., Any] | str, Any]]
    """For a column, a function or the name of a method of ``connection.ops``, and the expression to convert."""
    models: list[ModelColumns]
    """The queryset's own model, then the related ones, each after the one that it is related to."""

    def read(self, values: list[Any], *, using: str) -> list[Any]:
        """The instances that the queryset would return for these ``values``, in the form that the driver requires."""
        with connections[using].cursor() as cursor:
            read_times_faster(cursor)
            cursor.execute(self.sql, values)
            rows = [list(row) for row in cursor.fetchall()]
        return self.instances(rows, using=using)

    def instances(self, rows: list[list[Any]], *, using: str) -> list[Any]:
        connection = connections[using]
        converters = [
            (column, getattr(connection.ops, convert) if isinstance(convert, str) else convert, expression)
            for column, convert, expression in self.converters
        ]
        for row in rows:
            for column, convert, expression in converters:
                row[column] = convert(row[column], expression, connection)
        instances = [model.instances(rows, using) for model in self.models]
        for model, others in zip(self.models[1:], instances[1:], strict=True):
            set_related, set_reverse = model.setters
            for instance, other in zip(instances[model.parent], others, strict=True):
                set_related(instance, other)
                if other is not None:
                    set_reverse(other, instance)
        return instances[0]


def compile_query(rows: QuerySet[Any], *, values: list[Any]) -> CompiledQuery | None:
    """Compile a queryset that is filtered by ``values``, in this order. None, and a warning, if that fails.

    ``values`` have the form that the driver requires. Call it once for each statement and database, and keep the
    result.
    """
    try:
        compiled = _compile(rows, values)
        _check(compiled, rows)
    except Exception as error:  # noqa: BLE001 - a changed private API may raise anything
        _warn(f"SELECT {rows.model._meta.label}", error)
        return None
    return compiled


def compile_insert(model: type[Model], *, using: str, unless_exists: bool = False) -> str | None:
    """The INSERT of one row of a model, with all of its own columns in order. None, and a warning, if that fails.

    ``unless_exists`` inserts nothing, without an error, where another row has the same unique value.
    """
    fields = model._meta.local_concrete_fields
    try:
        query = InsertQuery(model, on_conflict=OnConflict.IGNORE if unless_exists else None)
        query.insert_values(fields, [model()])
        ((sql, parameters),) = query.get_compiler(using).as_sql()
        _require(len(parameters) == len(fields), f"{len(parameters)} parameters for {len(fields)} columns")
    except Exception as error:  # noqa: BLE001 - as above
        _warn(f"INSERT {model._meta.label}", error)
        return None
    return cast("str", sql)


def update_sql(changed: list[Any], required: list[Any], *, using: str) -> str:
    """An UPDATE that sets the columns ``changed`` of a model where the columns ``required`` have given values."""
    quote = connections[using].ops.quote_name
    table = quote(changed[0].model._meta.db_table)
    assignments, conditions = ([f"{quote(field.column)} = %s" for field in fields] for fields in (changed, required))
    return f"UPDATE {table} SET {', '.join(assignments)} WHERE {' AND '.join(conditions)}"  # noqa: S608 - names of models


def set_related(instance: Model, name: str, other: Model | None) -> None:
    """Set the related object of an instance, without the checks of an assignment and without SQL."""
    field: Any = instance._meta.get_field(name)
    field.set_cached_value(instance, other)


def get_related(instance: Model, name: str) -> Any:
    """The related object of an instance if it has been read or set already, without SQL; otherwise None."""
    field: Any = instance._meta.get_field(name)
    return field.get_cached_value(instance, default=None)


def _warn(statement: str, error: Exception) -> None:
    message = "%s cannot be compiled once; the ORM is used, which is slower (%s: %s)"
    logger.warning(message, statement, type(error).__name__, error)


def _compile(rows: QuerySet[Any], values: list[Any]) -> CompiledQuery:
    compiler: Any = rows.query.get_compiler(rows.db)
    sql, parameters = compiler.as_sql()
    _require(list(parameters) == values, "the parameters are not the values, in order")
    expressions = [column[0] for column in compiler.select]
    converters = compiler.get_converters(expressions)
    return CompiledQuery(
        sql=sql,
        converters=[
            (column, _without_connection(compiler.connection, function), expression)
            for column, (functions, expression) in converters.items()
            for function in functions
        ],
        models=_models(compiler.klass_info, expressions, joins=rows.query.alias_map),
    )


def _without_connection(connection: Any, function: Any) -> Any:
    """The name of a method of ``connection.ops``: a compiled query is used with later connections as well."""
    return function.__name__ if getattr(function, "__self__", None) is connection.ops else function


def _models(own: dict[str, Any], expressions: list[Any], *, joins: dict[str, Any]) -> list[ModelColumns]:
    infos, models = [(own, 0)], []
    for position, (info, parent) in enumerate(infos):  # which grows
        infos += [(related, position) for related in info.get("related_klass_infos", ())]
        columns = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        names = [expression.target.attname for expression in expressions[columns]]
        key = columns.start + names.index(info["model"]._meta.pk.attname)
        models.append(
            ModelColumns(
                model=info["model"],
                columns=columns,
                names=names,
                setters=tuple(info[name] for name in ("local_setter", "remote_setter") if name in info),
                parent=parent,
                key=key if getattr(joins[expressions[key].alias], "join_type", None) == LOUTER else None,
            )
        )
    _require(all(not models[model.parent].key for model in models), "what may be missing has related rows")
    return models


def _check(compiled: CompiledQuery, rows: QuerySet[Any]) -> None:
    """Raise ``ValueError`` unless an empty row becomes complete instances that are connected with each other."""
    for part in compiled.models:
        names = [field.attname for field in part.model._meta.concrete_fields]
        _require(part.names == names, f"other columns of {part.model._meta.label} are read than it has")
    (instance,) = compiled.instances([[None] * sum(len(part.names) for part in compiled.models)], using=rows.db)
    _require(type(instance) is rows.model, f"{type(instance)} is read")
    _check_related(instance, rows.query.select_related)


def _check_related(instance: Model, related: Any) -> None:
    for name, further in related.items() if isinstance(related, dict) else ():
        field: Any = instance._meta.get_field(name)
        _require(field.is_cached(instance), f"{name} is not set")
        _check_related(field.get_cached_value(instance), further)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
