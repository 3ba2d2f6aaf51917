"""A queryset's statement, written once and run with other values.

Django writes the SQL of a queryset anew each time, which takes longer than the database does to answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import Model, QuerySet


@dataclass(frozen=True)
class Part:
    """The columns of one model in a row, and what ties its instance to the one that the queryset is of, and back."""

    model: type[Model]
    columns: slice
    names: list[str]
    ties: tuple[Callable[[Any, Any], None], ...]

    def instances(self, rows: list[list[Any]], using: str) -> list[Any]:
        return [self.model.from_db(using, self.names, row[self.columns]) for row in rows]


@dataclass(frozen=True)
class Plan:
    sql: str
    converters: list[tuple[int, Callable[..., Any] | str, Any]]
    """For a column: a function, or the name of a method of the connection's operations, and what it is told of it."""
    parts: list[Part]
    """The instance's own, then those of the rows named in ``select_related()``."""

    @classmethod
    def of(cls, rows: QuerySet[Any]) -> "Plan":
        """The plan of a queryset of whole rows; what it is filtered by are the values of :meth:`read`, in order."""
        compiler: Any = rows.query.get_compiler(rows.db)
        sql, _ = compiler.as_sql()
        expressions = [column[0] for column in compiler.select]
        converters = compiler.get_converters(expressions)
        classes = [compiler.klass_info, *compiler.klass_info.get("related_klass_infos", ())]
        return cls(
            sql=sql,
            converters=[
                (column, _apart_from(compiler.connection, function), expression)
                for column, (functions, expression) in converters.items()
                for function in functions
            ],
            parts=[_part(info, expressions) for info in classes],
        )

    def read(self, values: list[Any], *, using: str) -> list[Any]:
        """The instances that the queryset would give with these ``values``, as the database's driver takes them."""
        connection = connections[using]
        converters = [
            (column, getattr(connection.ops, convert) if isinstance(convert, str) else convert, expression)
            for column, convert, expression in self.converters
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, values)
            rows = [list(row) for row in cursor.fetchall()]
        for row in rows:
            for column, convert, expression in converters:
                row[column] = convert(row[column], expression, connection)
        own, *related = (part.instances(rows, using) for part in self.parts)
        for part, others in zip(self.parts[1:], related, strict=True):
            tie, tie_back = part.ties
            for instance, other in zip(own, others, strict=True):
                tie(instance, other)
                tie_back(other, instance)
        return own


def _apart_from(connection: Any, function: Any) -> Any:
    """Plans outlive connections, and are used with others: a method of this one is kept by its name."""
    return function.__name__ if getattr(function, "__self__", None) is connection.ops else function


def _part(info: dict[str, Any], expressions: list[Any]) -> Part:
    columns = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
    return Part(
        model=info["model"],
        columns=columns,
        names=[expression.target.attname for expression in expressions[columns]],
        ties=tuple(info[name] for name in ("local_setter", "remote_setter") if name in info),
    )
