"""Lists of keys, and of what else is sent in one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar
from uuid import UUID

from django.db import connections
from django.db.models import BooleanField, Func, Model, QuerySet, Value

T = TypeVar("T")

M = TypeVar("M", bound=Model)

KEYS_PER_STATEMENT = 30_000
"""Below the limits of query parameters: 32,766 on SQLite, 65,535 on PostgreSQL with server-side binding."""


def batches(items: list[T], *, size: int | None = None) -> list[list[T]]:
    """The items in lists that are short enough for one statement."""
    size = size or KEYS_PER_STATEMENT
    return [items[start : start + size] for start in range(0, len(items), size)]


def with_keys(rows: QuerySet[M], keys: Collection[UUID]) -> QuerySet[M]:
    """The rows with these primary keys, which PostgreSQL gets as one value (:func:`as_array`)."""
    if connections[rows.db].vendor != "postgresql":
        return rows.filter(pk__in=keys)
    array = Value(as_array(keys))
    return rows.filter(
        Func("pk", array, template="%(expressions)s::uuid[])", arg_joiner=" = ANY(", output_field=BooleanField())
    )


def as_array(keys: Iterable[UUID]) -> str:
    """Keys as one text, which PostgreSQL takes for ``uuid[]``: the driver takes far longer to adapt a list of them."""
    return f"{{{','.join([key.hex for key in keys])}}}"
