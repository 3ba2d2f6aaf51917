"""A queryset's SQL, compiled once for a process and run with other values.

Django compiles a queryset anew each time, which takes longer than the query itself. This module uses the SQL compiler,
which is Django's private API: each statement is checked when it is compiled, and if Django has changed, the ORM is used
instead (:func:`compile_query` and :func:`compile_insert` return None).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
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
    key: int
    """The column of the primary key."""
    is_optional: bool
    """Whether a row may lack this model (a LEFT JOIN): its key is then NULL."""

    def instances(self, rows: list[list[Any]], using: str) -> list[Any]:
        """None for a row that lacks this model."""
        key, columns = self.key, self.columns
        return [
            None if self.is_optional and row[key] is None else self.model.from_db(using, self.names, row[columns])
            for row in rows
        ]

    def connect(self, instance: Any, other: Any) -> None:
        """Set the related instance, which may be None, and what it is related to."""
        set_related, set_reverse = self.setters
        set_related(instance, other)
        if other is not None:
            set_reverse(other, instance)


@dataclass(frozen=True)
class CompiledValues:
    """A SELECT of columns, as ``values_list()`` reads them."""

    sql: str
    converters: list[tuple[int, Callable[..., Any] | str, Any]]
    """For a column, a function or the name of a method of ``connection.ops``, and the expression to convert."""

    def rows(self, values: list[Any], *, using: str) -> list[list[Any]]:
        """The rows that the queryset would return for these ``values``, in the form that the driver requires."""
        with connections[using].cursor() as cursor:
            read_times_faster(cursor)
            cursor.execute(self.sql, values)
            rows = [list(row) for row in cursor.fetchall()]
        return self.converted(rows, using=using)

    def converted(self, rows: list[list[Any]], *, using: str) -> list[list[Any]]:
        connection = connections[using]
        converters = [
            (column, getattr(connection.ops, convert) if isinstance(convert, str) else convert, expression)
            for column, convert, expression in self.converters
        ]
        for row in rows:
            for column, convert, expression in converters:
                row[column] = convert(row[column], expression, connection)
        return rows


@dataclass(frozen=True)
class CompiledQuery(CompiledValues):
    """A SELECT of whole rows, with the related rows of ``select_related()``."""

    models: list[ModelColumns]
    """The queryset's own model, then the related ones, each after the one that it is related to."""

    def read(self, values: list[Any], *, using: str) -> list[Any]:
        """The instances that the queryset would return for these ``values``, in the form that the driver requires."""
        return self.instances(self.rows(values, using=using), using=using)

    def read_each(self, values: list[Any], *, using: str) -> list[Any]:
        """Of the only row, the instance of each model; None for what has not been found.

        The first is not connected with those that are related to it.
        """
        rows = self.rows(values, using=using)
        if not rows:
            return [None for _ in self.models]
        row = rows[0]
        found = [None if row[model.key] is None else model.instances([row], using)[0] for model in self.models]
        for model, instance in zip(self.models, found, strict=True):
            if model.parent and found[model.parent] is not None:
                model.connect(found[model.parent], instance)
        return found

    def instances(self, rows: list[list[Any]], *, using: str) -> list[Any]:
        instances = [model.instances(rows, using) for model in self.models]
        for model, others in zip(self.models[1:], instances[1:], strict=True):
            for instance, other in zip(instances[model.parent], others, strict=True):
                model.connect(instance, other)
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


def join_by_keys(compiled: CompiledQuery, foreign_key: Any, *, using: str) -> CompiledQuery | None:
    """A SELECT of a row by primary key, with the one that its foreign key names, as a SELECT of both by primary key.

    It finds the related row also without the other, and compares them with nothing. What a LEFT JOIN adds is read as
    before. None if the query requires anything else, such as the parent of the related model.
    """
    quote = connections[using].ops.quote_name
    own, related = foreign_key.model._meta, foreign_key.related_model._meta
    own_key, related_key = (f"{quote(meta.db_table)}.{quote(meta.pk.column)}" for meta in (own, related))
    table, related_table = quote(own.db_table), quote(related.db_table)
    columns, _, rest = compiled.sql.partition(" FROM ")
    join = f"{table} INNER JOIN {related_table} ON ({table}.{quote(foreign_key.column)} = {related_key})"
    joined = rest.partition(" WHERE ")[0]
    further = joined.removeprefix(join)
    if not joined.startswith(join) or " INNER JOIN " in further:
        return None
    rows = f"{related_table} LEFT JOIN {table} ON ({own_key} = %s){further} WHERE {related_key} = %s"
    return replace(compiled, sql=f"{columns} FROM {rows}")


def compile_values(rows: QuerySet[Any], *columns: str, values: list[Any]) -> CompiledValues | None:
    """Compile ``rows.values_list(*columns)``, as :func:`compile_query` does."""
    try:
        compiler: Any = rows.values_list(*columns).query.get_compiler(rows.db)
        compiled = _compile_columns(compiler, values)
        read = [column[0].target.attname for column in compiler.select]
        _require(read == [column.rpartition("__")[2] for column in columns], f"{read} are read, in this order")
        compiled.converted([[None] * len(read)], using=rows.db)
    except Exception as error:  # noqa: BLE001 - as above
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
    columns = _compile_columns(compiler, values)
    expressions = [column[0] for column in compiler.select]
    models = _models(compiler.klass_info, expressions, joins=rows.query.alias_map)
    return CompiledQuery(sql=columns.sql, converters=columns.converters, models=models)


def _compile_columns(compiler: Any, values: list[Any]) -> CompiledValues:
    sql, parameters = compiler.as_sql()
    _require(list(parameters) == values, "the parameters are not the values, in order")
    converters = compiler.get_converters([column[0] for column in compiler.select])
    return CompiledValues(
        sql=sql,
        converters=[
            (column, _without_connection(compiler.connection, function), expression)
            for column, (functions, expression) in converters.items()
            for function in functions
        ],
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
                key=key,
                is_optional=getattr(joins[expressions[key].alias], "join_type", None) == LOUTER,
            )
        )
    _require(not any(models[model.parent].is_optional for model in models), "what may be missing has related rows")
    return models


def _check(compiled: CompiledQuery, rows: QuerySet[Any]) -> None:
    """Raise ``ValueError`` unless an empty row becomes complete instances that are connected with each other."""
    for part in compiled.models:
        names = [field.attname for field in part.model._meta.concrete_fields]
        _require(part.names == names, f"other columns of {part.model._meta.label} are read than it has")
    empty = [None] * sum(len(part.names) for part in compiled.models)
    (instance,) = compiled.instances(compiled.converted([empty], using=rows.db), using=rows.db)
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
