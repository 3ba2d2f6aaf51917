"""Whether the manager of a model finds every row."""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from django.db.models import Manager, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql import Query

READING = ("get", "filter", "_filter_or_exclude", "_filter_or_exclude_inplace", "_chain", "_clone", "_fetch_all")
"""The methods by which a row is found. A manager or queryset that has one of its own may find fewer rows."""


def hides_nobody(manager: Any) -> bool:
    """Whether ``get(pk=...)`` of a manager finds each row of its model. False also where that cannot be told.

    It is asked anew each time, without SQL: what a manager hides may depend on the request (the tenant, the site).
    """
    rows = manager.get_queryset()
    query = rows.query
    return (
        _reads_as_django(type(manager), type(rows))  # type: ignore[arg-type] # classes are hashable
        and rows._iterable_class is ModelIterable
        and type(query) is Query
        and not (query.where or query.distinct or query.is_sliced or query.combinator or query.extra_tables)
        and len(query.alias_map) <= 1  # no join; those of select_related() lose no row
    )


@lru_cache(maxsize=100)
def _reads_as_django(manager: Hashable, queryset: Hashable) -> bool:
    return all(
        getattr(own, name, None) is getattr(djangos, name, None)
        for own, djangos, names in ((manager, Manager, ("get", "filter")), (queryset, QuerySet, READING))
        for name in names
    )
