"""Whether the manager of a model finds every row."""

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
    if type(manager).get is not Manager.get or type(manager).filter is not Manager.filter:
        return False
    rows = manager.get_queryset()
    query = rows.query
    return (
        all(getattr(type(rows), name, None) is getattr(QuerySet, name, None) for name in READING)
        and rows._iterable_class is ModelIterable
        and type(query) is Query
        and not (query.where or query.annotations or query.extra or query.select_related or query.distinct)
        and not (query.extra_tables or query.is_sliced or query.combinator or len(query.alias_map) > 1)
    )
