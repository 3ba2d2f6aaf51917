"""A list of sessions whose cost does not grow with the table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import InvalidPage
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest

from auth_sessions.db.encoding import can_compare

MAX_LISTED = 10_000
"""How many sessions are counted, and can be reached by page numbers."""

SERVED_BY_KEY = ("created_at",)
"""The columns in the order of the primary key, which is time-ordered."""

if TYPE_CHECKING:
    Base = ChangeList
else:
    Base = object


class BoundedChangeList(Base):
    """Reads the keys of at most :data:`MAX_LISTED` sessions in one statement, then the rows of one page.

    The keys are the count, too. Where more sessions match, ``is_cut`` is true, and the list can only be sorted by its
    key: any other order would have to sort the whole table. An ``o`` in the URL is then ignored.
    """

    is_cut: bool
    max_listed = MAX_LISTED

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """The filtered rows; none if a column that is compared with a text of the URL cannot hold it."""
        texts = [text for given in self.get_filters_params().values() for text in given]
        with _refused_values():
            rows: QuerySet[Any] = super().get_queryset(request, *args, **kwargs)
            return rows if can_compare(rows, *texts) else rows.none()

    def get_results(self, request: HttpRequest) -> None:
        keys: Any = self._read_keys(request)
        paginator = self.model_admin.get_paginator(request, keys, self.list_per_page)
        self.paginator = paginator
        self.result_count = paginator.count
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = self.result_count <= self.list_max_show_all
        self.multi_page = self.result_count > self.list_per_page
        if self.multi_page and not (self.show_all and self.can_show_all):
            try:
                keys = paginator.page(self.page_num).object_list
            except InvalidPage:
                raise IncorrectLookupParameters from None
        sessions = self.root_queryset.in_bulk(keys)
        self.result_list = [sessions[key] for key in keys if key in sessions]

    def _read_keys(self, request: HttpRequest) -> list[Any]:
        ordering = self.get_ordering(request, self.root_queryset)
        by_key = "pk" if ordering[0] in SERVED_BY_KEY else "-pk"
        with _refused_values():
            keys = list(self.queryset.order_by(by_key).values_list("pk", flat=True)[: MAX_LISTED + 1])
        self.is_cut = len(keys) > MAX_LISTED
        if self.is_cut:
            self.sortable_by = SERVED_BY_KEY
            return keys[:MAX_LISTED]
        if ordering[0] == by_key:
            return keys
        return list(self.root_queryset.filter(pk__in=keys).order_by(*ordering).values_list("pk", flat=True))


@contextmanager
def _refused_values() -> Iterator[None]:
    """Treat what only the driver refuses (no address, a NUL on PostgreSQL) as Django treats what its fields refuse."""
    try:
        yield
    except (DataError, ValueError) as error:
        raise IncorrectLookupParameters from error


@cache
def bounded(base: type[ChangeList]) -> type[ChangeList]:
    """The project's class of lists, or that of its theme, as a bounded one."""
    return type(f"Bounded{base.__name__}", (BoundedChangeList, base), {})
